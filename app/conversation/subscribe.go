package conversation

import (
	"time"

	"nextup/internal/eventlog"
)

// Place is the newest entry that a client has: its number, 0 for none, and its
// stamp, 0 if unknown.
type Place struct {
	Number uint64
	AtMS   int64
}

// Receiver hears a conversation. Its methods must not block; they are called on
// goroutines of the Hub, one at a time for each subscription.
type Receiver interface {
	// Ready reports whether Deliver would take anything now. If not, the subscription
	// rests until Resume.
	Ready() bool
	// Deliver takes as many of the entries as there is room for, which it must not
	// change since others share them. If some are left the subscription rests until
	// Resume; unless more is true it ends.
	Deliver(entries []Entry) (taken int, more bool)
	// Note hears the conversation's transient notes.
	Note(payload []byte)
	// Reset says that the log lost entries in a failover, or never had the one that
	// the subscription began after, and is the last call: begin again from 0.
	Reset()
}

// Subscription is one receiver of a conversation.
type Subscription struct {
	hub      *Hub
	feed     *feed
	receiver Receiver
	// The feed's worker or reader alone uses these: the place, and how many entries are
	// read at a time if not a whole page.
	place place
	limit int
	// The Hub's lock guards these: whether the log may have entries after the place that
	// are to be read, whether the receiver has no room, and whether Resume came before
	// that was known.
	unread, rests, resumed bool
}

// Subscribe delivers all entries after a place, in order, each once: the
// history in pages, then what comes as it comes. It returns at once.
func (h *Hub) Subscribe(site, ticket string, after Place, receiver Receiver) *Subscription {
	s := &Subscription{
		hub: h, receiver: receiver, place: place{number: after.Number, at: after.AtMS}, unread: true,
	}
	log := h.log(site, ticket)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return s
	}
	f := h.feeds[log.Name]
	if f == nil {
		f = &feed{log: log, site: site, ticket: ticket, subscribers: map[*Subscription]struct{}{}}
		h.feeds[log.Name] = f
		f.unsubscribe = h.backend.Subscribe(log, func(signal eventlog.Signal) { h.hear(f, signal) })
		if h.check == nil {
			h.check = time.AfterFunc(h.options.HeadCheck, h.checkHeads)
		}
	}
	s.feed = f
	f.subscribers[s] = struct{}{}
	f.stopRetry()
	h.scheduleLocked(f)
	return s
}

// Stop ends the subscription: no further call of the receiver begins. One may be
// under way, but it ends before the first call of a later subscription to the same
// conversation, and Stop may be called from within it.
func (s *Subscription) Stop() {
	if s.feed != nil {
		s.hub.drop(s.feed, s)
	}
}

// Resume says that the receiver has room again. It never blocks.
func (s *Subscription) Resume() {
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	if s.resumed = !s.rests; s.rests {
		s.hub.resumeLocked(s)
	}
}

func (h *Hub) resumeLocked(s *Subscription) {
	s.rests, s.resumed, s.unread = false, false, true
	s.feed.stopRetry()
	h.scheduleLocked(s.feed)
}

// rest has a subscription wait for Resume, unless that was called already.
func (h *Hub) rest(s *Subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.rests = true; s.resumed {
		h.resumeLocked(s)
	}
}

func (h *Hub) drop(f *feed, s *Subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(f.subscribers, s)
	h.releaseLocked(f)
}
