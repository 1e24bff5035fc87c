package admin

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"nextup/app"
	"nextup/queue"
)

// Site is a tenant as it stands on this gateway.
type Site struct {
	ID    string `json:"id"`
	Ready bool   `json:"ready"`
	// Why is why it is not ready.
	Why        string `json:"why,omitzero"`
	Dispatches bool   `json:"dispatches"`
	Log        uint64 `json:"log"`
	Level      int    `json:"level"`
	Waiting    int    `json:"waiting"`
	Assigned   int    `json:"assigned"`
	Ended      int    `json:"ended"`
	Agents     int    `json:"agents"`
	Available  int    `json:"available"`
}

// Queue is a line.
type Queue struct {
	Department string `json:"department"`
	Language   string `json:"language"`
	Waiting    int    `json:"waiting"`
	// WithRoom counts the agents who would be offered a ticket of it.
	WithRoom int `json:"with_room"`
	// OldestMS is when the first in it joined, in Unix milliseconds.
	OldestMS   int64  `json:"oldest_ms,omitzero"`
	PausedBy   string `json:"paused_by,omitzero"`
	Paused     string `json:"paused,omitzero"` // why
	Unattended bool   `json:"unattended,omitzero"`
	Withdrawn  bool   `json:"withdrawn,omitzero"`
}

// Ticket is a ticket without its visitor's name and words.
type Ticket struct {
	ID          string   `json:"id"`
	Visitor     string   `json:"visitor"`
	Status      string   `json:"status"`
	Department  string   `json:"department"`
	Language    string   `json:"language"`
	Topic       string   `json:"topic,omitzero"`
	Urgency     string   `json:"urgency,omitzero"`
	Tier        int      `json:"tier,omitzero"`
	Skills      []string `json:"skills,omitzero"`
	Position    int      `json:"position,omitzero"`
	HeadStartS  int64    `json:"head_start_s,omitzero"`
	JoinedMS    int64    `json:"joined_ms"`
	AssignedMS  int64    `json:"assigned_ms,omitzero"`
	EndedMS     int64    `json:"ended_ms,omitzero"`
	End         string   `json:"end,omitzero"`
	Agent       string   `json:"agent,omitzero"`
	OfferedTo   string   `json:"offered_to,omitzero"`
	HeldFor     string   `json:"held_for,omitzero"`
	Offers      int      `json:"offers,omitzero"`
	Declined    []string `json:"declined,omitzero"`
	Guests      []string `json:"guests,omitzero"`
	VisitorNode string   `json:"visitor_node,omitzero"`
	// VisitorLostMS is when the visitor's last connection went.
	VisitorLostMS int64  `json:"visitor_lost_ms,omitzero"`
	AgentNode     string `json:"agent_node,omitzero"`
	AgentLostMS   int64  `json:"agent_lost_ms,omitzero"`
	Log           uint64 `json:"log"`
}

// Entry is an entry of a conversation, without its text unless that was asked for.
type Entry struct {
	Number    uint64 `json:"number"`
	AtMS      int64  `json:"at_ms"`
	Kind      string `json:"kind"`
	Role      string `json:"role,omitzero"`
	From      string `json:"from,omitzero"`
	MessageID string `json:"message_id,omitzero"`
	UpTo      uint64 `json:"up_to,omitzero"`
	Text      string `json:"text,omitzero"`
}

// Node is a gateway that lives.
type Node struct {
	Name string `json:"name"`
	// Self is the gateway that answers.
	Self  bool `json:"self,omitzero"`
	Level int  `json:"level"`
	// Differs lists sites for which it runs another site file than the one that answers.
	Differs []string `json:"differs,omitzero"`
}

// Levels are those of the sites, and the highest that each living gateway knows.
type Levels struct {
	Sites []NamedLevel `json:"sites"`
	Nodes []NamedLevel `json:"nodes"`
	// Unknown is why Nodes is empty, if it is not known which gateways live.
	Unknown string `json:"unknown,omitzero"`
}

// NamedLevel is a level of a site or a gateway.
type NamedLevel struct {
	Name  string `json:"name"`
	Level int    `json:"level"`
}

func (p *port) sites(_ *http.Request) (any, error) {
	sites := []Site{}
	for _, id := range p.App().Sites() {
		s := p.App().Site(id)
		site := Site{ID: id, Dispatches: s.Elected()}
		if err := s.Unavailable(); err != nil {
			site.Why = err.Error()
		} else {
			site.Ready = true
		}
		s.Read(func(st *queue.State) {
			site.Log, site.Level = st.Number(), int(st.Level())
			for _, q := range st.Queues() {
				site.Waiting += st.Size(q)
			}
			for _, t := range st.AllHeld() {
				if t.Status == queue.Assigned {
					site.Assigned++
				}
			}
			site.Ended = st.EndedCount()
			for _, a := range st.Agents() {
				if site.Agents++; a.Takes() {
					site.Available++
				}
			}
		})
		sites = append(sites, site)
	}
	return sites, nil
}

