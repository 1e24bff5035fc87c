package queue

// Node is a gateway process that was lost: it is in the state from then on, so
// that every session it held counts as lost with it, by one record however many
// they are. Nodes that live have no image. A node's name is never used twice.
type Node struct {
	ID      string  `json:"id"`
	LostAt  Stamp   `json:"lost_at"`
	Unknown Unknown `json:",embed"`

	Rev Revision `json:"-"`
}

// Name implements Image.
func (n *Node) Name() string { return nodePrefix + n.ID }

func (n *Node) revision() Revision { return n.Rev }

func (n *Node) resolve(rev Revision, at Stamp) {
	n.Rev = rev
	n.LostAt.resolve(at)
}

func init() {
	register(nodePrefix, kind{
		empty: func(string) Image { return &Node{} },
		find:  func(s *State, id string) Image { return present(s.nodes[id]) },
		put: func(s *State, id string, _, after Image, _ Record, step *Step) {
			is, _ := after.(*Node)
			s.assignNode(id, is, step)
		},
	})
}

// Nodes lists the nodes that hold sessions and are not lost, as far as the log
// knows, in no order.
func (s *State) Nodes() []string {
	var all []string
	for n := range s.sessionsOn {
		if s.nodes[n] == nil {
			all = append(all, n)
		}
	}
	return all
}

// NodeLost reports whether the log calls the node lost.
func (s *State) NodeLost(node string) bool { return s.nodes[node] != nil }

// LostNode is the node that the record calls lost, "" for a record of something else.
func (r Record) LostNode() string {
	for _, w := range r.Writes {
		if n, ok := w.Image.(*Node); ok && r.Cause == CauseNodeLost {
			return n.ID
		}
	}
	return ""
}

// LoseNode says that a node has gone without a word. It is empty when that is
// known.
func (s *State) LoseNode(node string) Change {
	if s.nodes[node] != nil {
		return Change{}
	}
	is := &Node{ID: node, LostAt: OwnStamp}
	c := change(CauseNodeLost, node)
	c.ReleasesMemory = true
	c.create(is)
	return c
}

// alive makes a change that binds a session to a node fail once the node is
// lost: a process that was taken for dead finds out at its next commit.
func (c *Change) alive(node string) {
	c.Reads = append(c.Reads, Read{Name: nodePrefix + node})
}

// assignNode marks every session of a lost node. Their versions stay: nothing
// was written to them, and who comes back meanwhile wins.
func (s *State) assignNode(id string, is *Node, step *Step) {
	put(s.nodes, id, is)
	if is == nil {
		return
	}
	for was := range s.visitors.all() {
		if i, marked := markLost(was, was.Session, is); marked && s.TicketOf(was.ID).isOpen() {
			i.Session.LostAt = is.LostAt
			s.putVisitor(was.ID, i)
			step.Visitors = append(step.Visitors, was.ID)
		}
	}
	for a, was := range s.agents {
		if i, marked := markLost(was, was.Session, is); marked {
			i.Session.LostAt = is.LostAt
			s.putAgent(a, i, step)
			step.Agents = append(step.Agents, a)
			step.Presence = append(step.Presence, a)
		}
	}
}

// markLost copies an image if its session was held by the node.
func markLost[T any](was *T, held Session, node *Node) (*T, bool) {
	if held.Node != node.ID || held.Lost() {
		return nil, false
	}
	is := *was
	return &is, true
}

func (t *Ticket) isOpen() bool { return t != nil && t.Open() }

// forgetNodes removes the lost nodes that no session names any more.
func (s *State) forgetNodes(now Stamp) []Change {
	var due []Change
	for id, n := range s.nodes {
		if now > n.LostAt.Add(s.site.Retention) && s.sessionsOn[id] == 0 {
			c := change(CauseForgotten, n.Name(), n.Rev.Version)
			c.ReleasesMemory = true
			c.remove(n)
			due = append(due, c)
		}
	}
	return due
}
