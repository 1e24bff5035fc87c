package gateway

// Node is the name under which the log knows the gateway now.
func (g *Gateway) Node() string { return g.app.Node() }

// CompareRules looks once at the rules of the other gateways.
func (g *Gateway) CompareRules() { g.app.CheckDrift() }

// Freeze ends the gateway's work without a word, as a process that was killed.
func (g *Gateway) Freeze() { g.stop(); g.app.Stop() }
