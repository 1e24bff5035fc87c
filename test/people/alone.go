package people

import (
	"context"
	"math/rand/v2"
	"time"

	"nextup/gateway/protocol"
	"nextup/test/oracle"
)

// NewClient returns a person who lives outside a Crowd: somebody else says what
// they do. Their languages go into the token.
func NewClient(targets []string, mint Mint, start time.Time, role protocol.Role, subject string, languages []string, rng *rand.Rand) *Client {
	return newClient(&Options{Targets: targets, Mint: mint, Start: start}, role, subject, languages, rng)
}

// Sight is what a person sees.
type Sight struct {
	// Connected says that there is a conn, and Conn is the number of the newest.
	Connected bool
	Conn      int
	// Ticket and Desk are the newest view; zero where none has come since the
	// welcome, or since a reset.
	Ticket protocol.Ticket
	Desk   protocol.Desk
	// Viewless is when the newest welcome or reset came: a view was to follow.
	Viewless time.Time
	// Changed is closed when anything of this has changed.
	Changed <-chan struct{}
}

// Look returns what the person sees now.
func (c *Client) Look() Sight {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Sight{c.conn != nil, c.number, c.ticket, c.desk, c.viewless, c.changed}
}

// Subject is who it is.
func (c *Client) Subject() string { return c.subject }

// History is what has happened to the person so far.
func (c *Client) History() *oracle.History { return c.diary.History() }

// First has the person come to one of the targets at first; without it they choose
// any. It is called before Run.
func (c *Client) First(target int) { c.first = &target }

// Until waits until what the person sees is so, and reports whether it came.
func (c *Client) Until(ctx context.Context, want func(Sight) bool) bool {
	for {
		s := c.Look()
		if want(s) {
			return true
		}
		select {
		case <-s.Changed:
		case <-ctx.Done():
			return false
		}
	}
}
