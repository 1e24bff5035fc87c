package queue

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"

	"github.com/go-json-experiment/json"
)

// Site is one tenant's rules, as its site file states them. They should be equal on
// every gateway; replay does not depend on it. A Site is never modified: new
// rules are a new Site (State.SetSite).
type Site struct {
	ID          string
	Departments []Department
	// Grace is how long a lost conn keeps its place.
	VisitorGrace, AgentGrace Millis
	// AssignedGrace is how long a visitor lost in conversation is waited for.
	AssignedGrace Millis
	// TicketLimit bounds the open tickets of the site; 0 means none.
	TicketLimit int
	// VisitorTickets bounds the tickets that one visitor makes in 24 hours: as many at
	// once, and then one more each time that its share of the day has passed; 0 means
	// none.
	VisitorTickets int
	// Retention is how long ended tickets are kept.
	Retention Millis
	// Fallback is the language in which any visitor may be served in the end, "" for
	// none.
	Fallback string
	// VisitorTiers, Urgencies and Topics give head starts by name; a name that is
	// not there gives none.
	VisitorTiers map[string]Millis
	Urgencies    map[string]Urgency
	Topics       map[string]Topic
	// StickyWindow is how long the agent who served a visitor is preferred for
	// them, StickyHold how long such an agent is waited for while busy. 0 for not.
	StickyWindow, StickyHold Millis
	// TransferHold is how long a ticket given to an agent waits for them.
	TransferHold Millis
	// MaxCapacity is the greatest capacity that any agent can have, 0 for unknown.
	MaxCapacity int
	// Planned are the agents whose shifts are known, by id.
	Planned map[string]*Planned
}

// Urgency is a word for how urgent a matter is.
type Urgency struct {
	HeadStart Millis
	// VisitorsMay says that visitors may choose it; else only their token can.
	VisitorsMay bool
}

// Topic is a matter that the site knows.
type Topic struct {
	HeadStart Millis
	// Weight is how much of a capacity its tickets take; 0 counts as 1. No place is
	// kept free for a heavy ticket: while lighter ones take each single place as it
	// comes free, it waits for an agent with as much room at once.
	Weight int
	// Skills are required, Wishes preferred.
	Skills, Wishes []string
	// Tier is the lowest that will do; 0 leaves it to the department.
	Tier int
	// Departments are those in which some agent can serve it; nil is all. It cannot
	// be joined elsewhere, where it would wait for ever; transferred there, it asks
	// for nothing and weighs 1.
	Departments []string
}

// ServedIn reports whether a department has agents for the topic.
func (t *Topic) ServedIn(department string) bool {
	return t.Departments == nil || slices.Contains(t.Departments, department)
}

// Department is a group by matter.
type Department struct {
	ID string
	// Name is for people.
	Name string
	// Languages are canonical BCP 47 tags; each makes one queue.
	Languages []string
	// QueueLimit bounds the tickets in one queue.
	QueueLimit int
	// OfferTTL is how long an agent has to accept. An agent that did not take a ticket
	// is not offered it again for as long.
	OfferTTL Millis
	// AutoAccept assigns tickets without asking.
	AutoAccept bool
	// Tier, Skills and MinProficiency are required of every agent who serves here.
	Tier           int
	Skills         []string
	MinProficiency Proficiency
	// Widening lets more agents serve a ticket that waits for long, step by step.
	Widening []Widening
	// WrapUp is how long an agent's place stays taken after a conversation, for
	// notes.
	WrapUp Millis
}

// Department returns the department with the id.
func (s *Site) Department(id string) (Department, bool) {
	i := slices.IndexFunc(s.Departments, func(d Department) bool { return d.ID == id })
	if i < 0 {
		return Department{}, false
	}
	return s.Departments[i], true
}

// Queues lists the site's queues in the order of the site file.
func (s *Site) Queues() []QueueID {
	var all []QueueID
	for _, d := range s.Departments {
		for _, l := range d.Languages {
			all = append(all, QueueID{d.ID, l})
		}
	}
	return all
}

// Digest names the rules: two gateways with equal ones have the same.
func (s *Site) Digest() string {
	data, err := json.Marshal(s, json.Deterministic(true))
	if err != nil {
		panic(err) // plain data cannot fail
	}
	sum := sha256.Sum256(data)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}
