package app

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"nextup/queue"
)

// What an agent or a supervisor asks of the past costs no more at a site that keeps millions of
// tickets, and lists the newest.
func TestHistoryIsLookedForAmongTheLastThatEnded(t *testing.T) {
	s, ctx := start(t, memory(t))
	for i := range 5 {
		visitor := []string{"vera", "otto"}[i%2]
		if _, err := s.Decide(ctx, Refusals{}, func(st *queue.State) (queue.Change, error) {
			return st.Join(queue.JoinRequest{
				Ticket: fmt.Sprint("t", i), Visitor: visitor, Department: "support", Languages: []string{"en"}, Node: s.app.Node(), Request: fmt.Sprint(i), Now: s.Now(),
			})
		}); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Execute(ctx, &Actor{Role: Visitor, ID: visitor}, Leave{Ticket: fmt.Sprint("t", i)}); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		as          Actor
		visitor     string
		limit, last int
		want        []string
		err         error
	}{
		"all of a visitor":         {Actor{Role: Supervisor}, "vera", 100, 5, []string{"t4", "t2", "t0"}, nil},
		"the newest of them":       {Actor{Role: Supervisor}, "vera", 2, 5, []string{"t4", "t2"}, nil},
		"no others are looked at":  {Actor{Role: Supervisor}, "vera", 100, 3, []string{"t4", "t2"}, nil},
		"none":                     {Actor{Role: Supervisor}, "nora", 100, 5, nil, nil},
		"an agent has had none":    {Actor{Role: Agent, ID: "ada"}, "", 100, 5, nil, nil},
		"a visitor of others":      {Actor{Role: Agent, ID: "ada"}, "vera", 100, 5, nil, queue.ErrForbidden},
		"everything of everybody":  {Actor{Role: Supervisor}, "", 100, 5, nil, queue.ErrForbidden},
		"a visitor may not at all": {Actor{Role: Visitor, ID: "vera"}, "vera", 100, 5, nil, queue.ErrForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			err := s.endedTickets(&c.as, c.visitor, c.limit, c.last, func(_ *queue.State, t *queue.Ticket) { got = append(got, t.ID) })
			if !errors.Is(err, c.err) || !slices.Equal(got, c.want) {
				t.Errorf("it lists %v, %v; want %v, %v", got, err, c.want, c.err)
			}
		})
	}
}
