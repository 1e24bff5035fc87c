package people

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"nextup/gateway/protocol"
	"nextup/internal/cadence"
	"nextup/internal/client"
	"nextup/test/oracle"
)

// followedConversation is a conversation that the person follows.
type followedConversation struct {
	last uint64 // the newest entry that came in order
	at   int64  // its at_ms
	// away is set once an agent's desk does not show the ticket: what comes of it
	// may have been stopped.
	away bool
}

// Follow opens a conversation and keeps it open over all conns, until it ends.
// One that is followed already and has been another agent's meanwhile is opened again.
func (c *Client) Follow(ctx context.Context, ticket string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t := c.follows[ticket]; t == nil {
		c.followLocked(ctx, ticket)
	} else if t.away && c.conn != nil {
		t.away = false
		go c.open(ctx, c.conn, c.number, ticket, t)
	}
}

func (c *Client) followLocked(ctx context.Context, ticket string) {
	if c.follows[ticket] != nil {
		return
	}
	delete(c.ended, ticket)
	t := &followedConversation{}
	c.follows[ticket] = t
	if c.conn != nil {
		go c.open(ctx, c.conn, c.number, ticket, t)
	}
}

// open asks on one conn for what the conversation lacks, until it is answered or the
// conn has ended; the next conn asks anew.
func (c *Client) open(ctx context.Context, conn *client.Conn, number int, ticket string, t *followedConversation) {
	for conn.Err() == nil && ctx.Err() == nil {
		c.mu.Lock()
		ask, at := oracle.Ask{Type: protocol.TypeOpen, Ticket: ticket, After: t.last}, t.at
		c.mu.Unlock()
		_, pause, err := c.once(ctx, conn, number, uuid.NewString(), ask, func(e protocol.Envelope) protocol.Request {
			return protocol.Open{Envelope: e, Ticket: ticket, After: ask.After, AtMS: at}
		})
		if pause == 0 && err == nil {
			return
		}
		if cadence.Pause(ctx, pause); pause == 0 {
			c.mu.Lock()
			if c.follows[ticket] == t {
				delete(c.follows, ticket) // it is not the person's any more
			}
			c.changeLocked()
			c.mu.Unlock()
			return
		}
	}
}

// entryLocked takes each number once, and asks again for what it missed.
func (c *Client) entryLocked(number int, e protocol.Entry) {
	t := c.follows[e.Ticket]
	switch {
	case t == nil || e.Number <= t.last:
	case e.Number > t.last+1:
		if c.conn != nil && c.number == number {
			go c.open(context.Background(), c.conn, number, e.Ticket, t)
		}
	default:
		t.last, t.at = e.Number, e.AtMS
		if e.Kind == protocol.EntryClosed {
			c.ended[e.Ticket] = true
			delete(c.follows, e.Ticket)
		}
	}
}

// resetLocked drops what is known of a conversation and opens it anew; without a
// ticket it drops the view.
func (c *Client) resetLocked(number int, r protocol.Reset) {
	if r.Ticket == "" {
		c.ticket, c.desk, c.shown, c.viewless = protocol.Ticket{}, protocol.Desk{}, 0, time.Now()
		c.resets++
		return
	}
	t := c.follows[r.Ticket]
	if t == nil {
		return
	}
	t.last, t.at = 0, 0
	if c.conn != nil && c.number == number {
		go c.open(context.Background(), c.conn, number, r.Ticket, t)
	}
}

// Say writes a message and returns once it is acknowledged or refused for good;
// until then it is sent again, under the same id, on whatever conn there is.
func (c *Client) Say(ctx context.Context, ticket string) error {
	c.mu.Lock()
	c.messages++
	id := fmt.Sprintf("%s-%d", c.subject, c.messages)
	c.mu.Unlock()
	text := "this is message " + id + " 🙂 消息"
	_, err := c.Do(ctx, oracle.Ask{Type: protocol.TypeSend, Ticket: ticket, MessageID: id, Text: text},
		func(e protocol.Envelope) protocol.Request {
			return protocol.Send{Envelope: e, Ticket: ticket, MessageID: id, Text: text}
		})
	return err
}

// maxBatch is how many conversations are opened on one conn: the wire allows 64.
const maxBatch = 50

// Audit opens conversations again from the beginning, each batch on a fresh
// conn, and returns once each has come to its end, has been refused, or the time
// for a batch is over.
func (c *Client) Audit(ctx context.Context, tickets []string, within time.Duration) {
	c.diary.write(oracle.Event{Kind: oracle.Audited})
	for len(tickets) > 0 && ctx.Err() == nil {
		batch := tickets[:min(len(tickets), maxBatch)]
		tickets = tickets[len(batch):]
		c.mu.Lock()
		clear(c.follows)
		for _, t := range batch {
			c.follows[t] = &followedConversation{}
		}
		c.mu.Unlock()
		c.Vanish(0)
		waiting, cancel := context.WithTimeout(ctx, within)
		c.until(waiting, func() bool { return len(c.follows) == 0 })
		cancel()
	}
}

// until waits for a condition that c's lock guards, and reports whether it came.
func (c *Client) until(ctx context.Context, ok func() bool) bool {
	for {
		c.mu.Lock()
		done, changed := ok(), c.changed
		c.mu.Unlock()
		if done {
			return true
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}
