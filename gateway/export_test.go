package gateway

// Node is the name under which the log knows the gateway now.
func (g *Gateway) Node() string { return g.node.String() }

// Freeze makes the gateway forget that its conns end, as a process does that
// was killed: nobody is told.
func (g *Gateway) Freeze() { g.draining.Store(true) }
