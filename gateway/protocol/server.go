package protocol

// Welcome answers hello. For a visitor with an open or recently closed ticket a
// ticket frame follows at once; for an agent a desk frame does.
type Welcome struct {
	Type Type   `json:"type"`
	ID   string `json:"id,omitzero"`
	Site string `json:"site"`
	Role Role   `json:"role"`
	// Subject is the token's sub.
	Subject string `json:"subject"`
	Name    string `json:"name,omitzero"`
	// HeartbeatS is how often the client must send a heartbeat, in seconds. Two
	// missed ones and either side takes the conn for lost.
	HeartbeatS int `json:"heartbeat_s"`
	// ExpiresAtMS is when the token ends; renew it before.
	ExpiresAtMS int64 `json:"expires_at_ms"`
	// NowMS is the log's time.
	NowMS int64 `json:"now_ms"`
	// Departments are those of the site, for a page that asks where to join.
	Departments []Department `json:"departments"`
	// Urgencies are those that this visitor may choose, and Topics those that the site
	// knows, in alphabetical order; any other text is a topic as well.
	Urgencies []string `json:"urgencies,omitzero"`
	Topics    []string `json:"topics,omitzero"`
	// Features names the frames and fields that the site takes beyond those that every
	// gateway takes. A client sends what has such a name only if it stands here.
	Features []string `json:"features,omitzero"`
	// Conn is the name under which frames are posted for a conn without a socket, and
	// ReopenS is after how many seconds its stream is to be opened anew; both are absent on a
	// socket.
	Conn    string `json:"conn,omitzero"`
	ReopenS int    `json:"reopen_s,omitzero"`
}

// Department describes a department to a client.
type Department struct {
	ID string `json:"id"`
	// Name is for people; without it the ID serves.
	Name string `json:"name,omitzero"`
	// Languages are BCP 47 tags.
	Languages []string `json:"languages"`
}

// OK answers a request that succeeded.
type OK struct {
	Type Type   `json:"type"`
	ID   string `json:"id,omitzero"`
	// Log is the number of the site's log that holds the effect, 0 where there
	// is none.
	Log uint64 `json:"log,omitzero"`
	// Ticket is the ticket of a join.
	Ticket string `json:"ticket,omitzero"`
	// MessageID and Number answer a send: the entry's number in the conversation.
	MessageID string `json:"message_id,omitzero"`
	Number    uint64 `json:"number,omitzero"`
	AtMS      int64  `json:"at_ms,omitzero"`
	// ExpiresAtMS answers a renew.
	ExpiresAtMS int64 `json:"expires_at_ms,omitzero"`
}

// Error answers a request that was refused, or a frame that could not be read
// (then ID is empty). The socket stays open unless a close frame follows.
type Error struct {
	Type    Type   `json:"type"`
	ID      string `json:"id,omitzero"`
	Code    Code   `json:"code"`
	Message string `json:"message"`
	// Field names the offending field, where one is.
	Field string `json:"field,omitzero"`
	// Known lists what would have been accepted (departments, languages, agents,
	// urgencies).
	Known []string `json:"known,omitzero"`
	// RetryAfterMS is when to try the same request again, where that helps.
	RetryAfterMS int64 `json:"retry_after_ms,omitzero"`
}

// TicketStatus is where a ticket stands.
type TicketStatus string

// The life of a ticket: waiting, offered, assigned, then closed; or abandoned
// when the visitor left or was lost before an agent came.
const (
	Waiting   TicketStatus = "waiting"
	Offered   TicketStatus = "offered"
	Assigned  TicketStatus = "assigned"
	Closed    TicketStatus = "closed"
	Abandoned TicketStatus = "abandoned"
)

// Wait is a promise: a range of seconds, or explicitly unknown.
type Wait struct {
	Known bool `json:"known"`
	// One in four is served within LowS seconds from now, nine in ten within HighS.
	LowS  int `json:"low_s,omitzero"`
	HighS int `json:"high_s,omitzero"`
}

// Reason is why a place got worse.
type Reason string

// The reasons for a place that got worse.
const (
	PriorityArrival Reason = "priority_arrival"
	Returned        Reason = "returned"
	TransferIn      Reason = "transfer_in"
	Raised          Reason = "raised"
	Lowered         Reason = "lowered"
	ReasonAgentLost Reason = "agent_lost" // one's own agent was lost
)

