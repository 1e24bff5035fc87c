package gateway

import (
	"time"

	"nextup/gateway/session"
	"nextup/queue"
)

// WaitLongForGoodbyes has every close that waits for an answer wait for longer than any
// test, and returns what ends that.
func WaitLongForGoodbyes() (restore func()) {
	goodbyes = session.Goodbyes{Usual: time.Hour, Lost: time.Hour}
	return func() { goodbyes = session.Goodbyes{} }
}

// ReopenAfter has gateways that are made from now on tell streams to reopen after d, and
// returns what ends that.
func ReopenAfter(d time.Duration) (restore func()) {
	reopen = d
	return func() { reopen = 0 }
}

// Node is the name under which the log knows the gateway now.
func (g *Gateway) Node() string { return g.app.Node() }

// CompareRules looks once at the rules of the other gateways.
func (g *Gateway) CompareRules() { g.app.CheckDrift() }

// Freeze ends the gateway's work without a word, as a process that was killed.
func (g *Gateway) Freeze() { g.stop(); g.sessions.Stop(); g.app.Stop() }

// Level returns a site's level, as it is replayed.
func (g *Gateway) Level(site string) queue.Level {
	level, _ := g.app.Site(site).Level()
	return level
}
