package oracle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// What the log holds, as far as an invariant needs it. In a record -1 stands for
// its own stamp, and an absent joined for its own number.
type (
	ticketImage struct {
		ID           string      `json:"id"`
		Visitor      string      `json:"visitor"`
		Department   string      `json:"department"`
		Language     string      `json:"language"`
		Topic        string      `json:"topic"`
		VisitorTier  string      `json:"visitor_tier"`
		Urgency      string      `json:"urgency"`
		HeadStart    int64       `json:"head_start"`
		HeadReason   string      `json:"head_start_reason"`
		Weight       int         `json:"weight"`
		Need         *needImage  `json:"need"`
		Listed       []string    `json:"listed"`
		Required     bool        `json:"language_required"`
		Step         int         `json:"step"`
		WaitingSince int64       `json:"waiting_since"`
		Hold         *holdImage  `json:"hold"`
		Status       string      `json:"status"`
		JoinedAt     int64       `json:"joined_at"`
		Joined       uint64      `json:"joined"`
		Offer        *offerImage `json:"offer"`
		Passed       []passImage `json:"passes"`
		Agent        string      `json:"agent"`
		Token        uint64      `json:"token"`
		Transferred  string      `json:"transferred_by"`
		Guests       []string    `json:"guests"`
		EndedAt      int64       `json:"ended_at"`
		End          string      `json:"end"`
		WrapUp       int64       `json:"wrap_up"`

		class string // see classOf
	}
	needImage struct {
		Languages []string `json:"languages"`
		Minimum   int      `json:"min_proficiency"`
		Tier      int      `json:"tier"`
		Skills    []string `json:"skills"`
	}
	holdImage struct {
		Agent string `json:"agent"`
		At    int64  `json:"at"`
		For   int64  `json:"for"`
	}
	passImage struct {
		Agent string `json:"agent"`
		At    int64  `json:"at"`
	}
	offerImage struct {
		ID    string `json:"id"`
		Agent string `json:"agent"`
		At    int64  `json:"at"`
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
		Languages   map[string]int `json:"languages"`
		Departments []string       `json:"departments"`
		Skills      []string       `json:"skills"`
		Tier        int            `json:"tier"`
		Capacity    int            `json:"capacity"`
		Status      string         `json:"status"`
		AwayReason  string         `json:"away_reason"`
		Lapses      int            `json:"lapses"`
		Session     sessionImage   `json:"session"`
	}
)

func (t *ticketImage) queue() string { return t.Department + "/" + t.Language }
func (t *ticketImage) queued() bool  { return t.Status == "waiting" || t.Status == "offered" }
func (t *ticketImage) open() bool    { return t.queued() || t.Status == "assigned" }

// holder is the agent whose capacity the ticket takes.
func (t *ticketImage) holder() string {
	switch {
	case t.Status == "offered" && t.Offer != nil:
		return t.Offer.Agent
	case t.Status == "assigned", t.Status == "closed" && t.WrapUp > 0:
		return t.Agent
	}
	return ""
}

// before is the order of a line.
func (t *ticketImage) before(u *ticketImage) bool {
	a, b := t.JoinedAt-t.HeadStart, u.JoinedAt-u.HeadStart
	return a < b || a == b && t.Joined < u.Joined
}

// classOf names the tickets that ask for the same, weigh the same and are held
// for the same agent, if for any.
func classOf(t *ticketImage) string {
	hold := ""
	if t.Hold != nil {
		hold = t.Hold.Agent
	}
	return strings.Join([]string{t.queue(), t.Need.key(), fmt.Sprint(t.Weight), hold}, "|")
}

func (n *needImage) key() string {
	return strings.Join([]string{sortedList(n.Languages), fmt.Sprint(max(n.Minimum, 1), max(n.Tier, 1)), sortedList(n.Skills)}, "|")
}

func sortedList(words []string) string { return strings.Join(slices.Sorted(slices.Values(words)), ",") }

// world is the site at one number of its log, replayed by rules of this package.
type world struct {
	number   uint64
	at       int64
	tickets  map[string]*ticketImage
	visitors map[string]*visitorImage
	agents   map[string]*agentImage
	lost     map[string]bool // nodes
	paused   map[string]bool // queues
	lines    map[string][]*ticketImage
	held     map[string]map[string]*ticketImage // by the agent whose capacity they take
	guests   map[string]map[string]*ticketImage
	lostAt   map[string]int64 // of visitors and nodes that are lost, by name
}

func newWorld() *world {
	return &world{
		tickets: map[string]*ticketImage{}, visitors: map[string]*visitorImage{}, agents: map[string]*agentImage{},
		lost: map[string]bool{}, paused: map[string]bool{}, lines: map[string][]*ticketImage{},
		held: map[string]map[string]*ticketImage{}, guests: map[string]map[string]*ticketImage{}, lostAt: map[string]int64{},
	}
}

// step is a record with what it wrote.
type step struct {
	Row
	cause, by string
	tickets   []change
	agents    []string
	visitors  []string
	nodeLost  bool
}

// change is one ticket before and after a step; nil for none.
type change struct{ before, after *ticketImage }

