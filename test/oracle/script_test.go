package oracle

import (
	"encoding/json"
	"fmt"
	"time"

	"nextup/gateway/protocol"
)

// script is a run made by hand: two visitors, one agent with room for one, who
// loses the second ticket once and takes it again.
type script struct {
	*Run
	site   *Log
	v1, v2 *History
	a      *History
	clock  time.Duration
}

const (
	stamp0 = int64(1_800_000_000_000)
	grace  = 5 * time.Second
)

func clean() *script {
	s := &script{
		Run: &Run{
			Rules: Rules{Site: "s", VisitorGrace: grace, Slack: time.Second, Staleness: 500 * time.Millisecond},
			Snapshot: &Snapshot{
				Keys:          map[string]time.Duration{"nextup:{s:s}:head": -1, "nextup:{c:s:t1}:records": time.Hour},
				Sites:         map[string]*Log{},
				Conversations: map[string]*Log{},
			},
		},
		site: &Log{Entities: map[string]string{}, Ranks: map[string][]string{}},
		v1:   &History{Role: protocol.Visitor, Subject: "v1"},
		v2:   &History{Role: protocol.Visitor, Subject: "v2"},
		a:    &History{Role: protocol.Agent, Subject: "a"},
	}
	s.Snapshot.Sites["s"] = s.site
	s.Histories = []*History{s.v1, s.v2, s.a}
	for _, h := range s.Histories {
		s.add(h, Event{Kind: Dialled, Conn: 1})
		s.add(h, Event{Kind: Welcomed, Conn: 1})
	}
	s.live()
	s.audit()
	return s
}

func (s *script) live() {
	agent := &agentImage{Capacity: 1, Status: "available", Departments: []string{"d"}, Languages: map[string]int{"en": 5}}
	s.record("bound", named("a/a", agent))
	s.desk(s.a, 0)
	s.ask(s.v1, Ask{Type: protocol.TypeJoin, Wish: 1}, &protocol.OK{})
	t1 := ticketImage{ID: "t1", Visitor: "v1", Department: "d", Language: "en", Weight: 1, Status: "waiting", JoinedAt: -1}
	s.record("joined", named("v/v1", &visitorImage{Ticket: "t1"}), named("t/t1", &t1))
	t1.JoinedAt, t1.Joined = stamp0+2000, 2
	s.ask(s.v2, Ask{Type: protocol.TypeJoin, Wish: 1}, &protocol.OK{})
	t2 := ticketImage{ID: "t2", Visitor: "v2", Department: "d", Language: "en", Weight: 1, Status: "waiting", JoinedAt: -1}
	s.record("joined", named("v/v2", &visitorImage{Ticket: "t2"}), named("t/t2", &t2))
	t2.JoinedAt, t2.Joined = stamp0+3000, 3
	s.ticket(s.v1, protocol.Ticket{Ticket: "t1", Status: protocol.Waiting, Position: 1, Size: 2})
	s.ticket(s.v2, protocol.Ticket{Ticket: "t2", Status: protocol.Waiting, Position: 2, Size: 2})

	s.open(s.v1, "t1", 0)
	s.say(s.v1, "t1", "m1")
	s.entry(s.v1, "t1", 1)
	s.take(&t1, "t1.1", 1)
	s.desk(s.a, 1, protocol.DeskTicket{Ticket: "t1", Weight: 1, Token: 1})
	s.member("t1")
	s.entry(s.v1, "t1", 2)
	s.open(s.a, "t1", 0)
	s.entry(s.a, "t1", 1)
	s.entry(s.a, "t1", 2)
	s.say(s.a, "t1", "x1")
	s.entry(s.v1, "t1", 3)
	s.entry(s.a, "t1", 3)
	s.away(s.v2, grace/4)
	s.ticket(s.v2, protocol.Ticket{Ticket: "t2", Status: protocol.Waiting, Position: 1, Size: 1})
	s.away(s.v1, grace/4)
	s.say(s.a, "t1", "x2") // while v1 is away
	s.entry(s.a, "t1", 4)
	s.ticket(s.v1, protocol.Ticket{Ticket: "t1", Status: protocol.Assigned, Agent: &protocol.Person{ID: "a"}})
	s.open(s.v1, "t1", 3)
	s.entry(s.v1, "t1", 4)
	s.end(&t1)
	s.entry(s.v1, "t1", 5)
	s.entry(s.a, "t1", 5)

	s.take(&t2, "t2.1", 1)
	s.member("t2")
	t2.Status, t2.Agent = "waiting", ""
	s.record("expired", named("t/t2", &t2))
	s.take(&t2, "t2.2", 2)
	s.desk(s.a, 1, protocol.DeskTicket{Ticket: "t2", Weight: 1, Token: 2})
	s.end(&t2)
	s.away(s.v2, 2*grace) // too late
	s.ticket(s.v2, protocol.Ticket{Ticket: "t2", Status: protocol.Closed, End: protocol.EndAgentClosed})
}

func (s *script) audit() {
	for _, h := range s.Histories {
		s.add(h, Event{Kind: Audited})
		s.away(h, 0)
		for _, ticket := range []string{"t1", "t2"} {
			if h.Role == protocol.Agent || h == s.v1 && ticket == "t1" || h == s.v2 && ticket == "t2" {
				s.open(h, ticket, 0)
				for n := range s.Snapshot.Conversations[ticket].Rows {
					s.entry(h, ticket, n+1)
				}
			}
		}
	}
}

