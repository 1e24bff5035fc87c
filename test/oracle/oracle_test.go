package oracle

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"nextup/gateway/protocol"
)

func TestACleanRunHolds(t *testing.T) {
	report := Check(clean().Run)
	if wrong := report.Wrong(); len(wrong) > 0 {
		t.Errorf("a clean run fails:\n%s", report)
	}
	for _, s := range report.Vacuous() {
		if s != ResetHasCause && s != RowExpects {
			t.Errorf("nothing was looked at: %s", s)
		}
	}
}

// isEntry, isTicket and isDesk find frames.
func isEntry(ticket string, n uint64) func(*Event) bool {
	return func(e *Event) bool { return e.Entry != nil && e.Entry.Ticket == ticket && e.Entry.Number == n }
}
func isTicket(e *Event) bool { return e.Ticket != nil }
func isDesk(e *Event) bool   { return e.Desk != nil }

// drop takes an event out of a history.
func drop(h *History, which *Event) {
	h.Events = slices.DeleteFunc(slices.Clone(h.Events), func(e Event) bool { return e.At == which.At })
}

// double repeats an event.
func double(h *History, which *Event) {
	i := slices.IndexFunc(h.Events, func(e Event) bool { return e.At == which.At })
	h.Events = slices.Insert(h.Events, i, *which)
}

// t2First gives what the log did for t1 first to t2.
func t2First(s *script) {
	for n := 4; n <= 6; n++ {
		s.site.Rows[n-1].Data = strings.NewReplacer("t1", "t2", "v1", "v2", `"joined":2`, `"joined":3`, `80000000200`, `80000000300`).Replace(s.site.Rows[n-1].Data)
	}
}

func TestWhoseOfferWasPassedMayBeOvertakenAtThatAgent(t *testing.T) {
	s := clean()
	t2First(s)
	edit(s, 2, "t/t1", func(t *ticketImage) { t.Passed = []passImage{{Agent: "a"}} })
	if f := Check(s.Run).Findings[InOrder]; f.Wrong > 0 || f.Looked == 0 {
		t.Errorf("%d wrong of %d: %v", f.Wrong, f.Looked, f.Details)
	}
}

