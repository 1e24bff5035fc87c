package view

import (
	"maps"
	"slices"

	"nextup/gateway/protocol"
	"nextup/queue"
)

// Desk is everything that an agent holds and was invited into, at the log's time now;
// ok is false for an agent who is not in the log.
func Desk(st *queue.State, agent string, now queue.Stamp) (f protocol.Desk, ok bool) {
	a := st.Agent(agent)
	if a == nil {
		return protocol.Desk{}, false
	}
	f = protocol.Desk{
		Status: protocol.AgentStatus(a.Status), AwayReason: protocol.AwayReason(a.AwayReason),
		Capacity: a.Capacity, Load: st.Load(a.ID),
		Languages: slices.Sorted(maps.Keys(a.Languages)), Proficiency: a.Languages, Tier: a.Tier, Skills: a.Skills,
		Offers: []protocol.DeskOffer{}, Tickets: []protocol.DeskTicket{},
		AsOfMS: int64(now), Log: st.Number(),
	}
	for _, t := range st.Held(a.ID) {
		if t.Status == queue.Offered {
			f.Offers = append(f.Offers, protocol.DeskOffer{Offer: t.Offer.ID, DeadlineMS: int64(t.Offer.Deadline()), DeskTicket: deskTicket(st, t)})
		} else {
			f.Tickets = append(f.Tickets, deskTicket(st, t))
		}
	}
	for _, t := range st.Guesting(a.ID) {
		d := deskTicket(st, t)
		d.Guest, d.Owner, d.AgentLost = true, agentPerson(st, t.Agent), agentLost(st, t)
		f.Tickets = append(f.Tickets, d)
	}
	return f, true
}

func deskTicket(st *queue.State, t *queue.Ticket) protocol.DeskTicket {
	d := protocol.DeskTicket{
		Ticket: t.ID, Department: t.Department, Language: t.Language, Topic: t.Topic,
		VisitorTier: t.VisitorTier, Urgency: t.Urgency, HeadStartS: int64(t.HeadStart / 1000),
		Wishes: t.Wishes, Weight: t.Weight, Visitor: visitorPerson(t),
		JoinedAtMS: int64(t.JoinedAt), TransferredBy: transferrer(st, t), Rating: ratingOf(t),
	}
	if t.Requirements != nil {
		d.Tier, d.Skills, d.Languages = t.Requirements.Tier, t.Requirements.Skills, t.Requirements.Languages
	}
	if t.Status == queue.Assigned || t.Status == queue.Closed {
		d.AssignedAtMS, d.Token = int64(t.AssignedAt), t.Token
	}
	if t.Status == queue.Closed && t.WrapUp > 0 {
		d.WrapUpUntilMS = int64(t.EndedAt.Add(t.WrapUp))
	}
	if t.Closing != nil {
		d.ClosingUntilMS = int64(t.Closing.Until())
	}
	for _, guest := range t.Guests {
		d.Guests = append(d.Guests, *agentPerson(st, guest))
	}
	if v := st.Visitor(t.Visitor); v != nil && t.Open() {
		d.VisitorLost = v.Session.Lost()
	}
	return d
}

// EndedTicket is one element of the answer of GET /v1/tickets.
type EndedTicket struct {
	protocol.DeskTicket
	EndedAtMS int64 `json:"ended_at_ms"`
	// Agent is the agent who held it last; absent where none did.
	Agent *protocol.Person `json:"agent,omitzero"`
}

// Ended is a ticket that has ended.
func Ended(st *queue.State, t *queue.Ticket) EndedTicket {
	e := EndedTicket{DeskTicket: deskTicket(st, t), EndedAtMS: int64(t.EndedAt)}
	if t.Agent != "" {
		e.Agent = agentPerson(st, t.Agent)
	}
	return e
}
