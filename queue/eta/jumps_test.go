package eta

import (
	"fmt"
	"testing"

	"github.com/go-json-experiment/json"

	"nextup/queue"
)

// The clock of what keeps the log jumps an hour ahead while one visitor waits, one is
// offered, one talks, one is wrapped up and an agent has room. What is learned of all
// of them is what would have been learned without the jump.
func TestAJumpOfTheLogsClockIsNotLearnedAsAWait(t *testing.T) {
	t.Parallel()
	const hour, begin = 3_600_000, 10 * 86_400_000
	for name, by := range map[string]queue.Stamp{"an hour": hour, "ten seconds": 10_000} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			learned := func(by queue.Stamp, told bool) (all string) {
				now, st, e := queue.Stamp(begin), queue.NewState(&queue.Site{ID: "demo", Departments: []queue.Department{
					{ID: "support", Languages: []string{"en"}, WrapUp: 30_000, OfferTTL: 2 * hour},
				}}), New(nil)
				play := func(c queue.Change, err error) {
					t.Helper()
					if err != nil {
						t.Fatal(err)
					}
					now += 2000
					e.Observe(st.Play(c, now))
				}
				match := func() {
					for _, c := range st.Match(now, 8) {
						play(c, nil)
					}
				}
				join := func(v string) {
					c, err := st.Join(queue.JoinRequest{Visitor: v, Department: "support", Languages: []string{"en"}, Ticket: v})
					play(c, err)
				}
				for i, agent := range []string{"a", "b", "c", "d"} {
					play(st.BindAgent(queue.AgentFacts{ID: agent, Languages: queue.Fluent("en"), Departments: []string{"support"}, Capacity: 1}, "n"), nil)
					play(st.SetStatus(agent, queue.Available))
					join(fmt.Sprint("v", i))
					match()
				}
				for _, agent := range []string{"a", "b"} {
					play(st.Accept(agent, st.Held(agent)[0].Offer.ID))
				}
				play(st.Close("b", st.Held("b")[0].ID)) // is wrapped up
				join("stays")
				join("leaves")
				e.Estimate(st, now) // promises are made
				if told && by > 0 {
					e.Jumped(now, now+by)
				}
				now += by
				play(st.Leave("leaves", "leaves"))
				play(st.Accept("c", st.Held("c")[0].Offer.ID))
				play(st.Decline("d", st.Held("d")[0].Offer.ID))
				play(st.Close("a", st.Held("a")[0].ID))
				play(st.Finish("b", st.Held("b")[0].ID))
				match()
				for _, a := range st.Agents() {
					for _, t := range st.Held(a.ID) {
						if t.Status == queue.Offered {
							play(st.Accept(a.ID, t.Offer.ID))
						}
					}
				}
				e.Estimate(st, now)
				k := *e.known
				k.At, k.Jumps = 0, nil
				for _, s := range k.Streams {
					s.Day, s.DayT = [slots]float64{}, [slots]float64{} // the time of day is what the log says
				}
				for _, d := range k.Staff {
					d.At -= by
				}
				data, err := json.Marshal(k, json.Deterministic(true))
				if err != nil {
					t.Fatal(err)
				}
				return string(data)
			}
			without := learned(0, false)
			if got := learned(by, true); got != without {
				t.Errorf("learned with a jump:\n%s\nwithout:\n%s", got, without)
			}
			if learned(by, false) == without {
				t.Error("nothing that was played lasts over the jump")
			}
		})
	}
}

// Who takes over learns from tickets that began before the jump.
func TestTheNextEstimatorKnowsOfTheJump(t *testing.T) {
	t.Parallel()
	const now, hour = 10 * 86_400_000, 3_600_000
	first := New(nil)
	first.Jumped(now, now+hour)
	st := scene(now+hour+60_000, 2, []queue.Stamp{now - 1000, now - 1000}, 3)
	next := New(first.Checkpoint(st))
	next.look(st, now+hour+60_000)
	for _, k := range next.agents["a"].held {
		if k.work < 60 || k.work > 62 {
			t.Errorf("%s has lasted for %.0f s, want 61", k.ticket, k.work)
		}
	}
	for range 3 * maxJumps {
		first.Jumped(now, now)
	}
	if n := len(first.known.Jumps); n != maxJumps {
		t.Errorf("%d jumps are remembered, want %d", n, maxJumps)
	}
}
