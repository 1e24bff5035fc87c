// Package view turns the state of a site into what people are shown: frames of the
// wire and the answers of HTTP. It is pure: it knows no connection, no site that is
// followed and no clock, so the first frame, an update and the answer to a reconnect
// cannot disagree.
//
//	var s view.TicketSnapshot
//	replica.Read(func(st *queue.State) { s = view.SnapshotOf(st, visitor) })
//	frame := ticket.Frame(&s, now, replica.Read) // ticket is a view.Ticket, what was shown last
//	if !ticket.Reads(&frame) {
//		ticket.Note(&s, frame)
//		send(frame)
//	}
//
// A TicketSnapshot is taken while the state is locked and turned into a frame after
// that. A Ticket remembers what one connection was shown, since a frame says why a
// place got worse.
package view

import (
	"nextup/gateway/protocol"
	"nextup/queue"
	"nextup/queue/eta"
)

// waitFrame is a range as people are shown it.
func waitFrame(r eta.Range) protocol.Wait {
	return protocol.Wait{Known: r.Known, LowS: r.Low, HighS: r.High}
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

// transferrer is the person who passed the ticket on: an agent of the log, or else a
// supervisor, who is in the log by id alone.
func transferrer(st *queue.State, t *queue.Ticket) *protocol.Person {
	switch {
	case t.TransferredBy == "":
		return nil
	case st.Agent(t.TransferredBy) != nil:
		return agentPerson(st, t.TransferredBy)
	default:
		return &protocol.Person{Role: protocol.Supervisor, ID: t.TransferredBy}
	}
}

// agentLost reports whether the connection of the agent who has the ticket is lost.
func agentLost(st *queue.State, t *queue.Ticket) bool {
	a := st.Agent(t.Agent)
	return t.Status == queue.Assigned && a != nil && a.Session.Lost()
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
