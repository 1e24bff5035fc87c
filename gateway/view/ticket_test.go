package view

import (
	"testing"

	"nextup/gateway/protocol"
	"nextup/queue"
)

// line is a queue with tickets t0, t1, … of the visitors v0, v1, …
type line struct {
	t  *testing.T
	st *queue.State
	at queue.Stamp
}

func newLine(t *testing.T, visitors ...string) *line {
	rules := &queue.Site{ID: "demo", VisitorGrace: 60_000, AgentGrace: 20_000, Departments: []queue.Department{
		{ID: "support", Languages: []string{"en"}, OfferTTL: 20_000},
	}}
	l := &line{t: t, st: queue.NewState(rules), at: 1000}
	for _, v := range visitors {
		l.play(l.st.Join(queue.JoinRequest{Ticket: "ticket of " + v, Visitor: v, Department: "support", Languages: []string{"en"}}))
	}
	return l
}

func (l *line) play(c queue.Change, err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
	l.at++
	l.st.Play(c, l.at)
}

func (l *line) read(look func(*queue.State)) { look(l.st) }

// look is the frame of a visitor, and whether it has something new to read.
func (l *line) look(v *Ticket, visitor string) (f protocol.Ticket, news bool) {
	s := SnapshotOf(l.st, visitor)
	f = v.Frame(&s, l.at, l.read)
	news = !v.Reads(&f)
	v.Note(&s, f)
	return f, news
}

// [ticket-5] A place that got worse carries its reason, and one that got better none.
func TestAPlaceThatGotWorseCarriesItsReason(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(l *line)
		want   int
		reason protocol.Reason
		news   bool
	}{
		{"nothing", func(*line) {}, 2, "", false},
		{"one before leaves", func(l *line) { l.play(l.st.Leave("first", "ticket of first")) }, 1, "", true},
		{"one behind leaves", func(l *line) { l.play(l.st.Leave("last", "ticket of last")) }, 2, "", false},
		{"one behind is raised", func(l *line) { l.play(l.st.SetHeadStart("ticket of last", 60_000, "waits for long", "s")) }, 3, protocol.Reason(queue.Raised), true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := newLine(t, "first", "me", "last")
			var shown Ticket
			if f, news := l.look(&shown, "me"); f.Position != 2 || f.Reason != "" || !news {
				t.Fatalf("the first frame is %+v", f)
			}
			before := l.st.Number()
			tt.change(l)
			again := Ticket{}
			again.Resume(before) // another connection of the visitor, who comes back
			if f, news := l.look(&shown, "me"); f.Position != tt.want || f.Reason != tt.reason || news != tt.news {
				t.Errorf("position %d, reason %q, news %v; want %d, %q, %v", f.Position, f.Reason, news, tt.want, tt.reason, tt.news)
			}
			if f, _ := l.look(&again, "me"); f.Position != tt.want || f.Reason != tt.reason {
				t.Errorf("after a reconnect position %d, reason %q; want %d, %q", f.Position, f.Reason, tt.want, tt.reason)
			}
		})
	}
}

// A sweep of a line makes the same snapshots as a look at one ticket.
func TestASweepSeesWhatALookAtOneTicketSees(t *testing.T) {
	l := newLine(t, "a", "b", "c")
	q := queue.QueueID{Department: "support", Language: "en"}
	sweep, seen := NewLine(l.st, q, 0), 0
	l.st.Sweep(q, 1, 10, func(position int, ticket *queue.Ticket) bool {
		seen++
		if got, want := *sweep.At(position, ticket), SnapshotOf(l.st, ticket.Visitor); got != want {
			t.Errorf("%s: the sweep sees %+v, a look %+v", ticket.Visitor, got, want)
		}
		return true
	})
	if seen != 3 {
		t.Errorf("%d are seen, want 3", seen)
	}
}