// EndReason is why a ticket ended.
type EndReason string

// The reasons for an end.
const (
	EndAgentClosed EndReason = "agent_closed"
	EndVisitorLeft EndReason = "visitor_left"
	EndVisitorLost EndReason = "visitor_lost"
)

// Ticket is the visitor's view: their whole place.
type Ticket struct {
	Type       Type         `json:"type"`
	Ticket     string       `json:"ticket"`
	Status     TicketStatus `json:"status"`
	Department string       `json:"department"`
	Language   string       `json:"language"`
	JoinedAtMS int64        `json:"joined_at_ms"`
	// Position is the 1-based rank in line and Size the number in line; both are
	// set while the ticket is waiting or offered.
	Position int `json:"position,omitzero"`
	Size     int `json:"size,omitzero"`
	// Wait is set while the ticket is waiting or offered.
	Wait *Wait `json:"wait,omitzero"`
	// Reason is set when Position is worse than in the frame before, and when the
	// ticket is back in line.
	Reason Reason `json:"reason,omitzero"`
	// Languages are those in which the ticket may be served now, set while it is
	// waiting or offered. They grow with time where the department widens.
	Languages []string `json:"languages,omitzero"`
	// Widened is how many steps the department's widening has taken.
	Widened int `json:"widened,omitzero"`
	// Hold is set while the ticket waits for one agent.
	Hold *Hold `json:"hold,omitzero"`
	// Paused is true while this queue is not served.
	Paused bool `json:"paused,omitzero"`
	// Unattended is true while no agent who may serve the ticket is available, with room
	// or without.
	Unattended bool `json:"unattended,omitzero"`
	// Agent is set while the ticket is assigned, and after.
	Agent *Person `json:"agent,omitzero"`
	// AgentLost is true while the conn of the ticket's agent is gone and may come back.
	AgentLost bool `json:"agent_lost,omitzero"`
	// Rating is the visitor's own, once given.
	Rating *Rating `json:"rating,omitzero"`
	// End is set once the ticket is closed or abandoned.
	End EndReason `json:"end,omitzero"`
	// AsOfMS is the log's time, and Log the log's number, that this view shows.
	AsOfMS int64  `json:"as_of_ms"`
	Log    uint64 `json:"log"`
}

// Hold is the agent that a ticket waits for, and until when: then any agent who may
// serve it does.
type Hold struct {
	Agent   Person `json:"agent"`
	UntilMS int64  `json:"until_ms"`
}

// Rating is a visitor's rating of a conversation.
type Rating struct {
	// Score is 1 (worst) to 5 (best).
	Score   int    `json:"score"`
	Comment string `json:"comment,omitzero"`
}

// Person is a participant of a conversation.
type Person struct {
	Role Role   `json:"role"`
	ID   string `json:"id"`
	Name string `json:"name,omitzero"`
}

// AwayReason is why an agent was set away.
type AwayReason string

// AwayLapsed means that two offers in a row were not answered in time.
const AwayLapsed AwayReason = "lapsed"

// Desk is the agent's view: their status and everything they hold.
type Desk struct {
	Type   Type        `json:"type"`
	Status AgentStatus `json:"status"`
	// AwayReason is set when the agent is away and did not say so.
	AwayReason AwayReason `json:"away_reason,omitzero"`
	Capacity   int        `json:"capacity"`
	// Load is the sum of the weights of the tickets held, offered or wrapped up.
	Load      int      `json:"load"`
	Languages []string `json:"languages"`
	// Proficiency is 1 to 5 for each language.
	Proficiency map[string]int `json:"proficiency,omitzero"`
	// Tier is 1 (first line), 2 (specialist) or 3 (engineer).
	Tier    int          `json:"tier,omitzero"`
	Skills  []string     `json:"skills,omitzero"`
	Offers  []DeskOffer  `json:"offers"`
	Tickets []DeskTicket `json:"tickets"`
	AsOfMS  int64        `json:"as_of_ms"`
	Log     uint64       `json:"log"`
}

// DeskOffer is a ticket that an agent may take until a deadline.
type DeskOffer struct {
	Offer      string `json:"offer"`
	DeadlineMS int64  `json:"deadline_ms"`
	DeskTicket
}

