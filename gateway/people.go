package gateway

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"nextup/app"
	"nextup/gateway/protocol"
	"nextup/queue"
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

// reconcile makes the log agree with who is connected here. It binds a person again
// that another record called lost while a conn is here (of a conn closed in the same
// moment, or of another tab elsewhere), and loses a person that is bound to this node
// and not here (by a bind that was committed after its conn had gone).
func (s *site) reconcile(st *queue.State, n concerned) {
	for v := range n.visitors {
		if t := st.TicketOf(v); t != nil && t.Open() {
			s.reconcilePerson(v, protocol.Visitor, st.Visitor(v).Session)
		}
	}
	for a := range n.agents {
		if i := st.Agent(a); i != nil {
			s.reconcilePerson(a, protocol.Agent, i.Session)
		}
	}
}

// reconcilePerson compares one person's session with who is here.
func (s *site) reconcilePerson(subject string, role protocol.Role, held queue.Session) {
	here := s.people.of(subject, role)
	switch {
	case s.g.draining.Load():
	case held.Lost() && len(here) > 0:
		s.g.work.Go(func() { s.bindOrTry(here[0]) })
	case !held.Lost() && held.Node == s.g.app.Node() && len(here) == 0:
		if role == protocol.Visitor {
			s.disconnects.add(subject)
			return
		}
		s.g.work.Go(func() { s.lose(subject, role) })
	}
}

// retryWhile does something until it succeeds, the person's presence here is not
// what it was, or the gateway ends.
func (s *site) retryWhile(subject string, role protocol.Role, here bool, do func() error) {
	for wait := 100 * time.Millisecond; s.g.ctx.Err() == nil; wait = min(2*wait, 5*time.Second) {
		if (len(s.people.of(subject, role)) > 0) != here || do() == nil {
			return
		}
		pause(s.g.ctx, wait)
	}
}

// bindOrTry binds a person who is here, again and again while the log is away;
// unless they have come to another gateway since, and this conn is one that they
// have given up, or another tab.
func (s *site) bindOrTry(c *conn) {
	s.retryWhile(c.id.Subject, c.id.Role, true, func() error {
		if s.HeldElsewhere(&c.actor) {
			return nil
		}
		return c.bind(s.g.ctx)
	})
}

// bindAll binds all persons that are connected here.
func (s *site) bindAll() { s.bindThese(s.people.all()) }

func (s *site) bindThese(conns []*conn) {
	var all errgroup.Group
	all.SetLimit(64)
	for _, c := range conns {
		all.Go(func() error {
			s.bindOrTry(c)
			return nil
		})
	}
	_ = all.Wait()
}

// lose has the log say that this gateway holds no conn of a person any more, again and
// again while the log is away.
func (s *site) lose(subject string, role protocol.Role) {
	s.retryWhile(subject, role, false, func() error {
		return s.Disconnect(s.g.ctx, &app.Actor{Role: app.Role(role), ID: subject})
	})
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
