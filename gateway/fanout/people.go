package fanout

import (
	"net/netip"
	"sync"

	"nextup/app"
)

// People are the persons of a site with a connection to this gateway. It implements
// app.Connections.
type People struct {
	mu    sync.RWMutex
	by    map[app.Role]map[string][]Conn // by role and id
	conns int
	// addresses counts the conns by address; the zero Addr is not counted.
	addresses map[netip.Addr]int
	// supervised holds one when a supervisor has come.
	supervised chan struct{}
}

// Bounds are the most conns of a site, of one person and from one address.
type Bounds struct{ Conns, PerPerson, PerAddress int }

func newPeople() *People {
	return &People{by: map[app.Role]map[string][]Conn{}, addresses: map[netip.Addr]int{}, supervised: make(chan struct{}, 1)}
}

// of lists the conns of a person. The caller may not change the slice.
func (p *People) of(role app.Role, id string) []Conn {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.by[role][id]
}

// OfPerson lists the conns of a person. The caller may not change the slice.
func (p *People) OfPerson(role app.Role, id string) []Conn { return p.of(role, id) }

// ofRole lists the conns of a role.
func (p *People) ofRole(role app.Role) []Conn {
	p.mu.RLock()
	defer p.mu.RUnlock()
	var all []Conn
	for _, conns := range p.by[role] {
		all = append(all, conns...)
	}
	return all
}

// Conns lists the conns.
func (p *People) Conns() []Conn {
	var all []Conn
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, persons := range p.by {
		for _, conns := range persons {
			all = append(all, conns...)
		}
	}
	return all
}

func (p *People) each(do func(Conn)) {
	for _, c := range p.Conns() {
		do(c)
	}
}

// Of implements app.Connections.
func (p *People) Of(role app.Role, id string) app.Connection {
	if here := p.of(role, id); len(here) > 0 {
		return here[0]
	}
	return nil
}

// All implements app.Connections.
func (p *People) All() []app.Connection {
	var all []app.Connection
	p.each(func(c Conn) { all = append(all, c) })
	return all
}

// Enter adds a conn to its person's, or names the limit that it would break. From then on
// it is shown every change.
func (p *People) Enter(c Conn, from netip.Addr, most Bounds) (limit string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := c.Actor()
	m := p.by[a.Role]
	switch {
	case p.conns >= most.Conns:
		return "conns"
	case len(m[a.ID]) >= most.PerPerson:
		return "conns_per_person"
	case from.IsValid() && p.addresses[from] >= most.PerAddress:
		return "conns_per_address"
	}
	if from.IsValid() {
		p.addresses[from]++
	}
	if m == nil {
		m = map[string][]Conn{}
		p.by[a.Role] = m
	}
	m[a.ID] = append(m[a.ID], c)
	p.conns++
	if a.Role == app.Supervisor {
		select {
		case p.supervised <- struct{}{}:
		default:
		}
	}
	return ""
}

// Exit removes a conn that has entered, and reports whether it was its person's last one
// here.
func (p *People) Exit(c Conn, from netip.Addr) (last bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns--
	if p.addresses[from]--; p.addresses[from] <= 0 {
		delete(p.addresses, from)
	}
	a := c.Actor()
	m := p.by[a.Role]
	var left []Conn // a new slice: others may be reading the old one
	for _, other := range m[a.ID] {
		if other != c {
			left = append(left, other)
		}
	}
	if len(left) == 0 {
		delete(m, a.ID)
		return true
	}
	m[a.ID] = left
	return false
}