func TestEachViolationIsCaught(t *testing.T) {
	tests := []struct {
		name  string
		want  Invariant
		plant func(*script)
	}{
		{"a message is acknowledged and not there", AcknowledgedOnce, func(s *script) {
			s.ask(s.v1, Ask{Type: protocol.TypeSend, Ticket: "t1", MessageID: "m9", Text: "text m9"}, &protocol.OK{Number: 9})
		}},
		{"a message is acknowledged under another's number", AcknowledgedOnce, func(s *script) {
			i := slices.IndexFunc(s.v1.Events, func(e Event) bool { return e.OK != nil && e.OK.Number == 1 })
			s.v1.Events[i].OK = &protocol.OK{Number: 3}
		}},
		{"a participant cannot read the whole conversation afterwards", AcknowledgedOnce, func(s *script) {
			drop(s.v1, told(s.v1, 2, isEntry("t1", 5)))
		}},
		{"two people were told different entries", OneOrder, func(s *script) {
			e := told(s.a, 1, isEntry("t1", 3))
			changed := *e.Entry
			changed.Text = "something else"
			e.Entry = &changed
		}},
		{"an entry that nobody wrote", OneOrder, func(s *script) {
			s.Snapshot.Conversations["t1"].Rows[0].Data = `{"kind":"message","from":{"role":"visitor","id":"v1"},"message_id":"m1","text":"no"}`
		}},
		{"an entry is left out", NoGap, func(s *script) { drop(s.a, told(s.a, 1, isEntry("t1", 2))) }},
		{"an entry comes twice on a conn", NoGap, func(s *script) { double(s.a, told(s.a, 1, isEntry("t1", 2))) }},
		{"a resumed client gets what it has", NoGap, func(s *script) {
			i := slices.IndexFunc(s.v1.Events, func(e Event) bool { return e.Ask != nil && e.Ask.After == 3 })
			s.v1.Events[i].Ask = &Ask{Type: protocol.TypeOpen, Ticket: "t1", After: 4}
		}},
		{"who is connected was not told the last message", NoGap, func(s *script) {
			drop(s.v1, told(s.v1, 1, isEntry("t1", 5)))
			drop(s.v1, told(s.v1, 1, isEntry("t1", 4)))
		}},
		{"somebody resumed and still believes in an entry that was lost", NoGap, func(s *script) {
			s.Rules.MayFork = true
			for _, h := range s.Histories {
				for i := range h.Events {
					if e := h.Events[i].Entry; e != nil && e.Number == 3 && (h == s.a || h.Events[i].Conn > 2) {
						changed := *e
						changed.Text = "the other branch"
						h.Events[i].Entry = &changed
					}
				}
			}
			row := &s.Snapshot.Conversations["t1"].Rows[2]
			row.Data = strings.Replace(row.Data, "text x1", "the other branch", 1)
		}},
		{"a number is missing in the log", NoGap, func(s *script) { s.site.Rows = slices.Delete(s.site.Rows, 3, 4) }},
		{"a record does not name the one before", NoGap, func(s *script) { s.site.Rows[3].Prev = "another" }},
		{"a reset without a cause", ResetHasCause, func(s *script) { s.add(s.v1, Event{Kind: Told, Reset: &protocol.Reset{}}) }},
		{"a fork that nobody hears of", ResetHasCause, func(s *script) {
			s.Rules.MayFork = true
			s.Snapshot.Forks = []Fork{{Number: 4, Seen: 5 * time.Second}}
			s.v1.Events = []Event{{Kind: Dialled, Conn: 1}, {Kind: Welcomed, Conn: 1}, {At: time.Minute, Kind: Ended, Conn: 1}}
		}},
		{"the log gives an agent more than its capacity", Capacity, func(s *script) {
			edit(s, 1, "a/a", func(a *agentImage) { a.Capacity = 0 })
		}},
		{"a desk shows a load above the capacity", Capacity, func(s *script) { told(s.a, 2, isDesk).Desk.Capacity = 0 }},
		{"a desk's load is not the sum of its tickets", Capacity, func(s *script) { told(s.a, 2, isDesk).Desk.Load = 0 }},
		{"a ticket is assigned without an offer", OneOwner, func(s *script) {
			edit(s, 4, "t/t1", func(t *ticketImage) { t.Status, t.Offer = "waiting", nil })
		}},
		{"a ticket goes to another agent than it was offered to", OneOwner, func(s *script) {
			edit(s, 4, "t/t1", func(t *ticketImage) { t.Offer.Agent = "b" })
		}},
		{"a visitor has two open tickets", OneOwner, func(s *script) {
			edit(s, 3, "t/t2", func(t *ticketImage) { t.Visitor = "v1" })
		}},
		{"Redis remembers another owner than its log", OneOwner, func(s *script) {
			s.site.Entities["t/t1"] = strings.Replace(s.site.Entities["t/t1"], `"closed"`, `"waiting"`, 1)
		}},
		{"a sorted set keeps a ticket that is not in line", OneOwner, func(s *script) { s.site.Ranks["d/en"] = []string{"0000000000000002:t1"} }},
		{"a token does not rise", Fenced, func(s *script) {
			for n := 11; n <= 12; n++ {
				edit(s, n, "t/t2", func(t *ticketImage) { t.Token = 1 })
			}
		}},
		{"a token rises without an assignment", Fenced, func(s *script) {
			edit(s, 9, "t/t2", func(t *ticketImage) { t.Token = 7 })
		}},
		{"an agent writes who does not hold the ticket any more", Fenced, func(s *script) {
			s.Snapshot.Conversations["t1"].Rows[1].Data = `{"kind":"member","from":{"role":"agent","id":"b"}}`
		}},
		{"who came later is offered first", InOrder, t2First},
		{"a position is shown that nobody has", TrueViews, func(s *script) { told(s.v2, 1, isTicket).Ticket.Position = 1 }},
		{"a visitor is shown another's state", TrueViews, func(s *script) { told(s.v2, 1, isTicket).Ticket.Status = protocol.Assigned }},
		{"a view of a number that the log has not reached", TrueViews, func(s *script) { told(s.v2, 3, isTicket).Ticket.Log = 99 }},
		{"a view goes back", TrueViews, func(s *script) { told(s.v1, 2, isTicket).Ticket.Log = 2 }},
		{"a desk leaves a ticket out", TrueViews, func(s *script) {
			d := told(s.a, 2, isDesk).Desk
			d.Tickets, d.Load = nil, 0
		}},
		{"a desk shows a token of an earlier assignment", TrueViews, func(s *script) { told(s.a, 3, isDesk).Desk.Tickets[0].Token = 1 }},
		{"a place gets worse without a word", WorseHasReason, func(s *script) {
			told(s.v2, 1, isTicket).Ticket.Position = 1
			told(s.v2, 2, isTicket).Ticket.Position = 2
		}},
		{"back within grace to an ended ticket", GraceKeeps, func(s *script) {
			f := told(s.v2, 2, isTicket).Ticket
			f.Status, f.End = protocol.Abandoned, protocol.EndVisitorLost
		}},
		{"back within grace to another ticket", GraceKeeps, func(s *script) { told(s.v1, 2, isTicket).Ticket.Ticket = "t3" }},
		{"past grace the place is still there", EndsOnce, func(s *script) { told(s.v2, 3, isTicket).Ticket.Status = protocol.Waiting }},
		{"a ticket ends twice", EndsOnce, func(s *script) {
			s.site.Rows[6].Data = s.site.Rows[5].Data
		}},
		{"something follows the end of a conversation", EndsOnce, func(s *script) { s.member("t1") }},
		{"who is connected is not told the end", EndsOnce, func(s *script) { drop(s.v1, told(s.v1, 1, isEntry("t1", 5))) }},
		{"an offer is accepted after its deadline", Deadlines, func(s *script) {
			edit(s, 4, "t/t1", func(t *ticketImage) { t.Offer.TTL = 10 })
		}},
		{"a visitor is given up who was not lost", Deadlines, func(s *script) {
			edit(s, 6, "t/t1", func(t *ticketImage) { t.Status, t.End = "abandoned", "visitor_lost" })
			edit(s, 5, "t/t1", func(t *ticketImage) { t.Status, t.Agent = "waiting", "" })
		}},
		{"a message stands twice", NoDouble, func(s *script) {
			rows := s.Snapshot.Conversations["t1"].Rows
			rows[3].Data = rows[2].Data
		}},
		{"one wish to join made two tickets", NoDouble, func(s *script) {
			s.site.Entities["t/t3"] = strings.Replace(s.site.Entities["t/t1"], "t1", "t3", 1)
		}},
		{"a key stays for ever", NothingLeft, func(s *script) { s.Snapshot.Keys["nextup:{c:s:t1}:records"] = -1 }},
		{"a key of nobody", NothingLeft, func(s *script) { s.Snapshot.Keys["whose"] = -1 }},
		{"a ticket is open after quiet", NothingLeft, func(s *script) {
			s.site.Entities["t/t1"] = strings.Replace(s.site.Entities["t/t1"], `"closed"`, `"assigned"`, 1)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := clean()
			tt.plant(s)
			report := Check(s.Run)
			if !slices.Contains(report.Wrong(), tt.want) {
				t.Errorf("not caught: %s\n%s", tt.want, report)
			}
		})
	}
}

