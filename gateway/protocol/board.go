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
	// RulesDiffer says that the gateways run different site files.
	RulesDiffer bool   `json:"rules_differ,omitzero"`
	AsOfMS      int64  `json:"as_of_ms"`
	Log         uint64 `json:"log"`
}

// BoardQueue is one line.
type BoardQueue struct {
	// Queue is "department/language".
	Queue      string `json:"queue"`
	Department string `json:"department"`
	Language   string `json:"language"`
	Size       int    `json:"size"`
	// OldestAtMS is when the one who waits longest joined; 0 for an empty line.
	OldestAtMS int64 `json:"oldest_at_ms,omitzero"`
	// Wait is for somebody who joins now.
	Wait   Wait `json:"wait"`
	Paused bool `json:"paused,omitzero"`
	// AgentsWithRoom would be offered a ticket now.
	AgentsWithRoom int `json:"agents_with_room"`
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
	// Lost says that the agent's conn is gone and may come back.
	Lost bool `json:"lost,omitzero"`
	// Tickets are those held, offered or wrapped up.
	Tickets []BoardTicket `json:"tickets,omitzero"`
}

// BoardTicket is one ticket of an agent.
type BoardTicket struct {
	Ticket       string       `json:"ticket"`
	Visitor      Person       `json:"visitor"`
	Status       TicketStatus `json:"status"`
	Department   string       `json:"department"`
	Language     string       `json:"language"`
	JoinedAtMS   int64        `json:"joined_at_ms"`
	AssignedAtMS int64        `json:"assigned_at_ms,omitzero"`
}
