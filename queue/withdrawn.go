package queue

import (
	"cmp"
	"slices"
)

// withdrawnAfter is how long a ticket must have waited in a queue that the rules do
// not have until agents of its visitor's other languages may serve it: a file that
// brings the queue may not have reached this gateway yet.
const withdrawnAfter Millis = 10_000

// Withdrawn reports whether the rules do not have the queue, which tickets may be of
// nevertheless.
func (s *State) Withdrawn(q QueueID) bool {
	l := s.lines[q] // each queue of the rules has one
	return l == nil || l.withdrawn
}

// has reports whether a ticket can be in the queue.
func (s *State) has(q QueueID) bool {
	l := s.lines[q]
	return l != nil && (!l.withdrawn || l.len() > 0)
}

// Queues lists the queues that hold tickets although the rules do not have them, in
// order of their names, and then those of the rules, in the order of the site file.
func (s *State) Queues() []QueueID {
	var all []QueueID
	for q, l := range s.lines {
		if l.withdrawn && l.len() > 0 {
			all = append(all, q)
		}
	}
	slices.SortFunc(all, func(a, b QueueID) int { return cmp.Compare(a.String(), b.String()) })
	return append(all, s.site.Queues()...)
}

// relined makes the lines of new rules, and keeps those of withdrawn queues until
// they are empty.
func (s *State) relined() {
	for q, l := range s.lines {
		if l.withdrawn = true; l.len() == 0 {
			delete(s.lines, q)
		}
	}
	for _, q := range s.site.Queues() {
		s.line(q).withdrawn = false
	}
}

// opened is what is required of an agent by a ticket in a withdrawn queue, which may be
// served in any of its visitor's languages and in the site's fallback: no rule of the
// queue's own is left to say when. It is n itself if that changes nothing.
func (s *State) opened(n *Requirements, t *Ticket) *Requirements {
	n = s.widened(n, t, Widening{Languages: SpreadListed})
	return s.widened(n, t, Widening{Languages: SpreadFallback})
}
