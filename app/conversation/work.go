package conversation

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"time"

	"nextup/gateway/protocol"
	"nextup/internal/eventlog"
)

// markLocked puts a feed in the queue, or has its worker look again.
func (h *Hub) markLocked(f *feed) {
	switch {
	case h.closed || h.feeds[f.log.Name] != f || f.queued:
	case f.working:
		f.again = true
	default:
		f.queued = true
		h.queue = append(h.queue, f)
		if h.workers < h.options.Workers {
			h.workers++
			go h.work()
		}
	}
}

// work serves feeds until none is in the queue.
func (h *Hub) work() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.queue) > 0 {
		f := h.queue[0]
		h.queue[0] = nil
		h.queue = h.queue[1:]
		f.queued = false
		if h.feeds[f.log.Name] != f {
			continue
		}
		f.working, f.again = true, false
		h.mu.Unlock()
		more, err := h.serve(f)
		h.mu.Lock()
		f.working = false
		h.tidyLocked(f)
		switch {
		case err != nil:
			h.retryLocked(f, err)
		case more || f.again:
			if more {
				f.read = true
			}
			h.markLocked(f) // behind the others, so that long histories hold up nobody
			fallthrough
		default:
			f.failures = 0
		}
	}
	h.queue = nil
	h.workers--
}

// retryLocked has a feed read again after a pause: 100 ms doubling to 6.4 s,
// less by up to a half.
func (h *Hub) retryLocked(f *feed, err error) {
	if h.closed || f.retrying {
		return
	}
	f.retrying = true
	if f.failures == 0 {
		h.unread.Log(h.options.Logger, "a conversation could not be read", "log", f.log.Name, "error", err)
	}
	pause := 100 * time.Millisecond << min(f.failures, 6)
	f.failures++
	time.AfterFunc(pause/2+rand.N(pause/2), func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		f.retrying = false
		h.readLocked(f)
	})
}

// serve hands the notes to everybody who does not rest, and to those at the same
// place one page of what they lack. more says that some lack more and have room.
func (h *Hub) serve(f *feed) (more bool, err error) {
	h.mu.Lock()
	notes, pushed, reads := f.notes, f.pushed, f.read
	f.notes, f.pushed, f.read = nil, nil, false
	groups := map[place][]*Subscription{}
	for s := range f.subscribers {
		if !s.rests {
			groups[s.place] = append(groups[s.place], s)
		}
	}
	h.mu.Unlock()

	places := make([]place, 0, len(groups))
	for p, group := range groups {
		places = append(places, p)
		for _, s := range group {
			for _, n := range notes {
				if h.stays(f, s) {
					s.receiver.Note(n)
				}
			}
		}
	}
	// Those who are up to date first: they wait for what is new.
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(b.number, a.number) })
	for _, p := range places {
		records, fits := continues(p, pushed)
		if fits && !reads {
			err = cmp.Or(err, h.handOut(f, p, groups[p], records))
			continue
		}
		full, e := h.page(f, p, groups[p])
		more = more || full
		err = cmp.Or(err, e)
	}
	return more, err
}

// continues finds in what was pushed the records after a place. It does not fit if
// some in between are missing, or are not those of the place's log.
func continues(p place, pushed []*eventlog.Pushed) (records []eventlog.Record, fits bool) {
	for _, batch := range pushed {
		switch {
		case p == place{batch.After.Number, batch.After.ID, batch.After.At}:
			records = append(records, batch.Records...)
			last := batch.Last()
			p = place{last.Number, last.ID, last.At}
		case batch.Last().Number > p.number || p.id == "" && p.number > 0:
			return nil, false
		}
	}
	return records, true
}

// handOut brings the subscribers at a place further by records that continue it.
func (h *Hub) handOut(f *feed, p place, group []*Subscription, records []eventlog.Record) error {
	if len(records) == 0 {
		return nil
	}
	b, err := batchOf(f, p, records)
	if err != nil {
		return err
	}
	h.deliver(f, group, b)
	h.mu.Lock()
	f.seen = b.place(len(records))
	h.mu.Unlock()
	return nil
}

