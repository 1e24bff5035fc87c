package conversation

import (
	"context"
	"math/rand/v2"
	"time"

	"nextup/internal/eventlog"
)

// feed is a conversation that has subscribers here. The Hub's lock guards it.
type feed struct {
	log          eventlog.Log
	site, ticket string
	subscribers  map[*Subscription]struct{}
	unsubscribe  func() // ends the backend's subscription

	notes  [][]byte           // to be delivered, at most maxNotes
	pushed []*eventlog.Pushed // to be delivered, at most maxPushed
	queued bool               // in Hub.deliveries
	due    bool               // in Hub.reads
	busy   bool               // a worker or a reader is at it

	// The feed's worker or reader alone uses these: whether its history has been read, and
	// the newest entry that OnDelivered need not hear of any more.
	current bool
	told    uint64

	seen     place           // the newest entry that was read or delivered
	head     uint64          // the highest number known
	marks    map[reader]mark // what is known of them
	failures int             // reads that failed in a row
	// retry is set after a read has failed, until the next one may begin.
	retry *time.Timer
}

// place is an entry's number and what it is known by: its ID and its stamp, as
// far as they are known. Both count: after a failover a repeated message has its
// first one's ID again, and another stamp.
type place struct {
	number uint64
	id     string
	at     int64
}

func placeOf(r *eventlog.Record) place { return place{r.Number, r.ID, r.At} }

// matches reports whether the record may be the one at the place.
func (p place) matches(r *eventlog.Record) bool {
	return (p.id == "" || p.id == r.ID) && (p.at == 0 || p.at == r.At)
}

// hear takes a signal of the backend.
func (h *Hub) hear(f *feed, signal eventlog.Signal) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case signal.Payload != nil:
		if len(f.notes) < maxNotes {
			f.notes = append(f.notes, signal.Payload)
		}
	case signal.Pushed != nil && len(f.pushed) < maxPushed:
		f.pushed = append(f.pushed, signal.Pushed)
	default:
		f.markUnread()
	}
	h.scheduleLocked(f)
}

// markUnread has all subscribers read what may have come after their places, at once
// even if a read has just failed.
func (f *feed) markUnread() {
	for s := range f.subscribers {
		s.unread = true
	}
	f.stopRetry()
}

// learn takes from a batch what read marks need.
func (h *Hub) learn(f *feed, b *batch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f.head = max(f.head, b.place(len(b.entries)).number)
	for i := range b.entries {
		if e := &b.entries[i]; e.Kind == Read {
			f.markedLocked(reader{e.From.Role, e.From.ID}, mark{e.UpTo, e.Number, e.AtMS})
		}
	}
}

func (f *feed) stopRetry() {
	if f.retry != nil {
		f.retry.Stop()
		f.retry = nil
	}
}

// scheduleLocked queues a feed for a worker if there is something to deliver, and for
// a reader if there is something to read. One that is busy is queued when that is
// over: so a conversation's subscribers hear everything in order.
func (h *Hub) scheduleLocked(f *feed) {
	if h.closed || f.busy || h.feeds[f.log.Name] != f {
		return
	}
	if !f.queued && len(f.notes)+len(f.pushed) > 0 {
		f.queued = true
		h.deliveries = append(h.deliveries, f)
		if h.workers < maxWorkers {
			h.workers++
			go h.work()
		}
	}
	if !f.due && f.retry == nil && f.hasUnread() {
		f.due = true
		h.reads = append(h.reads, f)
		h.startReadsLocked()
	}
}

func (f *feed) hasUnread() bool {
	for s := range f.subscribers {
		if s.unread && !s.rests {
			return true
		}
	}
	return false
}

// takeLocked makes a feed that was taken from a queue busy. It returns false if the feed
// has been given up, or a worker or reader is at it, which will schedule it again.
func (h *Hub) takeLocked(f *feed) bool {
	if f.busy || h.feeds[f.log.Name] != f {
		return false
	}
	f.busy = true
	return true
}

// doneLocked is called by the worker or reader that was at the feed.
func (h *Hub) doneLocked(f *feed) {
	f.busy = false
	h.releaseLocked(f)
	h.scheduleLocked(f)
}

// releaseLocked gives up a feed without subscribers. A busy one stays until that is
// over, so that a later subscription cannot overtake a delivery under way.
func (h *Hub) releaseLocked(f *feed) {
	if len(f.subscribers) > 0 || f.busy || h.feeds[f.log.Name] != f {
		return
	}
	delete(h.feeds, f.log.Name)
	f.unsubscribe()
	f.stopRetry()
	if len(h.feeds) == 0 && h.check != nil {
		h.check.Stop()
		h.check = nil
	}
}

// retryLocked has a feed whose read failed pause before the next one: 100 ms doubling
// to 6.4 s, less by up to a half.
func (h *Hub) retryLocked(f *feed, err error) {
	if h.closed || h.feeds[f.log.Name] != f {
		return
	}
	if f.failures == 0 {
		h.unreadable.Log(h.options.Logger, "a conversation could not be read", "log", f.log.Name, "err", err)
	}
	pause := 100 * time.Millisecond << min(f.failures, 6)
	f.failures++
	f.stopRetry()
	var timer *time.Timer
	timer = time.AfterFunc(pause/2+rand.N(pause/2), func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if f.retry == timer {
			f.retry = nil
			h.scheduleLocked(f)
		}
	})
	f.retry = timer
}

// checkHeads finds what lost wake-ups have left unread.
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
		h.unchecked.Log(h.options.Logger, "the heads of open conversations could not be read", "err", err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, head := range heads {
		f := feeds[i]
		if head != eventlog.UnknownHead && f.seen != (place{head.Number, head.ID, head.At}) {
			f.markUnread()
			h.scheduleLocked(f)
		}
	}
	if h.check != nil {
		h.check.Reset(h.options.HeadCheck)
	}
}
