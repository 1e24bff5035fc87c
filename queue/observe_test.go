package queue

import (
	"fmt"
	"slices"
	"testing"
)

// A state that repeats the steps of the one that it was forked from tells the
// same site: the same lines, loads and proposals.
func TestAForkThatRepeatsEveryStepStaysEqual(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.agent("ana", 2, "en", "zh")
	for i := range 6 {
		w.join(fmt.Sprint("before", i), "support", []string{"en", "zh", "es"}[i%3])
	}
	w.dispatch()
	fork, from := w.Fork(), len(w.steps)
	w.accept("ana")
	w.agent("bo", 1, "es")
	w.dispatch()
	for i := range 6 {
		w.join(fmt.Sprint("after", i), "support", []string{"en", "zh", "es"}[i%3])
	}
	w.must(w.Leave("before5", w.TicketOf("before5").ID))
	w.must(w.SetHeadStart(w.TicketOf("after4").ID, 3_600_000, "because", "boss"))
	w.must(w.Close("ana", w.Held("ana")[0].ID))
	w.must(w.LoseNode("n1"), nil)
	w.now += 100
	for _, s := range w.steps[from:] {
		fork.Repeat(s)
	}
	if fork.Number() != w.Number() || fork.At() != w.At() {
		t.Errorf("the fork is at %d, %d, want %d, %d", fork.Number(), fork.At(), w.Number(), w.At())
	}
	for _, q := range w.Site().Queues() {
		if got, want := (&world{State: fork}).positions(q), w.positions(q); !slices.Equal(got, want) {
			t.Errorf("%s: the fork has %v, want %v", q, got, want)
		}
	}
	for _, a := range w.Agents() {
		if fork.Load(a.ID) != w.Load(a.ID) || fork.Agent(a.ID).Session != a.Session {
			t.Errorf("%s: the fork has load %d, %+v, want %d, %+v", a.ID, fork.Load(a.ID), fork.Agent(a.ID), w.Load(a.ID), a)
		}
	}
	ids := func(s *State) (all []string) {
		for _, c := range slices.Concat(Dispatcher{Anyway: true}.Propose(s, w.now+120_000)...) {
			all = append(all, c.ID)
		}
		return all
	}
	if got, want := ids(fork), ids(w.State); len(want) == 0 || !slices.Equal(got, want) {
		t.Errorf("the fork proposes %v, want %v", got, want)
	}
}
