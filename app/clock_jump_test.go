package app

import (
	"testing"

	"nextup/queue"
)

// clockStore is a store of which only the time is asked for.
type clockStore struct {
	queue.Store
	now queue.Stamp
}

func (s *clockStore) Now(string) queue.Stamp { return s.now }

// A conversation of some seconds in which the log's clock goes an hour ahead is not
// learned as one of an hour, whether the estimator hears of its end or of the log's new
// time first.
func TestTheWaitIsNotLongerBecauseAClockJumped(t *testing.T) {
	for name, notYet := range map[string]bool{"the time is known": false, "the end comes first": true} {
		t.Run(name, func(t *testing.T) {
			const hour = 3_600_000
			store := &clockStore{now: 10 * 86_400_000}
			s := &Replica{store: store, id: "demo", state: queue.NewState(&queue.Site{
				ID: "demo", Departments: []queue.Department{{ID: "support", Languages: []string{"en"}, OfferTTL: 20_000}},
			})}
			l := newEstimates(s)
			at := store.now
			play := func(c queue.Change, err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
				step := s.state.Play(c, at)
				if l.elected {
					l.Steps(s.state, []queue.Step{step})
				}
			}
			play(s.state.BindAgent(queue.AgentFacts{ID: "a", Languages: queue.Fluent("en"), Departments: []string{"support"}, Capacity: 1}, "n"), nil)
			play(s.state.SetStatus("a", queue.Available))
			talks := func(visitor string) {
				play(s.state.Join(queue.JoinRequest{Visitor: visitor, Ticket: visitor, Department: "support", Languages: []string{"en"}}))
				for _, c := range s.state.Match(at, 1) {
					play(c, nil)
				}
				play(s.state.Accept("a", s.state.Held("a")[0].Offer.ID))
			}
			talks("v")
			l.Elected(s.state)
			if elected, _ := l.keepUp(); !elected {
				t.Fatal("it does not learn")
			}
			before := l.estimator.Next(l.state, queue.QueueID{Department: "support", Language: "en"}, at)
			at += hour
			play(s.state.Close("a", "v"))
			talks("w")
			if !notYet {
				store.now = at
			}
			l.keepUp()
			after := l.estimator.Next(l.state, queue.QueueID{Department: "support", Language: "en"}, at+1)
			if !before.Known || !after.Known || after.P90 > before.P90 {
				t.Errorf("a conversation that just ended turns %+v into %+v", before, after)
			}
		})
	}
}
