package oracle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// The images that a site's log holds, as far as a statement needs them. In a
// record -1 stands for its own stamp, and an absent joined for its own number.
type (
	ticketImage struct {
		ID         string      `json:"id"`
		Visitor    string      `json:"visitor"`
		Department string      `json:"department"`
		Language   string      `json:"language"`
		HeadStart  int64       `json:"head_start"`
		Weight     int         `json:"weight"`
		Status     string      `json:"status"`
		JoinedAt   int64       `json:"joined_at"`
		Joined     uint64      `json:"joined"`
		Offer      *offerImage `json:"offer"`
		Passed     []passImage `json:"passes"`
		Agent      string      `json:"agent"`
		Token      uint64      `json:"token"`
		End        string      `json:"end"`
	}
	passImage struct {
		Agent string `json:"agent"`
	}
	offerImage struct {
		ID    string `json:"id"`
		Agent string `json:"agent"`
		TTL   int64  `json:"ttl"`
	}
	sessionImage struct {
		Node   string `json:"node"`
		LostAt int64  `json:"lost_at"`
	}
	visitorImage struct {
		Ticket  string       `json:"ticket"`
		Session sessionImage `json:"session"`
	}
	agentImage struct {
		Capacity int          `json:"capacity"`
		Status   string       `json:"status"`
		Session  sessionImage `json:"session"`
	}
)

func (t *ticketImage) queued() bool { return t.Status == "waiting" || t.Status == "offered" }
func (t *ticketImage) open() bool   { return t.queued() || t.Status == "assigned" }
func (t *ticketImage) queue() string {
	return t.Department + "/" + t.Language
}

// holder is the agent whose capacity the ticket takes.
func (t *ticketImage) holder() string {
	switch {
	case t.Status == "assigned":
		return t.Agent
	case t.Status == "offered" && t.Offer != nil:
		return t.Offer.Agent
	}
	return ""
}

// before is the order of a line.
func (t *ticketImage) before(u *ticketImage) bool {
	a, b := t.JoinedAt-t.HeadStart, u.JoinedAt-u.HeadStart
	return a < b || a == b && t.Joined < u.Joined
}

// world is the site at one number of its log, replayed by rules of this package.
type world struct {
	number   uint64
	at       int64
	tickets  map[string]*ticketImage
	visitors map[string]*visitorImage
	agents   map[string]*agentImage
	nodes    map[string]bool  // the lost ones
	lostAt   map[string]int64 // of visitors and nodes that are lost, by name
	lines    map[string][]*ticketImage
	held     map[string]map[string]*ticketImage // by the agent whose capacity they take
}

func newWorld() *world {
	return &world{
		tickets: map[string]*ticketImage{}, visitors: map[string]*visitorImage{}, agents: map[string]*agentImage{},
		nodes: map[string]bool{}, lostAt: map[string]int64{}, lines: map[string][]*ticketImage{},
		held: map[string]map[string]*ticketImage{},
	}
}

// step is a record with what it wrote.
type step struct {
	Row
	cause  string
	writes []write
}

// write is one after-image; body nil removes the entity.
type write struct {
	kind, id string
	body     json.RawMessage
}

func decodeStep(row Row) (step, error) {
	var record struct {
		Cause  string `json:"c"`
		Writes []struct {
			Name string          `json:"n"`
			Body json.RawMessage `json:"b"`
		} `json:"w"`
	}
	if err := json.Unmarshal([]byte(row.Data), &record); err != nil {
		return step{}, fmt.Errorf("record %d cannot be read: %w", row.Number, err)
	}
	s := step{Row: row, cause: record.Cause}
	for _, w := range record.Writes {
		kind, id, _ := strings.Cut(w.Name, "/")
		s.writes = append(s.writes, write{kind, id, w.Body})
	}
	return s, nil
}

// apply brings the world one record further and returns the tickets that were
// written, as they were and as they are.
func (w *world) apply(s step) (was, is []*ticketImage, err error) {
	w.number, w.at = s.Number, s.AtMS
	for _, c := range s.writes {
		switch c.kind {
		case "t":
			before := w.tickets[c.id]
			after, err := image[ticketImage](c.body)
			if err != nil {
				return nil, nil, fmt.Errorf("record %d: %w", s.Number, err)
			}
			w.assign(c.id, before, after, s)
			was, is = append(was, before), append(is, after)
		case "v":
			v, err := image[visitorImage](c.body)
			if err != nil {
				return nil, nil, fmt.Errorf("record %d: %w", s.Number, err)
			}
			put(w.visitors, c.id, v)
			w.noteLost("v/"+c.id, v != nil && v.Session.LostAt != 0)
		case "a":
			a, err := image[agentImage](c.body)
			if err != nil {
				return nil, nil, fmt.Errorf("record %d: %w", s.Number, err)
			}
			put(w.agents, c.id, a)
		case "n":
			w.nodes[c.id] = c.body != nil
			w.noteLost("n/"+c.id, c.body != nil)
		}
	}
	return was, is, nil
}

func image[T any](body json.RawMessage) (*T, error) {
	if len(body) == 0 {
		return nil, nil
	}
	v := new(T)
	return v, json.Unmarshal(body, v)
}

func put[T any](m map[string]*T, id string, v *T) {
	if v == nil {
		delete(m, id)
	} else {
		m[id] = v
	}
}

func (w *world) assign(id string, before, after *ticketImage, s step) {
	if before != nil && before.queued() {
		line := w.lines[before.queue()]
		w.lines[before.queue()] = slices.DeleteFunc(line, func(t *ticketImage) bool { return t.ID == id })
	}
	if after != nil {
		if after.JoinedAt == -1 {
			after.JoinedAt = s.AtMS
		}
		if after.Joined == 0 {
			after.Joined = s.Number
		}
		if after.queued() {
			line := w.lines[after.queue()]
			i, _ := slices.BinarySearchFunc(line, after, func(a, b *ticketImage) int {
				if a.before(b) {
					return -1
				}
				return 1
			})
			w.lines[after.queue()] = slices.Insert(line, i, after)
		}
	}
	put(w.tickets, id, after)
	if before != nil && before.holder() != "" {
		delete(w.held[before.holder()], id)
	}
	if after != nil && after.holder() != "" {
		if w.held[after.holder()] == nil {
			w.held[after.holder()] = map[string]*ticketImage{}
		}
		w.held[after.holder()][id] = after
	}
}

// position is a ticket's 1-based rank, 0 in no line.
func (w *world) position(t *ticketImage) int {
	return slices.Index(w.lines[t.queue()], t) + 1
}

// heldBy lists what takes an agent's capacity.
func (w *world) heldBy(agent string) map[string]*ticketImage { return w.held[agent] }

// lost says whether no conn of the visitor is there.
func (w *world) lost(visitor string) bool {
	v := w.visitors[visitor]
	return v != nil && (v.Session.LostAt != 0 || w.nodes[v.Session.Node])
}

// noteLost keeps when somebody was first called lost.
func (w *world) noteLost(name string, is bool) {
	if _, known := w.lostAt[name]; is && !known {
		w.lostAt[name] = w.at
	} else if !is {
		delete(w.lostAt, name)
	}
}

// lostSince is when a visitor was lost, -1 if they are there.
func (w *world) lostSince(visitor string) int64 {
	if at, ok := w.lostAt["v/"+visitor]; ok {
		return at
	}
	if v := w.visitors[visitor]; v != nil && w.nodes[v.Session.Node] {
		return w.lostAt["n/"+v.Session.Node]
	}
	return -1
}
