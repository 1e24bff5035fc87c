package view

import (
	"slices"

	"nextup/gateway/protocol"
	"nextup/queue"
	"nextup/queue/eta"
)

// TicketSnapshot is what the state says of a visitor's newest ticket at a log number.
type TicketSnapshot struct {
	Ticket *queue.Ticket // nil for none
	Log    uint64
	// Restores is how often the replica had been replaced; the reader of the state fills
	// it in.
	Restores uint64

	// What a ticket in line has; Position is from 1.
	Position, size     int
	wait               queue.EstimatedWait
	paused, unattended bool
	hold               *protocol.Hold
	// agent has the ticket, or had it last.
	agent     *protocol.Person
	agentLost bool
}

// SnapshotOf looks at a visitor's newest ticket.
func SnapshotOf(st *queue.State, visitor string) TicketSnapshot {
	t := st.TicketOf(visitor)
	s := TicketSnapshot{Ticket: t, Log: st.Number()}
	switch {
	case t == nil:
	case t.Queued():
		q := t.Queue()
		s.Position, s.size, s.paused = st.Position(t), st.Size(q), st.Paused(q) != nil
		s.wait, s.hold, s.unattended = st.CurveOf(t).At(s.Position), holdOf(st, t), st.Unattended(t)
	case st.Agent(t.Agent) != nil:
		s.agent, s.agentLost = agentPerson(st, t.Agent), agentLost(st, t)
	}
	return s
}

// Line takes the snapshots of the tickets of one queue, one after the other, and shares
// what they have in common.
type Line struct {
	st           *queue.State
	snapshot     TicketSnapshot
	requirements *queue.Requirements
	curve        queue.Curve
}

// NewLine prepares the snapshots of a queue.
func NewLine(st *queue.State, q queue.QueueID, restores uint64) Line {
	return Line{st: st, snapshot: TicketSnapshot{Log: st.Number(), Restores: restores, size: st.Size(q), paused: st.Paused(q) != nil}}
}

// At is the snapshot of the ticket at a position, in force until the next call.
func (l *Line) At(position int, t *queue.Ticket) *TicketSnapshot {
	if t.Requirements != l.requirements || l.requirements == nil {
		l.requirements, l.curve = t.Requirements, l.st.CurveOf(t)
	}
	s := &l.snapshot
	s.Ticket, s.Position, s.wait, s.hold, s.unattended = t, position, l.curve.At(position), holdOf(l.st, t), l.st.Unattended(t)
	return s
}

// Ticket is what one connection was shown last of its visitor's ticket. The zero
// Ticket has shown nothing.
type Ticket struct {
	shown protocol.Ticket
	// wait is the wait as this person sees it, which does not flicker.
	wait eta.Range
	// waiting is since when the ticket shown last waits, or waited: it changes with
	// a transfer.
	waiting queue.Stamp
}

// Resume notes the log number that the client was shown last, by another connection.
func (v *Ticket) Resume(log uint64) { v.shown.Log = log }

// InLine reports whether a place in line was shown last.
func (v *Ticket) InLine() bool { return v.shown.Position > 0 }

// Shown is the frame that was shown last.
func (v *Ticket) Shown() *protocol.Ticket { return &v.shown }

// Note remembers a frame that is shown.
func (v *Ticket) Note(s *TicketSnapshot, frame protocol.Ticket) {
	v.shown, v.waiting = frame, s.Ticket.WaitingSince
}

// Frame is what a visitor reads of a snapshot of their ticket at the log's time now.
// Read reads the state, which is done only where a place got worse.
func (v *Ticket) Frame(s *TicketSnapshot, now queue.Stamp, read func(func(*queue.State))) protocol.Ticket {
	t := s.Ticket
	f := protocol.Ticket{
		Ticket: t.ID, Status: protocol.TicketStatus(t.Status),
		Department: t.Department, Language: t.Language, JoinedAtMS: int64(t.JoinedAt),
		End: protocol.EndReason(t.End), Rating: ratingOf(t), Agent: s.agent, AgentLost: s.agentLost,
		AsOfMS: int64(now), Log: s.Log,
	}
	if !t.Queued() {
		return f
	}
	if v.shown.Ticket != t.ID {
		v.wait = eta.Range{}
	}
	v.wait = v.wait.Next(s.wait)
	w := waitFrame(v.wait)
	f.Position, f.Size, f.Wait, f.Widened, f.Hold = s.Position, s.size, &w, t.Step, s.hold
	f.Paused, f.Unattended = s.paused, s.unattended
	if t.Requirements != nil {
		f.Languages = t.Requirements.Languages
	}
	f.Reason = v.reason(s, read)
	return f
}

// reason says why the place of a ticket in line is worse than it was shown, or why
// the ticket is in line again. The first view of a connection does not know what was
// shown before, only the log's number.
func (v *Ticket) reason(s *TicketSnapshot, read func(func(*queue.State))) (reason protocol.Reason) {
	t, before := s.Ticket, &v.shown
	first, same := before.Ticket == "" && before.Log > 0, before.Ticket == t.ID
	switch back := same && before.Status == protocol.Assigned; {
	case (first || same) && t.LostSince(before.Log), back && t.WaitingSince == v.waiting:
		return protocol.ReasonAgentLost
	case back:
		return protocol.TransferIn
	case first || same && before.Position > 0 && s.Position > before.Position:
		log := before.Log
		read(func(st *queue.State) { reason = protocol.Reason(st.Worsened(t, log)) })
	}
	return reason
}

// Reads reports whether a person would read the same off a frame as off the one that
// was shown last. How many stand behind changes all the time and is brought along by the
// others.
func (v *Ticket) Reads(f *protocol.Ticket) bool {
	a := &v.shown
	return a.Ticket == f.Ticket && a.Status == f.Status && a.Position == f.Position && a.End == f.End &&
		a.Department == f.Department && a.Language == f.Language && a.Widened == f.Widened && a.Paused == f.Paused &&
		a.AgentLost == f.AgentLost && a.Unattended == f.Unattended && same(a.Wait, f.Wait) && same(a.Agent, f.Agent) && same(a.Hold, f.Hold) && same(a.Rating, f.Rating) &&
		slices.Equal(a.Languages, f.Languages)
}

func same[T comparable](a, b *T) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}
