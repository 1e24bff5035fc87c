package protocol

// Request is a frame that a client sends. Every request but typing and
// heartbeat is answered by exactly one frame that echoes its ID: welcome for
// hello, error when it was refused, ok otherwise.
type Request interface {
	// FrameType is the value of "type".
	FrameType() Type
	// RequestID is the client's own id of the request, echoed in the answer.
	RequestID() string
}

// Envelope is what every request carries.
type Envelope struct {
	Type Type `json:"type"`
	// ID is chosen by the client and echoed in the answer; at most 64 bytes.
	ID string `json:"id,omitzero"`
}

// FrameType implements Request.
func (e Envelope) FrameType() Type { return e.Type }

// RequestID implements Request.
func (e Envelope) RequestID() string { return e.ID }

// Hello is the first frame on a socket and must arrive within 3 seconds.
type Hello struct {
	Envelope
	// Token is a signed JWT; see the specification for its claims.
	Token string `json:"token"`
	// Log is the number of the newest view that the client was shown, 0 for none.
	// No older view follows, and the first one says why a place got worse since.
	Log uint64 `json:"log,omitzero"`
}

// Join puts a visitor in line. Joining again returns the ticket that is already
// there; with the same ID it is the same join, even if its ticket has ended.
type Join struct {
	Envelope
	// Department is the department's id in the site file.
	Department string `json:"department"`
	// Languages lists BCP 47 tags in order of preference; without it the token's
	// languages are used.
	Languages []string `json:"languages,omitzero"`
	// Topic is what the visitor says it is about; at most 128 bytes.
	Topic string `json:"topic,omitzero"`
	// Urgency is one of the site's urgencies that visitors may choose.
	Urgency string `json:"urgency,omitzero"`
	// LanguageRequired is true if only the listed languages will do, however long it
	// takes.
	LanguageRequired bool `json:"language_required,omitzero"`
}

// Leave ends a visitor's own ticket, in line or in conversation; of an agent who
// was invited by a consult, it ends their part in the conversation.
type Leave struct {
	Envelope
	Ticket string `json:"ticket"`
}

// Accept takes an offer: the ticket is the agent's from then on.
type Accept struct {
	Envelope
	Offer string `json:"offer"`
}

// Decline gives an offer back: the ticket keeps its place in line.
type Decline struct {
	Envelope
	Offer string `json:"offer"`
}

// AgentStatus is whether an agent takes tickets.
type AgentStatus string

// An available agent is offered tickets, one who is away finishes what they
// hold, one who is offline holds nothing.
const (
	Available AgentStatus = "available"
	Away      AgentStatus = "away"
	Offline   AgentStatus = "offline"
)

// Status sets the agent's status.
type Status struct {
	Envelope
	Status AgentStatus `json:"status"`
}

// Open starts the delivery of a conversation: all entries numbered above After,
// in order, then every new one as it is written. Opening again moves the start.
type Open struct {
	Envelope
	Ticket string `json:"ticket"`
	// After is the number of the last entry that the client has; 0 for none.
	After uint64 `json:"after,omitzero"`
	// AtMS is that entry's at_ms: with it, a conversation that lost entries and
	// used their numbers again is told by a reset. 0 for unknown.
	AtMS int64 `json:"at_ms,omitzero"`
}

// Send appends a message. Repeating it with the same MessageID and text is
// answered with the first one's number; another text is refused (id_reused).
type Send struct {
	Envelope
	Ticket string `json:"ticket"`
	// MessageID is chosen by the client, unique per sender and conversation; at
	// most 64 bytes.
	MessageID string `json:"message_id"`
	// Text is 1 to 8192 bytes of UTF-8.
	Text string `json:"text"`
}

// Typing tells that a participant began or stopped writing. It is passed on to the
// other participants, never stored and never answered. From the server it carries
// From.
type Typing struct {
	Type   Type   `json:"type"`
	Ticket string `json:"ticket"`
	On     bool   `json:"on"`
	// From is the participant who types; the server sets it.
	From *Person `json:"from,omitzero"`
}

// FrameType implements Request.
func (Typing) FrameType() Type { return TypeTyping }

// RequestID implements Request: typing is never answered.
func (Typing) RequestID() string { return "" }

// Read marks every entry up to UpTo as seen.
type Read struct {
	Envelope
	Ticket string `json:"ticket"`
	UpTo   uint64 `json:"up_to"`
}

// Close ends a conversation; only its agent may.
type Close struct {
	Envelope
	Ticket string `json:"ticket"`
	// AfterS is the number of seconds until it ends, 1 to 30: until then it is closing,
	// and CancelClose takes that back. Without it, it ends at once, closing or not.
	AfterS int `json:"after_s,omitzero"`
}

// CancelClose takes back that a conversation is closing.
type CancelClose struct {
	Envelope
	Ticket string `json:"ticket"`
}

// Renew replaces the token of a live socket before it expires. The new token
// must have the same site, role and subject.
type Renew struct {
	Envelope
	Token string `json:"token"`
}

// Heartbeat tells that the sender is there. Clients send one every
// welcome.heartbeat_s seconds; the server answers it with one that carries the
// log's time, so that a client can tell how old what it shows is.
type Heartbeat struct {
	Type Type `json:"type"`
	// AsOfMS and Log are set by the server.
	AsOfMS int64  `json:"as_of_ms,omitzero"`
	Log    uint64 `json:"log,omitzero"`
}

// FrameType implements Request.
func (Heartbeat) FrameType() Type { return TypeHeartbeat }

// RequestID implements Request: a heartbeat is answered by a heartbeat.
func (Heartbeat) RequestID() string { return "" }