func (s *script) add(h *History, e Event) {
	s.clock += time.Millisecond
	e.At = s.clock
	if e.Conn == 0 {
		for _, earlier := range h.Events {
			e.Conn = max(e.Conn, earlier.Conn)
		}
	}
	h.Events = append(h.Events, e)
}

// away ends a conn and opens the next after d.
func (s *script) away(h *History, d time.Duration) {
	s.add(h, Event{Kind: Ended, Why: "cut"})
	s.clock += d
	next := h.Events[len(h.Events)-1].Conn + 1
	s.add(h, Event{Kind: Dialled, Conn: next})
	s.add(h, Event{Kind: Welcomed, Conn: next})
}

func (s *script) ask(h *History, a Ask, ok *protocol.OK) {
	s.add(h, Event{Kind: Asked, Ask: &a})
	s.add(h, Event{Kind: Answered, Ask: &a, OK: ok})
}

func (s *script) open(h *History, ticket string, after uint64) {
	s.ask(h, Ask{Type: protocol.TypeOpen, Ticket: ticket, After: after}, &protocol.OK{})
}

// say writes a message and has it acknowledged.
func (s *script) say(h *History, ticket, id string) {
	n := s.append(ticket, fmt.Sprintf(`{"kind":"message","from":{"role":%q,"id":%q},"message_id":%q,"text":%q}`, h.Role, h.Subject, id, "text "+id))
	s.ask(h, Ask{Type: protocol.TypeSend, Ticket: ticket, MessageID: id, Text: "text " + id}, &protocol.OK{Number: n})
}

func (s *script) member(ticket string) {
	s.append(ticket, `{"kind":"member","from":{"role":"agent","id":"a"}}`)
}

func (s *script) append(ticket, data string) uint64 {
	log := s.Snapshot.Conversations[ticket]
	if log == nil {
		log = &Log{}
		s.Snapshot.Conversations[ticket] = log
	}
	link(log, data, 0)
	return uint64(len(log.Rows))
}

func link(log *Log, data string, at int64) {
	n := uint64(len(log.Rows) + 1)
	row := Row{Number: n, ID: fmt.Sprint("c", n), AtMS: at, Data: data}
	if n > 1 {
		row.Prev = log.Rows[n-2].ID
	}
	log.Rows = append(log.Rows, row)
	log.Head = n
}

// entry tells a person the entry of that number.
func (s *script) entry(h *History, ticket string, n int) {
	f := protocol.Entry{Ticket: ticket, Number: uint64(n)}
	if err := json.Unmarshal([]byte(s.Snapshot.Conversations[ticket].Rows[n-1].Data), &f); err != nil {
		panic(err)
	}
	s.add(h, Event{Kind: Told, Entry: &f})
}

type namedImage struct {
	Name string `json:"n"`
	Body any    `json:"b"`
}

func named(name string, image any) namedImage { return namedImage{name, image} }

// record writes a record of the site's log, a second after the one before.
func (s *script) record(cause string, writes ...namedImage) {
	data, err := json.Marshal(map[string]any{"c": cause, "w": writes})
	if err != nil {
		panic(err)
	}
	link(s.site, string(data), stamp0+int64(len(s.site.Rows)+1)*1000)
	for _, w := range writes {
		body, _ := json.Marshal(w.Body)
		s.site.Entities[w.Name] = string(body)
	}
}

// take offers a ticket to the agent, who accepts it with the token.
func (s *script) take(t *ticketImage, offer string, token uint64) {
	t.Status = "offered"
	t.Offer = &offerImage{ID: offer, Agent: "a", At: -1, TTL: 2000}
	s.record("offered", named("t/"+t.ID, t))
	t.Status, t.Offer, t.Agent, t.Token = "assigned", nil, "a", token
	s.record("accepted", named("t/"+t.ID, t))
}

func (s *script) end(t *ticketImage) {
	t.Status, t.End = "closed", "agent_closed"
	s.record("closed", named("t/"+t.ID, t))
	s.append(t.ID, `{"kind":"closed"}`)
}

func (s *script) ticket(h *History, f protocol.Ticket) {
	f.Log, f.Department, f.Language, f.Languages = s.site.Head, "d", "en", []string{"en"}
	s.add(h, Event{Kind: Told, Ticket: &f})
}

func (s *script) desk(h *History, load int, tickets ...protocol.DeskTicket) {
	s.add(h, Event{Kind: Told, Desk: &protocol.Desk{Status: protocol.Available, Capacity: 1, Load: load, Tickets: tickets, Log: s.site.Head}})
}

// told finds the n-th frame of a person for which is says yes.
func told(h *History, n int, want func(*Event) bool) *Event {
	for i := range h.Events {
		if e := &h.Events[i]; e.Kind == Told && want(e) {
			if n--; n == 0 {
				return e
			}
		}
	}
	panic("no such frame")
}

// edit changes one image in a record of the site's log.
func edit[T any](s *script, number int, name string, change func(*T)) {
	var record struct {
		Cause  string `json:"c"`
		Writes []struct {
			Name string          `json:"n"`
			Body json.RawMessage `json:"b"`
		} `json:"w"`
	}
	row := &s.site.Rows[number-1]
	must(json.Unmarshal([]byte(row.Data), &record))
	for i := range record.Writes {
		if w := &record.Writes[i]; w.Name == name {
			v := new(T)
			must(json.Unmarshal(w.Body, v))
			change(v)
			body, err := json.Marshal(v)
			must(err)
			w.Body = body
		}
	}
	data, err := json.Marshal(record)
	must(err)
	row.Data = string(data)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
