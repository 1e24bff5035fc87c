package auth

import (
	"context"
	"errors"
	"time"
)

// Verify returns the identity that the token proves at the time now. It waits only
// when the token names a key that is not in its site's key set: then until ctx is
// done or, if it fetches the set itself, Options.Timeout. Every error wraps one of
// the errors of this package. A failed check is logged, and so are decorative claims
// that do not count.
func (v *Verifier) Verify(ctx context.Context, token string, now time.Time) (Identity, error) {
	e := v.examine(ctx, token, now)
	for i := range checks {
		if err := checks[i].run(e); err != nil {
			v.report.refused(checks[i].name, e, err)
			return Identity{}, err
		}
	}
	e.notes = append(e.notes, e.claims.decorate(&e.id)...)
	for _, n := range e.notes {
		v.report.noted(n, e)
	}
	return e.id, nil
}

func (v *Verifier) examine(ctx context.Context, token string, now time.Time) *examination {
	return &examination{v: v, ctx: ctx, now: now, token: token, ring: v.inForce.Load()}
}

// Finding is the result of one check of a token, or of one decorative claim.
type Finding struct {
	// Check names the claim or the check.
	Check  string
	Result Result
	// Text is a sentence, or what was found; it may quote claims of the token, but
	// never the token.
	Text string
	// Advice is what to do, if it is not Passed.
	Advice string
}

// Result is how a check of a token ended.
type Result int

// The results of a check.
const (
	Passed  Result = iota
	Refused        // the token is refused for it
	Noted          // the claim does not count as it stands, and the token is taken
	Skipped        // an earlier check failed that it needs
)

// Explain runs every check that Verify runs, even after one fails, and returns the
// result of each. It logs nothing.
func (v *Verifier) Explain(ctx context.Context, token string, now time.Time) (findings []Finding, taken bool) {
	e := v.examine(ctx, token, now)
	failed := map[string]bool{}
	for _, c := range checks {
		unreadable := failed["size"] || failed["form"]
		keyless := e.material == nil && (c.name == "signature" || c.name == "key's roles" || c.name == "max_token_life")
		roleless := c.name == "key's roles" && failed["role"]
		if unreadable || keyless || roleless || c.name == "key" && failed["kid"] || c.name == "max_token_life" && failed["exp"] {
			findings = append(findings, Finding{c.name, Skipped, "not looked at, since something before it failed", ""})
			continue
		}
		if err := c.run(e); err != nil {
			failed[c.name] = true
			advice := c.advice
			if errors.Is(err, ErrUnavailable) {
				advice = "Ask again where the key set can be fetched; a gateway says the same while it cannot fetch it, and the client comes back."
			}
			findings = append(findings, Finding{c.name, Refused, err.Error(), advice})
			continue
		}
		findings = append(findings, Finding{c.name, Passed, c.found(e), ""})
	}
	for _, n := range append(e.notes, e.claims.decorate(&e.id)...) {
		findings = append(findings, Finding{n.claim, Noted, n.why, "Mend the claim where the token is made; no person is turned away for it."})
	}
	return findings, len(failed) == 0
}