// stays says whether the subscriber has not been stopped.
func (h *Hub) stays(f *feed, s *Subscription) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, ok := f.subscribers[s]
	return ok
}

var errFork = errors.New("conversation: the log lost entries")

// fewest is how many entries are read at least for a subscriber with little room.
const fewest = 8

// page brings the subscribers at a place that have room one page further. full says
// that there is more, and that some have room for it.
func (h *Hub) page(f *feed, p place, group []*Subscription) (full bool, err error) {
	limit := 0
	group = slices.DeleteFunc(group, func(s *Subscription) bool {
		if s.receiver.Ready() {
			limit = max(limit, cmp.Or(s.few, pageSize))
			return false
		}
		h.rest(s)
		return true
	})
	if len(group) == 0 {
		return false, nil
	}
	b, full, err := h.read(f, p, limit)
	if errors.Is(err, errFork) {
		for _, s := range group {
			if h.stays(f, s) {
				h.drop(f, s)
				s.receiver.Reset()
			}
		}
		return false, nil
	}
	if err != nil {
		return false, err
	}
	room := h.deliver(f, group, b)
	if !full {
		h.mu.Lock()
		f.seen = b.place(len(b.entries))
		h.mu.Unlock()
	}
	return full && room, nil
}

// deliver hands a batch to those who stay, each of whom is then at the place of the
// last entry that they took, and says whether some took it all. Who did not is read
// for about as much the next time as they took now.
func (h *Hub) deliver(f *feed, group []*Subscription, b batch) (room bool) {
	for _, s := range group {
		if !h.stays(f, s) {
			continue
		}
		taken, more := 0, true
		if len(b.entries) > 0 {
			taken, more = s.receiver.Deliver(b.entries)
		}
		s.place = b.place(taken)
		switch {
		case !more:
			h.drop(f, s)
		case taken < len(b.entries):
			s.few = min(max(2*taken, fewest), pageSize)
			h.rest(s)
		default:
			s.few = min(2*s.few, pageSize)
			room = true
		}
	}
	return room
}

// batch is what follows a place: how clients see it, and the records that it was
// made of.
type batch struct {
	after   place
	entries []protocol.Entry
	records []eventlog.Record
}

// place is that of the nth entry.
func (b *batch) place(n int) place {
	if n == 0 {
		return b.after
	}
	r := &b.records[n-1]
	return place{r.Number, r.ID, r.At}
}

// read returns at most so many entries after a place, having made sure that the log
// is still the one that the place is of. full says that there may be more.
func (h *Hub) read(f *feed, p place, limit int) (b batch, full bool, err error) {
	ctx, cancel := context.WithTimeout(h.ctx, readTimeout)
	defer cancel()
	after := p.number
	if after > 0 {
		after, limit = after-1, limit+1
	}
	records, err := h.backend.Read(ctx, f.log, after, limit)
	if err != nil {
		return batch{}, false, err
	}
	full = len(records) == limit
	if p.number > 0 {
		if len(records) == 0 || !p.shows(records[0]) {
			return batch{}, false, errFork
		}
		p.id, p.at = records[0].ID, records[0].At
		records = records[1:]
	}
	b, err = batchOf(f, p, records)
	return b, full, err
}

// batchOf checks that records continue a place.
func batchOf(f *feed, p place, records []eventlog.Record) (batch, error) {
	b := batch{after: p, entries: make([]protocol.Entry, len(records)), records: records}
	for i, r := range records {
		// Records of one answer, or of pushes that continue each other, are among
		// themselves what the log is, whatever a broken file has made of it.
		if i == 0 && r.Prev != p.id {
			return batch{}, errFork
		}
		var err error
		if b.entries[i], err = entry(f.ticket, r); err != nil {
			return batch{}, err
		}
	}
	return b, nil
}
