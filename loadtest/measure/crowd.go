package measure

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/loadtest/cluster"
	"nextup/loadtest/token"
)

// text is what people write: 60 bytes.
const text = "Good morning, my withdrawal of yesterday has not arrived yet"

// line is where a visitor stands.
type line struct{ department, language string }

// lines are those of the site of cluster, every language first.
var lines = []line{{"support", "en"}, {"support", "zh"}, {"support", "es"}, {"support", "ja"}, {"support", "ko"}, {"trading", "en"}, {"trading", "zh"}, {"trading", "ja"}}

// crowd is visitors and agents who talk. Conversations last handling on average, and that
// is memoryless, so that they are in the middle of a day from the first second on; with
// handling 0 they say what they have to say and end.
type crowd struct {
	name     string
	targets  []string
	key      string
	lines    []line
	handling time.Duration
	messages float64 // of a conversation

	joined, sent, ended, failed atomic.Int64
	all                         sync.WaitGroup
}

func (c *crowd) dial(ctx context.Context, role protocol.Role, subject string, on func(protocol.ServerFrame), languages ...string) *client.Conn {
	signed, err := token.Mint(cluster.Site, cluster.KeyID+":"+c.key, role, subject, languages...)
	if err == nil {
		var conn *client.Conn
		if conn, err = client.Dial(ctx, c.targets[rand.IntN(len(c.targets))], signed, on); err == nil {
			return conn
		}
	}
	if ctx.Err() == nil {
		c.failed.Add(1)
	}
	return nil
}

// idle is a person who has the page open and asks nothing.
func (c *crowd) idle(ctx context.Context, i int) {
	if conn := c.dial(ctx, protocol.Visitor, fmt.Sprintf("%s-idle-%d", c.name, i), func(protocol.ServerFrame) {}); conn != nil {
		c.all.Go(func() {
			<-ctx.Done()
			conn.Cut()
		})
	}
}

// visit joins the line of visitor i, and returns once they stand in it; they stay until their
// ticket has ended, and then done is called.
func (c *crowd) visit(ctx context.Context, i int, done func()) {
	at := c.lines[i%len(c.lines)]
	tickets := newest[protocol.Ticket]{ready: make(chan struct{}, 1)}
	conn := c.dial(ctx, protocol.Visitor, fmt.Sprintf("%s-%d", c.name, i), func(f protocol.ServerFrame) {
		if t, ok := f.(protocol.Ticket); ok {
			tickets.put(t)
		}
	})
	if conn == nil {
		done()
		return
	}
	ok, err := conn.Join(ctx, at.department, at.language)
	if err != nil {
		conn.Cut()
		if done(); ctx.Err() == nil {
			c.failed.Add(1)
		}
		return
	}
	c.joined.Add(1)
	c.all.Go(func() {
		defer done()
		defer conn.Cut()
		if c.handling == 0 {
			c.say(ctx, conn, ok.Ticket)
		}
		talks, stop := context.WithCancel(ctx)
		defer stop()
		assigned := false
		for {
			select {
			case <-ctx.Done():
				return
			case <-conn.Done():
				c.failed.Add(1)
				return
			case <-tickets.ready:
			}
			switch t := tickets.take(); {
			case t.Status == protocol.Closed || t.Status == protocol.Abandoned:
				c.ended.Add(1)
				return
			case t.Status == protocol.Assigned && !assigned && c.handling > 0:
				assigned = true
				c.all.Go(func() { c.say(talks, conn, ok.Ticket) })
			}
		}
	})
}

// say sends one side's half of a conversation: as long as ctx lasts, or all at once.
func (c *crowd) say(ctx context.Context, conn *client.Conn, ticket string) {
	half := c.messages / 2
	if c.handling == 0 {
		for n := half; rand.Float64() < n; n-- {
			c.send(ctx, conn, ticket)
		}
		return
	}
	for half > 0 && pause(ctx, time.Duration(rand.ExpFloat64()*float64(c.handling)/half)) {
		c.send(ctx, conn, ticket)
	}
}

func (c *crowd) send(ctx context.Context, conn *client.Conn, ticket string) {
	id := uuid.NewString()
	if insist(ctx, func() error {
		_, err := conn.Send(ctx, ticket, id, text)
		return err
	}) == nil {
		c.sent.Add(1) // else the other side has just closed
	}
}

// agent goes on shift, accepts what is offered and talks. An agent has one language.
func (c *crowd) agent(ctx context.Context, i int) {
	desks := newest[protocol.Desk]{ready: make(chan struct{}, 1)}
	conn := c.dial(ctx, protocol.Agent, fmt.Sprintf("agent-%d", i), func(f protocol.ServerFrame) {
		if d, ok := f.(protocol.Desk); ok {
			desks.put(d)
		}
	}, c.lines[i%len(c.lines)].language)
	if conn == nil {
		return
	}
	available := func() error {
		_, err := conn.Status(ctx, protocol.Available)
		return err
	}
	if err := insist(ctx, available); err != nil && ctx.Err() == nil {
		c.failed.Add(1)
	}
	c.all.Go(func() {
		defer conn.Cut()
		seen := map[string]bool{} // offers and tickets
		for {
			select {
			case <-ctx.Done():
				return
			case <-conn.Done():
				c.failed.Add(1)
				return
			case <-desks.ready:
			}
			desk, now := desks.take(), map[string]bool{}
			if desk.AwayReason == protocol.AwayLapsed {
				// A busy machine took longer over two offers than an agent may.
				c.all.Go(func() { _ = insist(ctx, available) })
			}
			for _, o := range desk.Offers {
				if now[o.Offer] = true; !seen[o.Offer] {
					c.all.Go(func() {
						_ = insist(ctx, func() error { // it may have lapsed
							_, err := conn.Accept(ctx, o.Offer)
							return err
						})
					})
				}
			}
			for _, t := range desk.Tickets {
				if now[t.Ticket] = true; !seen[t.Ticket] {
					c.all.Go(func() { c.converse(ctx, conn, t.Ticket) })
				}
			}
			seen = now
		}
	})
}

// converse talks until the conversation has taken its time, and closes it.
func (c *crowd) converse(ctx context.Context, conn *client.Conn, ticket string) {
	if insist(ctx, func() error {
		_, err := conn.Open(ctx, ticket, 0)
		return err
	}) != nil {
		return // its visitor has gone
	}
	if c.handling == 0 {
		c.say(ctx, conn, ticket)
	} else {
		talks, stop := context.WithTimeout(ctx, time.Duration(rand.ExpFloat64()*float64(c.handling)))
		c.say(talks, conn, ticket)
		<-talks.Done()
		stop()
	}
	_ = insist(ctx, func() error { // it may have been ended
		_, err := conn.CloseTicket(ctx, ticket)
		return err
	})
}

// insist asks again for as long as a gateway asks to be asked later: a ticket that no one
// closes would hold a place of its agent for good.
func insist(ctx context.Context, ask func() error) (err error) {
	for err = ask(); client.Later(ctx, err); err = ask() {
	}
	return err
}

// newest is a box in which a view takes the place of the one before.
type newest[T any] struct {
	mu    sync.Mutex
	view  T
	ready chan struct{}
}

func (n *newest[T]) put(v T) {
	n.mu.Lock()
	n.view = v
	n.mu.Unlock()
	select {
	case n.ready <- struct{}{}:
	default:
	}
}

func (n *newest[T]) take() T {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.view
}

// pause waits, and reports whether ctx still lasts.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
