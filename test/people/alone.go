package people

import (
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
	// Connected says that there is a conn.
	Connected bool
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
	return Sight{c.conn != nil, c.ticket, c.desk, c.viewless, c.changed}
}

// Subject is who it is.
func (c *Client) Subject() string { return c.subject }

// History is what has happened to the person so far.
func (c *Client) History() *oracle.History { return c.diary.History() }
