package eta

import (
	"fmt"
	"testing"

	"nextup/queue"
)

// bank is a queue of ten plain agents and one with a skill, all of them busy,
// where a few wait and the last of them needs the skill.
func bank(now queue.Stamp, skilled bool) *queue.State {
	site := &queue.Site{ID: "bank", Departments: []queue.Department{{ID: "support", Languages: []string{"en"}, WrapUp: 60_000}}}
	var images []queue.Image
	for i := range 11 {
		a := &queue.Agent{ID: fmt.Sprint("a", i), Languages: queue.Fluent("en"), Departments: []string{"support"}, Capacity: 1, Status: queue.Available}
		if i == 10 && skilled {
			a.Skills = []string{"kyc"}
		}
		images = append(images, a, &queue.Ticket{
			ID: fmt.Sprint("busy", i), Visitor: fmt.Sprint("b", i), Specification: &queue.Specification{Department: "support", Language: "en", Weight: 1},
			Status: queue.Assigned, Progress: &queue.Progress{Agent: a.ID, AssignedAt: now - 100_000}, JoinedAt: now - 100_000,
		})
	}
	for i := range 4 {
		t := &queue.Ticket{
			ID: fmt.Sprint("w", i), Visitor: fmt.Sprint("v", i), Specification: &queue.Specification{Department: "support", Language: "en", Weight: 1},
			Status: queue.Waiting, JoinedAt: now - 10_000 + queue.Stamp(i),
		}
		if i == 3 {
			t.Requirements = &queue.Requirements{Languages: []string{"en"}, Skills: []string{"kyc"}}
		}
		images = append(images, t)
	}
	for i, im := range images {
		queue.Resolve(im, queue.Revision{Version: fmt.Sprint("c", i), Number: uint64(i + 1)}, now)
	}
	st := queue.NewState(site)
	st.Restore(uint64(len(images)), now, images)
	return st
}

func TestWhoNeedsASkillWaitsForThoseWhoHaveIt(t *testing.T) {
	t.Parallel()
	const now = 10_000_000
	for _, tt := range []struct {
		name    string
		skilled bool
		longer  float64 // than the visitor who would come next without the need
	}{
		{"one agent of eleven has it", true, 2.5},
		{"nobody has it: the wait is unknown", false, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			st := bank(now, tt.skilled)
			e := New(nil)
			out := e.Estimate(st, now)
			st.Play(st.Publish(out, nil), now)
			apart, plain := st.CurveOf(st.Ticket("w3")).At(st.Position(st.Ticket("w3"))), st.Wait(queue.QueueID{Department: "support", Language: "en"}, 5)
			if !plain.Known || apart.Known != tt.skilled || apart.P50 < tt.longer*plain.P50 {
				t.Errorf("apart %+v, next without it %+v", apart, plain)
			}
			if f := e.Forecast(st, st.Ticket("w3"), now); f.Known != apart.Known || f.P50 != apart.P50 {
				t.Errorf("asked alone: %.0f s (%v), published: %.0f s", f.P50, f.Known, apart.P50)
			}
		})
	}
}

// A wrap-up keeps the place after a conversation, and is none itself.
func TestAWrapUpIsNoConversation(t *testing.T) {
	t.Parallel()
	const now = 10_000_000
	st := bank(now, false)
	e := New(nil)
	e.Estimate(st, now)
	at := queue.Stamp(now)
	play := func(c queue.Change, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		step := st.Play(c, at)
		e.Observe(step)
	}
	ended := func() float64 { n, _ := e.known.service("support/en").totals(); return n }
	at += 1000
	play(st.Close("a0", "busy0"))
	if n := ended(); n < 0.99 || n > 1.01 || e.agents["a0"].load != 1 {
		t.Errorf("after the end: %.2f conversations have ended, load %d", n, e.agents["a0"].load)
	}
	at += 40_000
	play(st.Finish("a0", "busy0"))
	if n := ended(); n > 1.01 || e.agents["a0"].load != 0 {
		t.Errorf("after the wrap-up: %.2f conversations have ended, load %d", n, e.agents["a0"].load)
	}
	if got := e.known.WrapUp; got.N != 1 || got.T != 40 {
		t.Errorf("learned of wrap-ups: %+v", got)
	}
}

func TestAPausedQueueIsUnknown(t *testing.T) {
	t.Parallel()
	const now = 10_000_000
	st := bank(now, true)
	q := queue.QueueID{Department: "support", Language: "en"}
	c, err := st.Pause(q, true, "s1", "fire drill")
	if err != nil {
		t.Fatal(err)
	}
	st.Play(c, now)
	e := New(nil)
	st.Play(st.Publish(e.Estimate(st, now), nil), now)
	if w := st.Wait(q, 1); w.Known {
		t.Errorf("nobody is offered and the wait is %+v", w)
	}
	if w := st.CurveOf(st.Ticket("w3")).At(st.Position(st.Ticket("w3"))); w.Known {
		t.Errorf("nobody is offered and the wait of a need apart is %+v", w)
	}
}
