package gateway

// Node is the name under which the log knows the gateway now.
func (g *Gateway) Node() string { return g.node.String() }

// CompareRules looks once at the rules of the other gateways.
func (g *Gateway) CompareRules() { g.compareRules() }

// Freeze ends the gateway's work without a word, as a process that was killed.
func (g *Gateway) Freeze() { g.stop() }
