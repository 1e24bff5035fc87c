package session

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/go-json-experiment/json"

	"nextup/app/conversation"
	"nextup/gateway/protocol"
	"nextup/queue"
)

// maxSubscriptions bounds the conversations that one conn follows.
const maxSubscriptions = 64

// subscriptions are the conversations that a client follows.
type subscriptions struct {
	to *peer
	// writing are the messages that it writes, whose entries it is sent with the answers.
	writing writing

	mu     sync.Mutex
	by     map[string]*follower
	closed bool
}

func (s *subscriptions) stopAll() {
	s.mu.Lock()
	all := s.by
	s.by, s.closed = nil, true
	s.mu.Unlock()
	for _, one := range all {
		one.Stop()
	}
}

// resume goes on with those that rest.
func (s *subscriptions) resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, one := range s.by {
		one.Resume()
	}
}

// drop stops following a conversation.
func (s *subscriptions) drop(ticket string) {
	s.mu.Lock()
	one := s.by[ticket]
	delete(s.by, ticket)
	s.mu.Unlock()
	if one != nil {
		one.Stop()
	}
}

// forget forgets a subscription that has ended, unless its conversation was opened again
// meanwhile.
func (s *subscriptions) forget(f *follower) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.by[f.ticket] == f {
		delete(s.by, f.ticket)
	}
}

func (s *subscriptions) follows(ticket string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.by[ticket] != nil
}

// hasRoom reports whether a conversation is followed or may be.
func (s *subscriptions) hasRoom(ticket string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.by[ticket] != nil || len(s.by) < maxSubscriptions
}

func (s *subscriptions) following() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Collect(maps.Keys(s.by))
}

// follow delivers a conversation that was opened, from an entry on.
func (s *subscriptions) follow(r protocol.Open) error {
	s.drop(r.Ticket)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return context.Canceled
	}
	if len(s.by) >= maxSubscriptions {
		return queue.ErrForbidden
	}
	if s.by == nil {
		s.by = map[string]*follower{}
	}
	f := &follower{subscriptions: s, ticket: r.Ticket}
	f.Subscription = s.to.site.Follow(r.Ticket, conversation.Place{Number: r.After, AtMS: r.AtMS}, f)
	s.by[r.Ticket] = f
	return nil
}

// follower implements conversation.Receiver: a client that follows a conversation.
type follower struct {
	*subscriptions
	ticket string
	*conversation.Subscription
}

// Ready implements conversation.Receiver: a client is sent as much as it reads.
func (f *follower) Ready() bool { return !f.to.link.Behind() }

// Note implements conversation.Receiver.
func (f *follower) Note(payload []byte) { f.to.passOn(f.ticket, payload) }

// Reset implements conversation.Receiver.
func (f *follower) Reset() {
	f.to.site.ConversationForked(f.ticket)
	f.to.send(protocol.Reset{Ticket: f.ticket})
}

// Deliver implements conversation.Receiver.
func (f *follower) Deliver(entries []conversation.Entry) (taken int, more bool) {
	ticket := f.ticket
	t, err := f.to.site.AuthoriseRead(&f.to.actor, ticket)
	if err != nil {
		return 0, false
	}
	for i := range entries {
		if !f.Ready() {
			return i, true
		}
		e := &entries[i]
		if e.MessageID == "" || !f.sendWithAnswer(ticket, e) {
			f.to.sendEntry(ticket, e, Link.Send)
		}
		if e.Kind == conversation.Closed { // nothing follows
			f.forget(f)
			if t.Open() {
				f.to.site.EndAgain(ticket)
			}
			return i + 1, false
		}
	}
	return len(entries), true
}

// passOn sends on that another person is typing.
func (p *peer) passOn(ticket string, note []byte) {
	var t protocol.Typing
	if json.Unmarshal(note, &t) != nil || t.From == nil || *t.From == p.person() {
		return
	}
	if _, err := p.site.AuthoriseRead(&p.actor, ticket); err == nil && !p.link.Behind() {
		p.send(t)
	}
}

// DropUnreadable implements fanout.Conn.
func (s *subscriptions) DropUnreadable() {
	for _, ticket := range s.following() {
		if _, err := s.to.site.AuthoriseRead(&s.to.actor, ticket); err != nil {
			s.drop(ticket)
		}
	}
}
