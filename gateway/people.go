package gateway

import (
	"time"

	"golang.org/x/sync/errgroup"

	"nextup/gateway/protocol"
	"nextup/queue"
)

// rebind makes the log agree with who is here. It binds again whom another word
// (a conn closed in the same moment, another tab elsewhere) called lost while a
// conn is here, and loses who is bound to this node and not here (a bind that
// was committed after its conn had gone).
func (n *news) rebind() {
	for v := range n.visitors {
		n.agree(v, protocol.Visitor, func(st *queue.State) (queue.Session, bool) {
			i := st.Visitor(v)
			if t := st.TicketOf(v); t == nil || !t.Open() {
				return queue.Session{}, false
			}
			return i.Session, true
		})
	}
	for a := range n.agents {
		n.agree(a, protocol.Agent, func(st *queue.State) (queue.Session, bool) {
			i := st.Agent(a)
			if i == nil {
				return queue.Session{}, false
			}
			return i.Session, true
		})
	}
}

// agree compares one person's session with who is here.
func (n *news) agree(subject string, role protocol.Role, session func(*queue.State) (queue.Session, bool)) {
	var held queue.Session
	var known bool
	n.read(func(st *queue.State) { held, known = session(st) })
	here := n.connsOf(subject, role)
	switch {
	case !known || n.g.draining.Load():
	case held.Lost() && len(here) > 0:
		n.g.work.Go(func() { n.bindOrTry(here[0]) })
	case !held.Lost() && held.Node == n.g.node.String() && len(here) == 0:
		if role == protocol.Visitor {
			n.depart(subject)
			return
		}
		n.g.work.Go(func() { n.lose(subject, role) })
	}
}

// insist does something until it succeeds, the person's presence here is not
// what it was, or the gateway ends.
func (s *site) insist(subject string, role protocol.Role, here bool, do func() error) {
	for wait := 100 * time.Millisecond; s.g.ctx.Err() == nil; wait = min(2*wait, 5*time.Second) {
		if (len(s.connsOf(subject, role)) > 0) != here || do() == nil {
			return
		}
		pause(s.g.ctx, wait)
	}
}

// bindOrTry binds a person who is here, again and again while the log is away;
// unless they have come to another gateway since, and this conn is one that they
// have given up, or another tab.
func (s *site) bindOrTry(c *conn) {
	s.insist(c.id.Subject, c.id.Role, true, func() error {
		if s.boundElsewhere(c) {
			return nil
		}
		return c.bind(s.g.ctx)
	})
}

// boundElsewhere says whether another node holds the person, as far as is known.
func (s *site) boundElsewhere(c *conn) bool {
	var held queue.Session
	s.read(func(st *queue.State) {
		if v := st.Visitor(c.id.Subject); v != nil && c.id.Role == protocol.Visitor {
			held = v.Session
		}
		if a := st.Agent(c.id.Subject); a != nil && c.isAgent() {
			held = a.Session
		}
	})
	return held.Node != "" && !held.Lost() && held.Node != s.g.node.String()
}

// bindAll binds everybody who is here.
func (s *site) bindAll() { s.bindThese(s.everybody()) }

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

// lose says that this gateway holds no conn of a person any more, again and
// again while the log is away.
func (s *site) lose(subject string, role protocol.Role) {
	s.insist(subject, role, false, func() error {
		_, err := s.do(s.g.ctx, func(st *queue.State) (queue.Change, error) {
			switch role {
			case protocol.Visitor:
				return st.LoseVisitor(subject, s.g.node.String()), nil
			case protocol.Agent:
				return st.LoseAgent(subject, s.g.node.String()), nil
			case protocol.Supervisor: // needs no session
			}
			return queue.Change{}, nil
		})
		return err
	})
}

// enter adds a conn to its person's, or names the limit that it would break.
func (s *site) enter(c *conn) (limit string) {
	s.people.Lock()
	defer s.people.Unlock()
	m, limits := s.peopleOf(c.id.Role), s.file.Load().Limits
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

// exit removes a conn and says whether it was its person's last one here.
func (s *site) exit(c *conn) (last bool) {
	s.addresses.remove(c.from)
	s.people.Lock()
	defer s.people.Unlock()
	s.people.conns--
	m := s.peopleOf(c.id.Role)
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

func (s *site) peopleOf(role protocol.Role) map[string][]*conn {
	switch role {
	case protocol.Agent:
		return s.people.agents
	case protocol.Supervisor:
		return s.people.supervisors
	case protocol.Visitor:
		return s.people.visitors
	}
	return s.people.visitors
}

func (s *site) connsOf(subject string, role protocol.Role) []*conn {
	s.people.RLock()
	defer s.people.RUnlock()
	return s.peopleOf(role)[subject]
}

func (s *site) everybody() []*conn {
	s.people.RLock()
	defer s.people.RUnlock()
	var all []*conn
	for _, m := range []map[string][]*conn{s.people.visitors, s.people.agents, s.people.supervisors} {
		for _, conns := range m {
			all = append(all, conns...)
		}
	}
	return all
}
