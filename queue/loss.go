package queue

// Loss says that a ticket lost its agent for good and went back in line, where it
// stood. It stays with the ticket: the visitor is told, and their conversation has
// a record of it.
type Loss struct {
	Agent string `json:"agent"`
	// Token is that of the assignment that was lost.
	Token uint64 `json:"token"`
	At    Stamp  `json:"at"`
	// Number is that of the record; 0 stands for the record's own.
	Number  uint64  `json:"number,omitzero"`
	Unknown Unknown `json:",embed"`
}

// LostSince says that the newest way back in line after a log number was the loss
// of the ticket's agent.
func (t *Ticket) LostSince(number uint64) bool {
	return t.Loss != nil && t.Loss.Number > number && t.Loss.At >= t.WaitingSince
}

// withoutLost is a ticket whose agent was lost for good: a conversation waits
// again, or ends if its agent was closing it.
func (t *Ticket) withoutLost() *Ticket {
	switch {
	case t.Status != Assigned:
		return t.givenUp()
	case t.Closing != nil:
		return t.ended(AgentClosed, 0)
	default:
		return t.agentLost()
	}
}
