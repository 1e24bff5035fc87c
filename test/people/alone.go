package people

import (
	"context"
	"math/rand/v2"
	"time"

	"nextup/gateway/protocol"
	"nextup/test/oracle"
)

// NewClient returns a person who lives outside a Crowd: the caller says what they do.
// Their languages go into the token.
func NewClient(targets []string, mint Mint, start time.Time, role protocol.Role, subject string, languages []string, rng *rand.Rand) *Client {
	return newClient(&Options{Targets: targets, Mint: mint, Start: start}, role, subject, languages, rng)
}

// Sight is what a person sees now.
type Sight struct {
	// Connected reports that there is a conn, and Conn is the number of the newest.
	Connected bool
	Conn      int
	// Welcome is that of the conn; zero where there is none.
	Welcome protocol.Welcome
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
	s := Sight{Connected: c.conn != nil, Conn: c.number, Ticket: c.ticket, Desk: c.desk, Viewless: c.viewless, Changed: c.changed}
	if c.conn != nil {
		s.Welcome = c.conn.Welcome
	}
	return s
}

// Subject is who it is.
func (c *Client) Subject() string { return c.subject }

// History is what has happened to the person so far.
func (c *Client) History() *oracle.History { return c.diary.History() }

// First has the person connect to one of the targets at first; without it they choose
// any. It is called before Run.
func (c *Client) First(target int) { c.first = &target }

// Each hands every frame that answers no request to f when it comes, on a goroutine
// that f must not block for long. It is called before Run.
func (c *Client) Each(f func(protocol.ServerFrame)) { c.each = f }

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
