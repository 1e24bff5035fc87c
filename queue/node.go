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
			node, _ := after.(*Node)
			s.assignNode(id, node, step)
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

// LoseNode returns the change that says that a node has gone without a word. It is empty
// when that is known.
func (s *State) LoseNode(node string) Change {
	if s.nodes[node] != nil {
		return Change{}
	}
	lost := &Node{ID: node, LostAt: OwnStamp}
	c := change(CauseNodeLost, node)
	c.ReleasesMemory = true
	c.create(lost)
	return c
}

// alive makes a change that binds a session to a node fail once the node is
// lost: a process that was taken for dead finds out at its next commit.
func (c *Change) alive(node string) {
	c.Reads = append(c.Reads, Read{Name: nodePrefix + node})
}

// assignNode marks every session of a lost node. Their versions stay: nothing
// was written to them, and a person who comes back meanwhile wins.
func (s *State) assignNode(id string, node *Node, step *Step) {
	put(s.nodes, id, node)
	if node == nil {
		return
	}
	for _, before := range s.visitors.marked(nodeMark(id)) {
		if before.Session.liveOn() == id && s.tickets.get(before.Ticket).isOpen() {
			after := *before
			after.Session.LostAt = node.LostAt
			s.putVisitor(after.ID, &after)
			step.Visitors = append(step.Visitors, after.ID)
		}
	}
	for agent, before := range s.agents {
		if before.Session.liveOn() == id {
			after := *before
			after.Session.LostAt = node.LostAt
			s.putAgent(agent, &after, step)
			step.Agents = append(step.Agents, agent)
			step.Presence = append(step.Presence, agent)
		}
	}
}

// nodeMark groups nodes by a hash of their names. One byte a visitor finds those of a lost
// node: an index of its own would take twelve.
func nodeMark(node string) uint8 {
	if node == "" {
		return 0
	}
	hash := uint32(2166136261) // FNV-1a
	for i := range len(node) {
		hash = (hash ^ uint32(node[i])) * 16777619
	}
	return uint8(hash) | 1
}

// visitorMark groups visitors by the node that holds their session.
func visitorMark(v *Visitor) uint8 { return nodeMark(v.Session.liveOn()) }

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
