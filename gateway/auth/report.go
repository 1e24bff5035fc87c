package auth

import (
	"log/slog"

	"nextup/internal/lograte"
)

// report logs why tokens are refused, and which decorative claims do not count. Each
// check and each claim has one line a minute, since strangers can have tokens refused
// as fast as they like. It never logs a token, and of its claims only the site and key
// that are known here.
type report struct {
	log      *slog.Logger
	warnings map[string]*lograte.Warning // by check or claim
}

func newReport(log *slog.Logger) report {
	r := report{log: log, warnings: map[string]*lograte.Warning{}}
	for _, c := range checks {
		r.warnings[c.name] = &lograte.Warning{}
	}
	for _, claim := range decorative {
		r.warnings[claim] = &lograte.Warning{}
	}
	return r
}

func (r report) refused(check string, e *examination, err error) {
	r.warnings[check].Log(r.log, "a token was refused; nextup token verify explains one",
		"check", check, "why", err, "site", e.id.Site, "key", e.key.ID)
}

func (r report) noted(n note, e *examination) {
	r.warnings[n.claim].Log(r.log, "a claim of a token does not count as it stands; the token is taken",
		"claim", n.claim, "why", n.why, "site", e.id.Site, "key", e.key.ID)
}
