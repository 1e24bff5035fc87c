package protocol

// Rate is a visitor's rating of the conversation; a second one replaces the first.
type Rate struct {
	Envelope
	Ticket string `json:"ticket"`
	// Score is 1 (worst) to 5 (best).
	Score int `json:"score"`
	// Comment is at most 2048 bytes.
	Comment string `json:"comment,omitzero"`
}

// Finish ends the wrap-up of a closed ticket: its place is free again.
type Finish struct {
	Envelope
	Ticket string `json:"ticket"`
}

// TransferTo is the agent or the place that a ticket goes to; at least one field is
// set.
type TransferTo struct {
	// Agent is the sub of an agent.
	Agent      string `json:"agent,omitzero"`
	Department string `json:"department,omitzero"`
	Language   string `json:"language,omitzero"`
	// Tier is 1 to 3.
	Tier int `json:"tier,omitzero"`
}

// Transfer passes a ticket on. An agent may pass on a ticket that they hold, a
// supervisor any. The conversation and the time of the join stay.
type Transfer struct {
	Envelope
	Ticket string     `json:"ticket"`
	To     TransferTo `json:"to"`
	// Note is for the agent who takes it, at most 2048 bytes; visitors do not see it.
	Note string `json:"note,omitzero"`
}

// Consult invites a second agent into a conversation; at most 3 at a time.
type Consult struct {
	Envelope
	Ticket string `json:"ticket"`
	// Agent is the sub of the agent.
	Agent string `json:"agent"`
}

// Note appends an entry that agents and supervisors read, and visitors do not.
type Note struct {
	Envelope
	Ticket string `json:"ticket"`
	// MessageID and Text are as those of a message.
	MessageID string `json:"message_id"`
	Text      string `json:"text"`
}

// Whisper is a supervisor's message to the agents of a conversation; the visitor does
// not see it.
type Whisper struct {
	Envelope
	Ticket string `json:"ticket"`
	// MessageID and Text are as those of a message.
	MessageID string `json:"message_id"`
	Text      string `json:"text"`
}

// HeadStart sets a waiting ticket's head start.
type HeadStart struct {
	Envelope
	Ticket string `json:"ticket"`
	// HeadStartS is from -86400 to 86400 seconds and replaces what the ticket has.
	HeadStartS int64 `json:"head_start_s"`
	// Reason is 1 to 128 bytes; it stays with the ticket.
	Reason string `json:"reason"`
}

// Pause stops serving a queue, or resumes it. Its visitors keep their places, and
// others may join.
type Pause struct {
	Envelope
	Department string `json:"department"`
	Language   string `json:"language"`
	Paused     bool   `json:"paused"`
	// Reason is at most 128 bytes.
	Reason string `json:"reason,omitzero"`
}
