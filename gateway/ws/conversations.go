package ws

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/go-json-experiment/json"

	"nextup/app/conversation"
	"nextup/gateway/protocol"
	"nextup/gateway/socket"
	"nextup/queue"
)

// maxSubscriptions bounds the conversations that one conn follows.
const maxSubscriptions = 64

// subscriptions are the conversations that a conn follows.
type subscriptions struct {
	sync.Mutex
	by     map[string]*follower
	closed bool
}

func (s *subscriptions) stopAll() {
	s.Lock()
	all := s.by
	s.by, s.closed = nil, true
	s.Unlock()
	for _, one := range all {
		one.Stop()
	}
}

// resume goes on with those that rest.
func (s *subscriptions) resume() {
	s.Lock()
	defer s.Unlock()
	for _, one := range s.by {
		one.Resume()
	}
}

// drop stops following a conversation.
func (s *subscriptions) drop(ticket string) {
	s.Lock()
	one := s.by[ticket]
	delete(s.by, ticket)
	s.Unlock()
	if one != nil {
		one.Stop()
	}
}

// end forgets a subscription that has ended, unless its conversation was opened again
// meanwhile.
func (s *subscriptions) end(f *follower) {
	s.Lock()
	defer s.Unlock()
	if s.by[f.ticket] == f {
		delete(s.by, f.ticket)
	}
}

func (s *subscriptions) follows(ticket string) bool {
	s.Lock()
	defer s.Unlock()
	return s.by[ticket] != nil
}

// hasRoom reports whether a conversation is followed or may be.
func (s *subscriptions) hasRoom(ticket string) bool {
	s.Lock()
	defer s.Unlock()
	return s.by[ticket] != nil || len(s.by) < maxSubscriptions
}

func (s *subscriptions) following() []string {
	s.Lock()
	defer s.Unlock()
	return slices.Collect(maps.Keys(s.by))
}

// person is the one at the other end of this conn.
func (c *conn) person() protocol.Person {
	return protocol.Person{Role: c.id.Role, ID: c.id.Subject, Name: c.id.Name}
}

// follow delivers a conversation that was opened, from an entry on.
func (c *conn) follow(r protocol.Open) error {
	c.subs.drop(r.Ticket)
	c.subs.Lock()
	defer c.subs.Unlock()
	if c.subs.closed {
		return context.Canceled
	}
	if len(c.subs.by) >= maxSubscriptions {
		return queue.ErrForbidden
	}
	if c.subs.by == nil {
		c.subs.by = map[string]*follower{}
	}
	f := &follower{conn: c, ticket: r.Ticket}
	f.Subscription = c.site.Follow(r.Ticket, conversation.Place{Number: r.After, AtMS: r.AtMS}, f)
	c.subs.by[r.Ticket] = f
	return nil
}

// follower implements conversation.Receiver: a conn that follows a conversation.
type follower struct {
	*conn
	ticket string
	*conversation.Subscription
}

// Ready implements conversation.Receiver: a client is sent as much as it reads.
func (f *follower) Ready() bool { return !f.socket.Behind() }

// Note implements conversation.Receiver.
func (f *follower) Note(payload []byte) { f.passOn(f.ticket, payload) }

// Reset implements conversation.Receiver.
func (f *follower) Reset() {
	f.site.ConversationForked(f.ticket)
	f.send(protocol.Reset{Ticket: f.ticket})
}

// Deliver implements conversation.Receiver.
func (f *follower) Deliver(entries []conversation.Entry) (taken int, more bool) {
	c, ticket := f.conn, f.ticket
	t, err := c.site.AuthoriseRead(&c.actor, ticket)
	if err != nil {
		return 0, false
	}
	for i := range entries {
		if !f.Ready() {
			return i, true
		}
		e := &entries[i]
		if e.MessageID == "" || !c.sendWithAnswer(ticket, e) {
			c.sendEntry(ticket, e, (*socket.Socket).Send)
		}
		if e.Kind == conversation.Closed { // nothing follows
			c.subs.end(f)
			if t.Open() {
				c.site.EndAgain(ticket)
			}
			return i + 1, false
		}
	}
	return len(entries), true
}

// passOn sends on that another person is typing.
func (c *conn) passOn(ticket string, note []byte) {
	var t protocol.Typing
	if json.Unmarshal(note, &t) != nil || t.From == nil || *t.From == c.person() {
		return
	}
	if _, err := c.site.AuthoriseRead(&c.actor, ticket); err == nil && !c.socket.Behind() {
		c.send(t)
	}
}

// DropUnreadable implements fanout.Conn.
func (c *conn) DropUnreadable() {
	for _, ticket := range c.subs.following() {
		if _, err := c.site.AuthoriseRead(&c.actor, ticket); err != nil {
			c.subs.drop(ticket)
		}
	}
}
