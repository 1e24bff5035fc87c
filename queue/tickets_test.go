package queue

import (
	"errors"
	"fmt"
	"testing"
)

// [limit-12]
func TestOneVisitorMakesOnlySoManyTicketsADay(t *testing.T) {
	const day, share = ticketDay, ticketDay / 30
	w := newWorld(t)
	w.site.VisitorTickets = 30
	made := 0
	joins := func(visitor string) error {
		made++
		c, err := w.Join(JoinRequest{Ticket: fmt.Sprint("made", made), Visitor: visitor, Department: "support", Languages: []string{"en"}, Node: "n1", Now: w.now})
		if err != nil {
			return err
		}
		w.must(c, nil)
		w.must(w.Leave(visitor, fmt.Sprint("made", made)))
		return nil
	}
	steps := []struct {
		when  string
		after Millis
		made  int
		retry Millis
	}{
		{"at once", 0, 30, share},
		{"just before a share of the day has passed", share - 1000, 0, 1000},
		{"and then", 1000, 1, share},
		{"ten shares later", 10 * share, 10, share},
		{"days later", 5 * day, 30, share},
	}
	for _, s := range steps {
		w.now = w.now.Add(s.after)
		for i := range s.made {
			if err := joins("v"); err != nil {
				t.Fatalf("%s: ticket %d is refused: %v", s.when, i, err)
			}
		}
		var tooMany *TooManyOfVisitor
		if err := joins("v"); !errors.Is(err, ErrTooManyOfVisitor) || !errors.As(err, &tooMany) || tooMany.RetryAfter != s.retry {
			t.Errorf("%s: after %d tickets got %v, want a refusal for %d ms", s.when, s.made, tooMany, s.retry)
		}
		if err := joins(fmt.Sprint("other", made)); err != nil {
			t.Errorf("%s: another visitor is refused: %v", s.when, err)
		}
	}
	w.site.VisitorTickets = 0
	if err := joins("v"); err != nil {
		t.Errorf("without a limit: %v", err)
	}
}

// What an older gateway writes again lacks what it does not know: the count begins
// anew, and nothing else changes.
func TestATicketCountThatAnOlderGatewayDroppedBeginsAnew(t *testing.T) {
	w := newWorld(t)
	w.site.VisitorTickets = 2
	for i, wantErr := range []error{nil, nil, ErrTooManyOfVisitor, nil} {
		if i == 3 {
			got := *w.Visitor("v")
			got.Served = nil
			c := change(CauseBound, "older")
			c.write(w.Visitor("v"), &got)
			w.must(c, nil)
		}
		ticket := fmt.Sprint("t", i)
		c, err := w.Join(JoinRequest{Ticket: ticket, Visitor: "v", Department: "support", Languages: []string{"en"}, Node: "n1", Now: w.now})
		if !errors.Is(err, wantErr) {
			t.Fatalf("ticket %d: %v, want %v", i, err, wantErr)
		}
		if err == nil {
			w.must(c, nil)
			w.must(w.Leave("v", ticket))
		}
	}
}
