package gateway

import (
	"context"
	"sync"
	"time"

	"nextup/app"
	"nextup/gateway/protocol"
)

// people are the persons of a site with a conn on this gateway.
type people struct {
	mu                            sync.RWMutex
	visitors, agents, supervisors map[string][]*conn
	conns                         int
}

func newPeople() people {
	return people{visitors: map[string][]*conn{}, agents: map[string][]*conn{}, supervisors: map[string][]*conn{}}
}

func (p *people) byRole(role protocol.Role) map[string][]*conn {
	switch role {
	case protocol.Agent:
		return p.agents
	case protocol.Supervisor:
		return p.supervisors
	case protocol.Visitor:
		return p.visitors
	}
	return p.visitors
}

// of lists the conns of a person. The caller may not change the slice.
func (p *people) of(subject string, role protocol.Role) []*conn {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.byRole(role)[subject]
}

// ofRole lists the conns of a role.
func (p *people) ofRole(role protocol.Role) []*conn {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var all []*conn
	for _, conns := range p.byRole(role) {
		all = append(all, conns...)
	}
	return all
}

// all lists the conns.
func (p *people) all() []*conn {
	var all []*conn
	for _, role := range protocol.Roles() {
		all = append(all, p.ofRole(role)...)
	}
	return all
}

// enter adds a conn to its person's, or names the limit that it would break.
func (s *site) enter(c *conn) (limit string) {
	s.people.mu.Lock()
	defer s.people.mu.Unlock()
	m, limits := s.people.byRole(c.id.Role), s.file.Load().Limits
	switch {
	case s.people.conns >= limits.Conns:
		return "conns"
	case len(m[c.id.Subject]) >= limits.ConnsPerPerson:
		return "conns_per_person"
	case !s.addresses.add(c.from, limits.ConnsPerAddress):
		return "conns_per_address"
	}
	c.site = s // from here on others find it
	m[c.id.Subject] = append(m[c.id.Subject], c)
	s.people.conns++
	return ""
}

// exit removes a conn and reports whether it was its person's last one here.
func (s *site) exit(c *conn) (last bool) {
	s.addresses.remove(c.from)
	s.people.mu.Lock()
	defer s.people.mu.Unlock()
	s.people.conns--
	m := s.people.byRole(c.id.Role)
	var left []*conn // a new slice: others may be reading the old one
	for _, other := range m[c.id.Subject] {
		if other != c {
			left = append(left, other)
		}
	}
	if len(left) == 0 {
		delete(m, c.id.Subject)
		return true
	}
	m[c.id.Subject] = left
	return false
}

// Of implements app.Connections.
func (p *people) Of(role app.Role, id string) app.Connection {
	if here := p.of(id, protocol.Role(role)); len(here) > 0 {
		return here[0]
	}
	return nil
}

// All implements app.Connections.
func (p *people) All() []app.Connection {
	var all []app.Connection
	for _, c := range p.all() {
		all = append(all, c)
	}
	return all
}

// pause waits, or less if ctx ends.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
