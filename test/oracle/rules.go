package oracle

import "time"

// Rules are what the oracle must know of a run.
type Rules struct {
	// Site is the site's id.
	Site string
	// VisitorGrace is the site's.
	VisitorGrace time.Duration
	// Slack is how much later than promised something may be noticed: what an
	// outage of the log took, and some time for a busy machine.
	Slack time.Duration
	// Staleness is how old the replica may have been on which an offer was
	// decided, in the log's time.
	Staleness time.Duration
	// Patience is for how long it may be that nothing dispatches: the lease of a
	// dispatcher that was killed, and the start of the next. With 0 it is not judged
	// how long a ticket waits while an agent has room.
	Patience time.Duration
	// Routing is what the site file says of routing; nil for a site of the defaults,
	// of which less is judged.
	Routing *Routing
	// MayFork says that records could be lost: acknowledged messages and views
	// may be gone then, for those who heard reset or had to connect anew.
	MayFork bool
	// Durable says that what was acknowledged is not among what could be lost.
	Durable bool
	// Blind is the socket of a gateway that was cut off from the log when it forked:
	// it cannot tell, and is to send its conns elsewhere.
	Blind string
}

// Routing is what a site file says of who is served when and by which agents.
type Routing struct {
	Departments map[string]Department
	Topics      map[string]Topic
	Tiers       map[string]time.Duration // by the claim of a visitor's token
	Urgencies   map[string]time.Duration
	Fallback    string // language
	Agents      []Agent
}

// Department is one department's rules.
type Department struct {
	Languages            []string
	Tier, Minimum        int // Minimum is the proficiency that is asked for
	Skills               []string
	OfferTimeout, WrapUp time.Duration
	AutoAccept           bool
	Widening             []Widening
}

// Widening is a step by which a ticket that waits asks for less.
type Widening struct {
	After   time.Duration
	Spread  string // to which languages: listed, fallback or none
	Drop    []string
	Minimum int // proficiency; 0 leaves it
}

// Topic is what a visitor asks about.
type Topic struct {
	HeadStart      time.Duration
	Weight, Tier   int
	Skills, Wishes []string
}

// Agent is one agent's part of the site file.
type Agent struct {
	ID             string
	Capacity, Tier int
	Skills         []string
	Languages      map[string]int
}