// DeskTicket is a ticket as its agent sees it.
type DeskTicket struct {
	Ticket     string `json:"ticket"`
	Department string `json:"department"`
	Language   string `json:"language"`
	Topic      string `json:"topic,omitzero"`
	Visitor    Person `json:"visitor"`
	// VisitorTier is the tier claim of the visitor's token.
	VisitorTier string `json:"visitor_tier,omitzero"`
	Urgency     string `json:"urgency,omitzero"`
	// HeadStartS is the ticket's head start in seconds; it may be negative.
	HeadStartS int64 `json:"head_start_s,omitzero"`
	// Tier and Skills are required of the agent, Wishes are preferred, Languages are
	// those in which it may be served.
	Tier       int      `json:"tier,omitzero"`
	Skills     []string `json:"skills,omitzero"`
	Wishes     []string `json:"wishes,omitzero"`
	Languages  []string `json:"languages,omitzero"`
	Weight     int      `json:"weight"`
	JoinedAtMS int64    `json:"joined_at_ms"`
	// AssignedAtMS is 0 for an offer.
	AssignedAtMS int64 `json:"assigned_at_ms,omitzero"`
	// Token is the fencing token of the assignment, 0 for an offer.
	Token uint64 `json:"token,omitzero"`
	// VisitorLost is true while the visitor's conn is gone and may come back.
	VisitorLost bool `json:"visitor_lost,omitzero"`
	// TransferredBy is the person who passed it on, if one has.
	TransferredBy *Person `json:"transferred_by,omitzero"`
	// WrapUpUntilMS is set for a closed ticket that still takes its place.
	WrapUpUntilMS int64 `json:"wrap_up_until_ms,omitzero"`
	// ClosingUntilMS is set while the ticket is closing: then it ends.
	ClosingUntilMS int64 `json:"closing_until_ms,omitzero"`
	// Guest is true if this agent was invited into it and Owner holds it; Guests are all
	// who were invited.
	Guest bool    `json:"guest,omitzero"`
	Owner *Person `json:"owner,omitzero"`
	// AgentLost is true while the owner's conn is gone and may come back.
	AgentLost bool     `json:"agent_lost,omitzero"`
	Guests    []Person `json:"guests,omitzero"`
	// Rating is the visitor's, once given.
	Rating *Rating `json:"rating,omitzero"`
}

// EntryKind tells the entries of a conversation apart.
type EntryKind string

// The kinds of entry.
const (
	EntryMessage EntryKind = "message" // From, MessageID, Text
	EntryRead    EntryKind = "read"    // From has read everything up to UpTo
	EntryMember  EntryKind = "member"  // From, an agent or supervisor, has come into the conversation
	EntryClosed  EntryKind = "closed"  // nothing follows
	EntryNote    EntryKind = "note"    // From, MessageID, Text; for agents and supervisors alone
	EntryWhisper EntryKind = "whisper" // From, a supervisor, MessageID, Text; for agents and supervisors alone
	EntryHidden  EntryKind = "hidden"  // an entry that this person may not read
	// EntryAgentLost: From, the agent, was lost for good and the ticket waits again.
	EntryAgentLost EntryKind = "agent_lost"
)

// Entry is one record of a conversation. Numbers are gap-free and rise by one;
// a client that has seen n asks for the rest with open and after = n.
type Entry struct {
	Type   Type      `json:"type"`
	Ticket string    `json:"ticket"`
	Number uint64    `json:"number"`
	Kind   EntryKind `json:"kind"`
	AtMS   int64     `json:"at_ms"`
	From   *Person   `json:"from,omitzero"`
	// MessageID and Text are a message's, a note's or a whisper's.
	MessageID string `json:"message_id,omitzero"`
	Text      string `json:"text,omitzero"`
	// UpTo is a read mark's.
	UpTo uint64 `json:"up_to,omitzero"`
}

// Reset tells that the log was replaced (records were lost in a failover): the client
// drops what it knows of the conversation and opens it again from 0, or, without
// Ticket, what it knows of its place; a new view follows.
type Reset struct {
	Type   Type   `json:"type"`
	Ticket string `json:"ticket,omitzero"`
}

// Availability tells whether the site's log can be reached. While it cannot, the
// socket stays open, what was shown last stays, and requests are refused with
// unavailable; a view follows when it is back.
type Availability struct {
	Type      Type  `json:"type"`
	Available bool  `json:"available"`
	AsOfMS    int64 `json:"as_of_ms"`
}
