package queue

import "slices"

// Site is one tenant's rules, as its site file states them. Sites are equal on
// every gateway and never change under a State.
type Site struct {
	ID          string
	Departments []Department
	// Grace is how long a lost conn keeps its place.
	VisitorGrace, AgentGrace Millis
	// AssignedGrace is how long a visitor lost in conversation is waited for.
	AssignedGrace Millis
	// TicketLimit bounds the open tickets of the site; 0 means none.
	TicketLimit int
	// Retention is how long ended tickets are kept.
	Retention Millis
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
	// OfferTTL is how long an agent has to accept.
	OfferTTL Millis
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