func (p *port) queues(r *http.Request) (any, error) {
	s, err := p.site(r.FormValue("site"))
	if err != nil {
		return nil, err
	}
	lines := []Queue{}
	s.Read(func(st *queue.State) {
		for _, q := range st.Queues() {
			line := Queue{
				Department: q.Department, Language: q.Language, Waiting: st.Size(q), WithRoom: st.AgentsWithRoom(q),
				Unattended: st.QueueUnattended(q), Withdrawn: st.Withdrawn(q),
			}
			if pause := st.Paused(q); pause != nil {
				line.PausedBy, line.Paused = pause.By, pause.Reason
			}
			st.Sweep(q, 1, 1, func(_ int, t *queue.Ticket) bool { line.OldestMS = int64(t.JoinedAt); return false })
			lines = append(lines, line)
		}
	})
	return lines, nil
}

func (p *port) ticket(r *http.Request) (any, error) {
	s, err := p.site(r.FormValue("site"))
	if err != nil {
		return nil, err
	}
	var found *Ticket
	s.Read(func(st *queue.State) {
		if t := st.Ticket(r.PathValue("ticket")); t != nil {
			ticket := ticketOf(st, t)
			found = &ticket
		}
	})
	if found == nil {
		return nil, queue.ErrUnknownTicket
	}
	return found, nil
}

func ticketOf(st *queue.State, t *queue.Ticket) Ticket {
	ticket := Ticket{
		ID: t.ID, Visitor: t.Visitor, Status: string(t.Status), Department: t.Department, Language: t.Language, Topic: t.Topic, Urgency: t.Urgency,
		Position: st.Position(t), HeadStartS: int64(t.HeadStart / 1000), JoinedMS: int64(t.JoinedAt), AssignedMS: int64(t.AssignedAt),
		EndedMS: int64(t.EndedAt), End: string(t.End), Agent: t.Agent, Offers: t.Attempts, Guests: t.Guests, Log: t.Rev.Number,
	}
	if t.Requirements != nil {
		ticket.Tier, ticket.Skills = t.Requirements.Tier, t.Requirements.Skills
	}
	if t.Offer != nil {
		ticket.OfferedTo = t.Offer.Agent
	}
	if t.Hold != nil {
		ticket.HeldFor = t.Hold.Agent
	}
	for _, d := range t.Declines {
		ticket.Declined = append(ticket.Declined, d.Agent)
	}
	if v := st.Visitor(t.Visitor); v != nil && v.Ticket == t.ID {
		ticket.VisitorNode, ticket.VisitorLostMS = v.Session.Node, int64(v.Session.LostAt)
	}
	if a := st.Agent(t.HeldBy()); a != nil {
		ticket.AgentNode, ticket.AgentLostMS = a.Session.Node, int64(a.Session.LostAt)
	}
	return ticket
}

// conversation lists entries after a number. A reason is asked for with the texts, and goes
// to the audit log.
func (p *port) conversation(r *http.Request) (any, error) {
	s, err := p.site(r.FormValue("site"))
	if err != nil {
		return nil, err
	}
	var after uint64
	if text := r.FormValue("after"); text != "" {
		if after, err = strconv.ParseUint(text, 10, 64); err != nil {
			return nil, badRequest("after: want the number of an entry")
		}
	}
	reason, by := "", ""
	if r.FormValue("texts") == "true" {
		reason, by = strings.TrimSpace(r.FormValue("reason")), strings.TrimSpace(r.FormValue("by"))
		if reason == "" || by == "" || len(reason)+len(by) > maxWords {
			return nil, errWords
		}
	}
	entries, err := s.Transcript(r.Context(), &app.Actor{Role: app.Admin, ID: by}, r.PathValue("ticket"), after, reason)
	if err != nil {
		if reason != "" {
			p.audit(r.Context(), "read", Command{By: by, Reason: reason, Site: r.FormValue("site"), Ticket: r.PathValue("ticket")}, "refused", true)
		}
		return nil, err
	}
	list := []Entry{}
	for i := range entries {
		e := &entries[i]
		list = append(list, Entry{
			Number: e.Number, AtMS: e.AtMS, Kind: string(e.Kind), Role: string(e.From.Role), From: e.From.ID,
			MessageID: e.MessageID, UpTo: e.UpTo, Text: e.Body.Text,
		})
	}
	return list, nil
}

func (p *port) nodes(r *http.Request) (any, error) {
	nodes, err := p.App().Nodes(r.Context())
	if err != nil {
		return nil, errors.Join(errNodes, err)
	}
	list := []Node{}
	for _, n := range nodes {
		list = append(list, Node{Name: n.Name, Self: p.App().IsOwnNode(n.Name), Level: int(n.Level), Differs: n.Differs})
	}
	return list, nil
}

func (p *port) level(r *http.Request) (any, error) {
	levels := Levels{Sites: []NamedLevel{}, Nodes: []NamedLevel{}}
	for _, id := range p.App().Sites() {
		level, _ := p.App().Site(id).Level()
		levels.Sites = append(levels.Sites, NamedLevel{id, int(level)})
	}
	nodes, err := p.App().Nodes(r.Context())
	if err != nil {
		levels.Unknown = errNodes.Error()
	}
	for _, n := range nodes {
		levels.Nodes = append(levels.Nodes, NamedLevel{n.Name, int(n.Level)})
	}
	return levels, nil
}