func TestWhatLostRecordsExcuse(t *testing.T) {
	tests := []struct {
		name     string
		plant    func(*script)
		forgiven Invariant
		wrong    bool
	}{
		{"a lost message whose sender heard reset", func(s *script) {
			s.ask(s.v1, Ask{Type: protocol.TypeSend, Ticket: "t1", MessageID: "m9", Text: "text m9"}, &protocol.OK{Number: 9})
			s.add(s.v1, Event{Kind: Told, Reset: &protocol.Reset{Ticket: "t1"}})
		}, AcknowledgedOnce, false},
		{"a lost message whose sender heard nothing", func(s *script) {
			s.ask(s.v1, Ask{Type: protocol.TypeSend, Ticket: "t1", MessageID: "m9", Text: "text m9"}, &protocol.OK{Number: 9})
		}, AcknowledgedOnce, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := clean()
			s.Rules.MayFork = true
			tt.plant(s)
			f := Check(s.Run).Findings[tt.forgiven]
			if (f.Wrong > 0) != tt.wrong || (f.Forgiven > 0) == tt.wrong {
				t.Errorf("%d wrong, %d forgiven", f.Wrong, f.Forgiven)
			}
		})
	}
}

func TestLeftoversNamesWhatGrew(t *testing.T) {
	before := map[string]float64{"go_goroutines": 20, "process_open_fds": 12, "nextup_connections": 0}
	tests := []struct {
		name  string
		after map[string]float64
		want  string
	}{
		{"nothing", map[string]float64{"go_goroutines": 25, "process_open_fds": 20}, ""},
		{"goroutines", map[string]float64{"go_goroutines": 100, "process_open_fds": 20}, "go_goroutines"},
		{"descriptors", map[string]float64{"go_goroutines": 25, "process_open_fds": 60}, "process_open_fds"},
		{"a conn", map[string]float64{"nextup_connections": 1}, "nextup_connections"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(Leftovers("g", before, tt.after, 1), ", "); (got == "") != (tt.want == "") || !strings.Contains(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestHistoriesAreWrittenALineAnEvent(t *testing.T) {
	s := clean()
	var out bytes.Buffer
	if err := WriteLines(&out, s.Histories); err != nil {
		t.Fatal(err)
	}
	events := 0
	for _, h := range s.Histories {
		events += len(h.Events)
	}
	if lines := strings.Count(out.String(), "\n"); lines != events {
		t.Errorf("%d lines for %d events", lines, events)
	}
	if !strings.Contains(out.String(), `"person":"visitor v1"`) || !strings.Contains(out.String(), `"kind":"audited"`) {
		t.Error("the lines do not say who and what")
	}
}
