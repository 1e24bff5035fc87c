package queue

import (
	"errors"
	"testing"
)

// closingWorld is a visitor whose agent a has begun to close, for 5 s, with a room
// of one, and an agent b beside.
func closingWorld(t *testing.T) (*world, string) {
	w := newExchange(t)
	one := func(f *AgentFacts) { f.Languages, f.Capacity = Fluent("en"), 1 }
	w.hire("a", one)
	id := w.join("v", "trading", "en")
	w.dispatch()
	w.accept("a")
	w.hire("b", one)
	w.must(w.CloseAfter("a", id, 5000))
	return w, id
}

// What becomes of a conversation that its agent is closing, whatever happens
// meanwhile.
func TestAClosingConversation(t *testing.T) {
	const lapse = 5000
	boss := TransferRequest{By: "boss", Supervisor: true}
	tests := []struct {
		name  string
		does  func(w *world, id string)
		after Millis // later, what was due is done
		// want is where the ticket stands, who ended it, and why.
		want    Status
		agent   string
		end     EndReason
		closing bool
	}{
		{"nothing", nil, lapse - 1, Assigned, "a", "", true},
		{"its time is over", nil, lapse, Closed, "a", AgentClosed, false},
		{"a second close ends it at once", func(w *world, id string) { w.must(w.Close("a", id)) }, 0, Closed, "a", AgentClosed, false},
		{"it is taken back", func(w *world, id string) { w.must(w.CancelClose("a", id)) }, lapse, Assigned, "a", "", false},
		{"taken back and begun anew, it has a new time", func(w *world, id string) {
			w.must(w.CancelClose("a", id))
			w.now += 4000
			w.must(w.CloseAfter("a", id, lapse))
		}, lapse - 1, Assigned, "a", "", true},
		{"the visitor leaves", func(w *world, id string) { w.must(w.Leave("v", id)) }, 0, Closed, "a", VisitorLeft, false},
		{"the visitor's conn is lost", func(w *world, _ string) { w.must(w.LoseVisitor("v", "n1"), nil) }, lapse, Closed, "a", AgentClosed, false},
		{"its agent's conn is lost", func(w *world, _ string) { w.must(w.LoseAgent("a", "n1"), nil) }, lapse, Closed, "a", AgentClosed, false},
		{"its agent's gateway is lost", func(w *world, _ string) { w.must(w.LoseNode("n1"), nil) }, lapse, Closed, "a", AgentClosed, false},
		{"its agent goes away", func(w *world, _ string) { w.must(w.SetStatus("a", Away)) }, lapse, Closed, "a", AgentClosed, false},
		{"its agent passes it on", func(w *world, id string) {
			w.must(w.Transfer(TransferRequest{Ticket: id, By: "a", To: Target{Department: "support"}}))
		}, lapse, Offered, "", "", false},
		{"a supervisor passes it on", func(w *world, id string) {
			boss.Ticket, boss.To = id, Target{Agent: "b"}
			w.must(w.Transfer(boss))
		}, lapse, Offered, "", "", false},
		{"it is handed over to a guest", func(w *world, id string) {
			w.must(w.Consult("a", id, "b"))
			w.must(w.Transfer(TransferRequest{Ticket: id, By: "a", To: Target{Agent: "b"}}))
		}, lapse, Assigned, "b", "", false},
		{"a guest is invited", func(w *world, id string) { w.must(w.Consult("a", id, "b")) }, lapse, Closed, "a", AgentClosed, false},
		{"the visitor rates it", func(w *world, id string) { w.must(w.Rate("v", id, 5, "")) }, lapse, Closed, "a", AgentClosed, false},
		{"the queue is paused", func(w *world, _ string) {
			w.must(w.Pause(QueueID{"trading", "en"}, true, "boss", ""))
		}, lapse, Closed, "a", AgentClosed, false},
	}
	for _, tt := range tests {
		t.Run("[desk-6] [desk-7] "+tt.name, func(t *testing.T) {
			w, id := closingWorld(t)
			if tt.does != nil {
				tt.does(w, id)
			}
			if tt.after == lapse-1 {
				w.dispatch()
			}
			w.now = w.now.Add(tt.after)
			w.dispatch()
			got := w.Ticket(id)
			if got.Status != tt.want || got.Agent != tt.agent || got.End != tt.end || (got.Closing != nil) != tt.closing {
				t.Errorf("%s by %q, ended by %q, closing %+v; want %s by %q, ended by %q, closing: %v",
					got.Status, got.Agent, got.End, got.Closing, tt.want, tt.agent, tt.end, tt.closing)
			}
			if tt.closing && (got.Token != 1 || w.Load("a") != 1) {
				t.Errorf("token %d, and a load of %d, want 1 and 1: it is open as before", got.Token, w.Load("a"))
			}
		})
	}
}