// apply brings the world one record further.
func (w *world) apply(row Row) (step, error) {
	var record struct {
		Cause  string `json:"c"`
		By     string `json:"by"`
		Writes []struct {
			Name string          `json:"n"`
			Body json.RawMessage `json:"b"`
		} `json:"w"`
	}
	if err := json.Unmarshal([]byte(row.Data), &record); err != nil {
		return step{}, fmt.Errorf("record %d cannot be read: %w", row.Number, err)
	}
	w.number, w.at = row.Number, row.AtMS
	s := step{Row: row, cause: record.Cause, by: record.By}
	for _, c := range record.Writes {
		kind, id, _ := strings.Cut(c.Name, "/")
		var err error
		switch kind {
		case "t":
			before := w.tickets[id]
			var after *ticketImage
			if after, err = decoded[ticketImage](c.Body); err == nil {
				w.put(id, before, after)
				s.tickets = append(s.tickets, change{before, after})
			}
		case "v":
			err = set(w.visitors, id, c.Body)
			s.visitors = append(s.visitors, id)
			v := w.visitors[id]
			w.noteLost("v/"+id, v != nil && v.Session.LostAt != 0)
		case "a":
			err = set(w.agents, id, c.Body)
			s.agents = append(s.agents, id)
		case "n":
			w.lost[id] = c.Body != nil
			w.noteLost("n/"+id, c.Body != nil)
			s.nodeLost = true
		case "p":
			w.paused[id] = c.Body != nil
		}
		if err != nil {
			return s, fmt.Errorf("record %d, %s: %w", row.Number, c.Name, err)
		}
	}
	return s, nil
}

func decoded[T any](body json.RawMessage) (*T, error) {
	if len(body) == 0 {
		return nil, nil
	}
	v := new(T)
	return v, json.Unmarshal(body, v)
}

func set[T any](all map[string]*T, id string, body json.RawMessage) error {
	v, err := decoded[T](body)
	if all[id] = v; v == nil {
		delete(all, id)
	}
	return err
}

// put replaces a ticket.
func (w *world) put(id string, before, after *ticketImage) {
	if before != nil {
		if before.queued() {
			w.lines[before.queue()] = slices.DeleteFunc(w.lines[before.queue()], func(t *ticketImage) bool { return t.ID == id })
		}
		delete(w.held[before.holder()], id)
		for _, g := range before.Guests {
			delete(w.guests[g], id)
		}
	}
	if after == nil {
		delete(w.tickets, id)
		return
	}
	w.resolve(after)
	w.tickets[id] = after
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
	enter(w.held, after.holder(), after)
	for _, g := range after.Guests {
		enter(w.guests, g, after)
	}
}

func enter(sets map[string]map[string]*ticketImage, agent string, t *ticketImage) {
	if sets[agent] == nil {
		sets[agent] = map[string]*ticketImage{}
	}
	sets[agent][t.ID] = t
}

// resolve replaces what stands for the record's own number and stamp.
func (w *world) resolve(t *ticketImage) {
	stamps := []*int64{&t.JoinedAt, &t.WaitingSince, &t.EndedAt}
	for i := range t.Passed {
		stamps = append(stamps, &t.Passed[i].At)
	}
	if t.Offer != nil {
		stamps = append(stamps, &t.Offer.At)
	}
	if t.Hold != nil {
		stamps = append(stamps, &t.Hold.At)
	}
	for _, s := range stamps {
		if *s == -1 {
			*s = w.at
		}
	}
	if t.Joined == 0 {
		t.Joined = w.number
	}
	if t.Need == nil {
		t.Need = &needImage{Languages: []string{t.Language}}
	}
	t.class = classOf(t)
}

func (w *world) gone(s sessionImage) bool { return s.LostAt != 0 || w.lost[s.Node] }

// present reports whether the ticket's visitor is there.
func (w *world) present(t *ticketImage) bool {
	v := w.visitors[t.Visitor]
	return v != nil && !w.gone(v.Session)
}

// takes reports whether the agent is offered tickets.
func (w *world) takes(a *agentImage) bool {
	return a != nil && a.Status == "available" && !w.gone(a.Session)
}

func (w *world) load(agent string) int {
	load := 0
	for _, t := range w.held[agent] {
		load += t.Weight
	}
	return load
}

// may reports whether the agent may serve the ticket, room or not.
func (w *world) may(id string, t *ticketImage) bool {
	a := w.agents[id]
	if t.Hold != nil {
		return id == t.Hold.Agent
	}
	if a == nil || max(a.Tier, 1) < t.Need.Tier || !slices.Contains(a.Departments, t.Department) {
		return false
	}
	for _, s := range t.Need.Skills {
		if !slices.Contains(a.Skills, s) {
			return false
		}
	}
	return slices.ContainsFunc(t.Need.Languages, func(l string) bool { return a.Languages[l] >= max(t.Need.Minimum, 1) })
}

// noteLost keeps when a person or a node was first called lost.
func (w *world) noteLost(name string, lost bool) {
	if _, known := w.lostAt[name]; lost && !known {
		w.lostAt[name] = w.at
	} else if !lost {
		delete(w.lostAt, name)
	}
}

// lostSince is when a visitor was lost, -1 if they are there.
func (w *world) lostSince(visitor string) int64 {
	if at, ok := w.lostAt["v/"+visitor]; ok {
		return at
	}
	if v := w.visitors[visitor]; v != nil && w.lost[v.Session.Node] {
		return w.lostAt["n/"+v.Session.Node]
	}
	return -1
}
