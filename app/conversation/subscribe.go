package conversation

import (
	"context"
	"time"

	"nextup/gateway/protocol"
	"nextup/internal/eventlog"
)

// feed is a conversation that somebody here has open. The Hub's lock guards
// it, but for what the worker at it owns.
type feed struct {
	log         eventlog.Log
	ticket      string
	subscribers map[*Subscription]struct{}
	hangUp      func() // ends the backend's subscription
	notes       [][]byte
	pushed      []*eventlog.Pushed // at most maxPushed
	read        bool               // the log is to be read, whatever was pushed
	queued      bool
	working     bool  // a worker is at it
	again       bool  // something came while it was
	failures    int   // reads that failed in a row
	retrying    bool  // a timer will have it read again
	seen        place // the newest entry read
}

// Place is the newest entry that a client has: its number, 0 for none, and its
// stamp, 0 if unknown.
type Place struct {
	Number uint64
	AtMS   int64
}

// place is an entry's number and what it is known by: its ID and its stamp, as
// far as they are known. Both count: after a failover a repeated message has its
// first one's ID again, and another stamp.
type place struct {
	number uint64
	id     string
	at     int64
}

// shows says whether the record at the place is the one that is meant.
func (p place) shows(r eventlog.Record) bool {
	return (p.id == "" || p.id == r.ID) && (p.at == 0 || p.at == r.At)
}

// Receiver hears a conversation. Its methods must not block; they are called on
// goroutines of the Hub, one at a time for each subscription.
type Receiver interface {
	// Ready says whether Deliver would take anything now. If not, the subscription
	// rests until Resume.
	Ready() bool
	// Deliver takes as many of the entries as there is room for, which it must not
	// change since others share them. If some are left the subscription rests until
	// Resume; unless more is true it ends.
	Deliver(entries []protocol.Entry) (taken int, more bool)
	// Note hears the conversation's transient notes.
	Note(payload []byte)
	// Reset says that the log lost entries in a failover, or never had the one that
	// the subscription began after, and is the last call: begin again from 0.
	Reset()
}

// Subscription is one receiver at a conversation.
type Subscription struct {
	hub      *Hub
	feed     *feed
	receiver Receiver
	// The worker's own: the place, and how many entries are read at a time if not
	// a whole page.
	place place
	few   int
	// The Hub's lock guards these: whether the receiver has no room, and whether
	// Resume came before that was known.
	rests, resumed bool
}

// Subscribe delivers all entries after a place, in order, each once: the
// history in pages, then what comes as it comes. It returns at once.
func (h *Hub) Subscribe(site, ticket string, after Place, receiver Receiver) *Subscription {
	s := &Subscription{hub: h, receiver: receiver, place: place{number: after.Number, at: after.AtMS}}
	log := h.log(site, ticket)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return s
	}
	f := h.feeds[log.Name]
	if f == nil {
		f = &feed{log: log, ticket: ticket, subscribers: map[*Subscription]struct{}{}}
		h.feeds[log.Name] = f
		f.hangUp = h.backend.Subscribe(log, func(signal eventlog.Signal) { h.hear(f, signal) })
		if h.check == nil {
			h.check = time.AfterFunc(h.options.HeadCheck, h.checkHeads)
		}
	}
	s.feed = f
	f.subscribers[s] = struct{}{}
	h.readLocked(f)
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
		s.rests = false
		s.hub.readLocked(s.feed)
	}
}

// rest has a subscription wait for Resume, unless that has come already.
func (h *Hub) rest(s *Subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.rests = !s.resumed; s.resumed {
		s.resumed = false
		h.readLocked(s.feed)
	}
}

func (h *Hub) drop(f *feed, s *Subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(f.subscribers, s)
	h.tidyLocked(f)
}

// tidyLocked gives up a feed that nobody has open. One with a worker stays
// until that is done, so that no second worker can begin beside it.
func (h *Hub) tidyLocked(f *feed) {
	if len(f.subscribers) > 0 || f.working || h.feeds[f.log.Name] != f {
		return
	}
	delete(h.feeds, f.log.Name)
	f.hangUp()
	if len(h.feeds) == 0 && h.check != nil {
		h.check.Stop()
		h.check = nil
	}
}

// hear takes a signal of the backend.
func (h *Hub) hear(f *feed, signal eventlog.Signal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if signal.Payload != nil {
		if len(f.notes) >= maxNotes {
			return
		}
		f.notes = append(f.notes, signal.Payload)
	}
	switch {
	case signal.Payload != nil:
	case signal.Pushed != nil && len(f.pushed) < maxPushed:
		f.pushed = append(f.pushed, signal.Pushed)
	default:
		f.read = true
	}
	h.markLocked(f)
}

// readLocked has the feed's log read.
func (h *Hub) readLocked(f *feed) {
	f.read = true
	h.markLocked(f)
}

// checkHeads looks for what lost wake-ups left unread.
func (h *Hub) checkHeads() {
	h.mu.Lock()
	feeds := make([]*feed, 0, len(h.feeds))
	logs := make([]eventlog.Log, 0, len(h.feeds))
	for _, f := range h.feeds {
		feeds = append(feeds, f)
		logs = append(logs, f.log)
	}
	h.mu.Unlock()

	ctx, cancel := context.WithTimeout(h.ctx, readTimeout)
	defer cancel()
	heads, err := h.backend.Heads(ctx, logs)
	if err != nil {
		h.unchecked.Log(h.options.Logger, "the heads of open conversations could not be read", "error", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, head := range heads {
		if f := feeds[i]; f.seen != (place{head.Number, head.ID, head.At}) {
			h.readLocked(f)
		}
	}
	if h.check != nil {
		h.check.Reset(h.options.HeadCheck)
	}
}
