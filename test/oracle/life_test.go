package oracle

import (
	"testing"

	"nextup/queue"
)

// The oracle calls legal what the rules call legal, and nothing else.
func TestTheOracleAndTheRulesCallTheSameLegal(t *testing.T) {
	type step struct{ from, to, cause string }
	rules, own := map[step]bool{}, map[step]bool{}
	for _, c := range queue.TicketCauses() {
		for _, tr := range queue.Transitions(c) {
			rules[step{string(tr.From), string(tr.To), string(c)}] = true
		}
	}
	for from, ways := range legal {
		for to, causes := range ways {
			for _, c := range causes {
				own[step{from, to, c}] = true
			}
		}
	}
	for s := range rules {
		if !own[s] {
			t.Errorf("the oracle does not know %q to %q by %s", s.from, s.to, s.cause)
		}
	}
	for s := range own {
		if !rules[s] {
			t.Errorf("the rules do not know %q to %q by %s", s.from, s.to, s.cause)
		}
	}
}
