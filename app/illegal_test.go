package app

import (
	"errors"
	"testing"

	"nextup/queue"
)

// A rule that forgot where a ticket stands spoils its own change alone: the others of its
// batch are committed, and a person who asked is told that it failed.
func TestAnIllegalChangeStopsNoOther(t *testing.T) {
	s, ctx := start(t, memory(t))
	illegal := queue.Change{ID: "i", Cause: queue.CauseAccepted, Writes: []queue.Write{{
		Name: "t/x", Image: &queue.Ticket{ID: "x", Visitor: "x", Status: queue.Assigned},
	}}}
	if _, err := s.Decide(ctx, Refusals{}, func(*queue.State) (queue.Change, error) { return illegal, nil }); !errors.Is(err, queue.ErrIllegal) {
		t.Errorf("the command has %v, want %v", err, queue.ErrIllegal)
	}
	var joins queue.Change
	s.Read(func(st *queue.State) {
		var err error
		if joins, err = st.Join(queue.JoinRequest{Ticket: "t-v", Visitor: "v", Department: "support", Languages: []string{"en"}, Node: s.app.Node(), Now: s.Now()}); err != nil {
			t.Error(err)
		}
	})
	if done, err := s.commit([]queue.Change{illegal, joins}); done != 1 || err != nil {
		t.Errorf("%d of the batch were committed, %v; want the legal one", done, err)
	}
}
