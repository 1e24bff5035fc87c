package oracle

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// Scribe copies a site's log while it is written, since a long run outlives what
// Redis keeps of it, and notices numbers that are used again.
type Scribe struct {
	client redis.UniversalClient
	key    string
	start  time.Time
	stop   context.CancelFunc
	done   chan struct{}

	rows  []Row
	forks []Fork
}

// NewScribe begins to copy. Failures to reach Redis are waited out.
func NewScribe(client redis.UniversalClient, site string, start time.Time) *Scribe {
	ctx, stop := context.WithCancel(context.Background())
	s := &Scribe{client: client, key: "nextup:{s:" + site + "}:records", start: start, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		for ctx.Err() == nil {
			s.copy(ctx)
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
		}
	}()
	return s
}

// copy takes what is new, and looks whether the newest that it has still stands.
func (s *Scribe) copy(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	after := uint64(0)
	if n := len(s.rows); n > 0 {
		after = s.rows[n-1].Number - 1
	}
	fresh, err := rows(ctx, s.client, s.key, after)
	if err != nil {
		return
	}
	if n := len(s.rows); n > 0 {
		if len(fresh) > 0 && fresh[0] == s.rows[n-1] {
			s.rows = append(s.rows, fresh[1:]...)
			return
		}
		// It forked: keep what is common.
		all, err := rows(ctx, s.client, s.key, 0)
		if err != nil || len(all) == 0 {
			return
		}
		common := 0
		for common < n && (s.rows[common].Number < all[0].Number || isIn(all, s.rows[common])) {
			common++
		}
		first := all[0].Number
		if common > 0 {
			first = s.rows[common-1].Number + 1
		}
		s.forks = append(s.forks, Fork{Number: first, Seen: time.Since(s.start)})
		s.rows = s.rows[:common]
		for _, r := range all {
			if r.Number >= first {
				s.rows = append(s.rows, r)
			}
		}
		return
	}
	s.rows = fresh
}

// isIn reports whether a row still stands in a whole stream.
func isIn(all []Row, r Row) bool {
	i := int(r.Number - all[0].Number)
	return i < len(all) && all[i] == r
}

// Finish ends the copying, and puts what was copied in the snapshot's place of
// the log.
func (s *Scribe) Finish(into *Snapshot, site string) {
	s.stop()
	<-s.done
	s.copy(context.Background())
	log := into.Sites[site]
	if log == nil {
		return
	}
	log.Rows, into.Forks = s.rows, s.forks
}
