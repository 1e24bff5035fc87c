package protocol

// Board is the supervisor's view: the queues and the agents of the site, whole
// each time, at most once a second.
type Board struct {
	Type   Type         `json:"type"`
	Queues []BoardQueue `json:"queues"`
	Agents []BoardAgent `json:"agents"`
	// QueuesLeftOut, AgentsLeftOut and TicketsLeftOut are how many are not shown,
	// past the first 200 queues, 500 agents and 2000 tickets.
	QueuesLeftOut  int `json:"queues_left_out,omitzero"`
	AgentsLeftOut  int `json:"agents_left_out,omitzero"`
	TicketsLeftOut int `json:"tickets_left_out,omitzero"`
	// RulesDiffer is true while the gateways run different site files.
	RulesDiffer bool `json:"rules_differ,omitzero"`
	// LogEvicts is true while the server that keeps the site's log throws keys away
	// when its memory is full, so that people will lose their places.
	LogEvicts bool `json:"log_evicts,omitzero"`
	// Today sums up the last day; absent where nothing happened.
	Today  *BoardToday `json:"today,omitzero"`
	AsOfMS int64       `json:"as_of_ms"`
	Log    uint64      `json:"log"`
}

// BoardQueue is one line.
type BoardQueue struct {
	// Queue is "department/language".
	Queue      string `json:"queue"`
	Department string `json:"department"`
	Language   string `json:"language"`
	Size       int    `json:"size"`
	// OldestAtMS is when the visitor who waits longest joined; 0 for an empty line.
	// Oldest is that visitor's ticket; absent for an empty line.
	OldestAtMS int64        `json:"oldest_at_ms,omitzero"`
	Oldest     *BoardTicket `json:"oldest,omitzero"`
	// Wait is for a visitor who joins now.
	Wait   Wait `json:"wait"`
	Paused bool `json:"paused,omitzero"`
	// Unattended is true while no agent who serves the queue is available.
	Unattended bool `json:"unattended,omitzero"`
	// Withdrawn is true if the site file no longer has the queue. It is shown until the
	// last ticket has left it.
	Withdrawn bool `json:"withdrawn,omitzero"`
	// AgentsWithRoom would be offered a ticket now.
	AgentsWithRoom int `json:"agents_with_room"`
	// Truth is how true the shown waits were, newer ones counting more; absent where
	// none was judged.
	Truth *BoardTruth `json:"truth,omitzero"`
}

// BoardTruth counts waits that ended with an agent: those judged, and those of
// them inside the interval that was to hold four in five.
type BoardTruth struct {
	Judged int `json:"judged"`
	Inside int `json:"inside"`
	// Bands are the same by the position at the join, in order; those without a judged
	// wait are left out.
	Bands []BoardTruthBand `json:"bands,omitzero"`
}

// BoardTruthBand counts the waits of those who joined at positions From to To; To is
// absent for all from From on. Over are those above the upper end that was shown.
type BoardTruthBand struct {
	From   int `json:"from"`
	To     int `json:"to,omitzero"`
	Judged int `json:"judged"`
	Inside int `json:"inside"`
	Over   int `json:"over,omitzero"`
}

// BoardToday is the last 24 hours in quarters of an hour: a client sums up the day of
// its own time zone.
type BoardToday struct {
	// TargetS is how soon an agent should answer, in seconds.
	TargetS int64 `json:"target_s"`
	// BucketS is how long a bucket is, in seconds.
	BucketS int64 `json:"bucket_s"`
	// Buckets are those in which anything happened, the oldest first; at most 97.
	Buckets []BoardBucket `json:"buckets"`
}

// BoardBucket counts what happened from AtMS on. Times are sums in seconds, for
// means over any number of buckets.
type BoardBucket struct {
	AtMS   int64 `json:"at_ms"`
	Joined int64 `json:"joined,omitzero"`
	// Answered are the visitors taken by an agent for the first time, InTarget those of
	// them who had waited no longer than the target, WaitedS the sum of their waits.
	Answered int64 `json:"answered,omitzero"`
	InTarget int64 `json:"in_target,omitzero"`
	WaitedS  int64 `json:"waited_s,omitzero"`
	// Abandoned are the visitors who left or were lost before any agent took them.
	Abandoned int64 `json:"abandoned,omitzero"`
	// Handled are the conversations that ended, HandledS their length, Solved those
	// of them that their first agent ended and whose visitor has not come back.
	Handled  int64 `json:"handled,omitzero"`
	HandledS int64 `json:"handled_s,omitzero"`
	Solved   int64 `json:"solved,omitzero"`
	// Rated are the ratings given, Score their sum.
	Rated int64 `json:"rated,omitzero"`
	Score int64 `json:"score,omitzero"`
}

// BoardAgent is one agent who is not offline, or holds something.
type BoardAgent struct {
	ID          string      `json:"id"`
	Name        string      `json:"name,omitzero"`
	Status      AgentStatus `json:"status"`
	Languages   []string    `json:"languages"`
	Departments []string    `json:"departments"`
	Skills      []string    `json:"skills,omitzero"`
	Tier        int         `json:"tier"`
	Capacity    int         `json:"capacity"`
	Load        int         `json:"load"`
	// Lost is true while the agent's conn is gone and may come back.
	Lost bool `json:"lost,omitzero"`
	// Tickets are those held, offered or wrapped up.
	Tickets []BoardTicket `json:"tickets,omitzero"`
}

// BoardTicket is one ticket of an agent, or the one that waits longest in a queue.
type BoardTicket struct {
	Ticket       string       `json:"ticket"`
	Visitor      Person       `json:"visitor"`
	Status       TicketStatus `json:"status"`
	Department   string       `json:"department"`
	Language     string       `json:"language"`
	JoinedAtMS   int64        `json:"joined_at_ms"`
	AssignedAtMS int64        `json:"assigned_at_ms,omitzero"`
}
