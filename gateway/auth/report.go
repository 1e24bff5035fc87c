package auth

import (
	"log/slog"
	"sync"
	"time"
)

// reportEvery is the least time between two lines about the same reason: strangers
// can have tokens refused as fast as they like.
const reportEvery = time.Minute

// report logs why tokens are refused, and which decorative claims do not count. A
// reason is the name of a check or a claim, so there are few. It never logs a token,
// nor what a token claims that is not known here anyway.
type report struct {
	log *slog.Logger
	mu  sync.Mutex
	// said are the reasons that were logged.
	said map[string]*reason
}

type reason struct {
	at     time.Time
	unsaid int // how often it came since
}

func (r *report) refused(check string, e *examination, err error) {
	if more, ok := r.due("refused " + check); ok {
		r.log.Info("a token was refused; nextup token verify explains one",
			slog.String("check", check), slog.Any("why", err), slog.String("site", e.id.Site), slog.String("key", e.key.ID), slog.Int("more", more))
	}
}

func (r *report) noted(n note, e *examination) {
	if more, ok := r.due("noted " + n.claim); ok {
		r.log.Info("a claim of a token does not count as it stands; the token is taken",
			slog.String("claim", n.claim), slog.String("why", n.why), slog.String("site", e.id.Site), slog.String("key", e.key.ID), slog.Int("more", more))
	}
}

// due reports whether a reason may be logged now, and how often it came unsaid.
func (r *report) due(name string) (more int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if r.said == nil {
		r.said = map[string]*reason{}
	}
	known := r.said[name]
	if known == nil {
		r.said[name] = &reason{at: now}
		return 0, true
	}
	if now.Sub(known.at) < reportEvery {
		known.unsaid++
		return 0, false
	}
	more = known.unsaid
	known.at, known.unsaid = now, 0
	return more, true
}