// A time that is longer than the agent's grace does not put a visitor back in line
// that their agent had said goodbye to.
func TestAnAgentLostForGoodEndsWhatTheyWereClosing(t *testing.T) {
	w, id := closingWorld(t)
	w.must(w.CancelClose("a", id))
	w.must(w.CloseAfter("a", id, 30_000))
	w.must(w.LoseAgent("a", "n1"), nil)
	w.now = w.now.Add(w.site.AgentGrace) + 1
	w.dispatch()
	if got := w.Ticket(id); got.Status != Closed || got.End != AgentClosed || got.WrapUp != 0 || w.Load("a") != 0 {
		t.Errorf("%s by %s, wrapped up for %d, load %d", got.Status, got.End, got.WrapUp, w.Load("a"))
	}
}

func TestWhoMayCloseAndTakeItBack(t *testing.T) {
	tests := []struct {
		name string
		try  func(w *world, id string) (Change, error)
		want error
	}{
		{"again, with another time, changes nothing", func(w *world, id string) (Change, error) { return w.CloseAfter("a", id, 30_000) }, nil},
		{"another agent", func(w *world, id string) (Change, error) { return w.CloseAfter("b", id, 5000) }, ErrUnknownTicket},
		{"another agent takes it back", func(w *world, id string) (Change, error) { return w.CancelClose("b", id) }, ErrUnknownTicket},
		{"a ticket that is not there", func(w *world, _ string) (Change, error) { return w.CloseAfter("a", "t", 5000) }, ErrUnknownTicket},
		{"taking back one that is not there", func(w *world, _ string) (Change, error) { return w.CancelClose("a", "t") }, ErrUnknownTicket},
		{"no time", func(w *world, id string) (Change, error) { return w.CloseAfter("a", id, 0) }, ErrForbidden},
		{"too long a time", func(w *world, id string) (Change, error) { return w.CloseAfter("a", id, 30_001) }, ErrForbidden},
		{"taking back twice", func(w *world, id string) (Change, error) {
			w.must(w.CancelClose("a", id))
			return w.CancelClose("a", id)
		}, nil},
		{"closing what has ended", func(w *world, id string) (Change, error) {
			w.must(w.Close("a", id))
			return w.CloseAfter("a", id, 5000)
		}, nil},
		{"taking back what has ended", func(w *world, id string) (Change, error) {
			w.must(w.Close("a", id))
			return w.CancelClose("a", id)
		}, ErrEnded},
		{"going offline meanwhile", func(w *world, _ string) (Change, error) { return w.SetStatus("a", Offline) }, ErrHolds},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, id := closingWorld(t)
			c, err := tt.try(w, id)
			if !errors.Is(err, tt.want) || !c.Empty() {
				t.Errorf("it proposes %q, with the error %v; want nothing, with %v", c.Cause, err, tt.want)
			}
		})
	}
}

// A gateway that does not know of closings writes the ticket without it: it is
// simply open, and nothing ends it any more.
func TestAClosingThatAnOlderGatewayDroppedLeavesTheTicketOpen(t *testing.T) {
	w, id := closingWorld(t)
	c, err := w.Rate("v", id, 4, "")
	for _, wr := range c.Writes {
		wr.Image.(*Ticket).Closing = nil
	}
	w.must(c, err)
	w.now += 60_000
	w.dispatch()
	if after := w.Ticket(id); after.Status != Assigned || w.deadlines.len() != 0 {
		t.Errorf("%s, with %d deadlines; want assigned and none", after.Status, w.deadlines.len())
	}
}

// Beside a dispatcher that does not, any process proposes what time has ended: the same
// change, so that both may.
func TestAnyProcessMayEndWhatTimeHasEnded(t *testing.T) {
	w, id := closingWorld(t)
	w.now += 4999
	if due := (Dispatcher{}).Overdue(w.State, w.now); len(due) != 0 {
		t.Fatalf("before its time: %v", due)
	}
	w.now++
	due, byDispatcher := (Dispatcher{}).Overdue(w.State, w.now), Dispatcher{}.Propose(w.State, w.now)[0]
	if len(due) != 1 || len(byDispatcher) != 1 || due[0].ID != byDispatcher[0].ID || due[0].Intent != byDispatcher[0].Intent {
		t.Fatalf("proposed %v and, by the dispatcher, %v", due, byDispatcher)
	}
	w.must(due[0], nil)
	if after := w.Ticket(id); after.Status != Closed || after.End != AgentClosed {
		t.Errorf("%s by %s", after.Status, after.End)
	}
}
