package gateway

import (
	"maps"
	"slices"
	"time"

	"nextup/gateway/protocol"
	"nextup/queue"
)

// showDesk shows an agent everything they hold, and what they were invited into.
func (c *conn) showDesk() {
	var f protocol.Desk
	found := false
	c.site.Read(func(st *queue.State) {
		a := st.Agent(c.id.Subject)
		if a == nil {
			return
		}
		found = true
		f = protocol.Desk{
			Status: protocol.AgentStatus(a.Status), AwayReason: protocol.AwayReason(a.AwayReason),
			Capacity: a.Capacity, Load: st.Load(a.ID),
			Languages: slices.Sorted(maps.Keys(a.Languages)), Proficiency: a.Languages, Tier: a.Tier, Skills: a.Skills,
			Offers: []protocol.DeskOffer{}, Tickets: []protocol.DeskTicket{},
			AsOfMS: int64(c.site.Now()), Log: st.Number(),
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
	})
	if found {
		c.view.sent = time.Now()
		c.send(f)
	}
}

func deskTicket(st *queue.State, t *queue.Ticket) protocol.DeskTicket {
	d := protocol.DeskTicket{
		Ticket: t.ID, Department: t.Department, Language: t.Language, Topic: t.Topic,
		VisitorTier: t.VisitorTier, Urgency: t.Urgency, HeadStartS: int64(t.HeadStart / 1000),
		Wishes: t.Wishes, Weight: t.Weight, Visitor: visitorPerson(t),
		JoinedAtMS: int64(t.JoinedAt), TransferredBy: giver(st, t), Rating: ratingOf(t),
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

// agentLost says whether the conn of the agent who has the ticket is gone.
func agentLost(st *queue.State, t *queue.Ticket) bool {
	a := st.Agent(t.Agent)
	return t.Status == queue.Assigned && a != nil && a.Session.Lost()
}

func visitorPerson(t *queue.Ticket) protocol.Person {
	return protocol.Person{Role: protocol.Visitor, ID: t.Visitor, Name: t.VisitorName}
}

func agentPerson(st *queue.State, id string) *protocol.Person {
	p := &protocol.Person{Role: protocol.Agent, ID: id}
	if a := st.Agent(id); a != nil {
		p.Name = a.DisplayName
	}
	return p
}

// giver is who passed the ticket on: an agent whom the log knows, or else a
// supervisor, of whom it knows the id alone.
func giver(st *queue.State, t *queue.Ticket) *protocol.Person {
	switch {
	case t.TransferredBy == "":
		return nil
	case st.Agent(t.TransferredBy) != nil:
		return agentPerson(st, t.TransferredBy)
	default:
		return &protocol.Person{Role: protocol.Supervisor, ID: t.TransferredBy}
	}
}

func ratingOf(t *queue.Ticket) *protocol.Rating {
	if t.Rating == nil {
		return nil
	}
	return &protocol.Rating{Score: t.Rating.Score, Comment: t.Rating.Comment}
}

func holdOf(st *queue.State, t *queue.Ticket) *protocol.Hold {
	if t.Hold == nil {
		return nil
	}
	return &protocol.Hold{Agent: *agentPerson(st, t.Hold.Agent), UntilMS: int64(t.Hold.Until())}
}
