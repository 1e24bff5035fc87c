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

// markLocked puts a thread in the queue, or has its worker look again.
func (h *Hub) markLocked(t *thread) {
	switch {
	case h.closed || h.threads[t.log.Name] != t || t.queued:
	case t.working:
		t.again = true
	default:
		t.queued = true
		h.queue = append(h.queue, t)
		if h.workers < h.options.Workers {
			h.workers++
			go h.work()
		}
	}
}

// work serves threads until none is in the queue.
func (h *Hub) work() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.queue) > 0 {
		t := h.queue[0]
		h.queue[0] = nil
		h.queue = h.queue[1:]
		t.queued = false
		if h.threads[t.log.Name] != t {
			continue
		}
		t.working, t.again = true, false
		h.mu.Unlock()
		more, err := h.serve(t)
		h.mu.Lock()
		t.working = false
		h.tidyLocked(t)
		switch {
		case err != nil:
			h.retryLocked(t, err)
		case more || t.again:
			if more {
				t.read = true
			}
			h.markLocked(t) // behind the others, so that long histories hold up nobody
			fallthrough
		default:
			t.failures = 0
		}
	}
	h.queue = nil
	h.workers--
}

// retryLocked has a thread read again after a pause: 100 ms doubling to 6.4 s,
// less by up to a half.
func (h *Hub) retryLocked(t *thread, err error) {
	if h.closed || t.retrying {
		return
	}
	t.retrying = true
	if t.failures == 0 {
		h.unread.Log(h.options.Logger, "a conversation could not be read", "log", t.log.Name, "error", err)
	}
	pause := 100 * time.Millisecond << min(t.failures, 6)
	t.failures++
	time.AfterFunc(pause/2+rand.N(pause/2), func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		t.retrying = false
		h.readLocked(t)
	})
}

// serve hands the notes to everybody, and to those at the same place one page of
// what they lack. more says that some lack more.
func (h *Hub) serve(t *thread) (more bool, err error) {
	h.mu.Lock()
	notes, pushed, reads := t.notes, t.pushed, t.read
	t.notes, t.pushed, t.read = nil, nil, false
	groups := map[place][]*subscriber{}
	for s := range t.subscribers {
		groups[s.place] = append(groups[s.place], s)
	}
	h.mu.Unlock()

	places := make([]place, 0, len(groups))
	for p, group := range groups {
		places = append(places, p)
		for _, s := range group {
			for _, n := range notes {
				if h.stays(t, s) {
					s.note(n)
				}
			}
		}
	}
	// Those who are up to date first: they wait for what is new.
	slices.SortFunc(places, func(a, b place) int { return cmp.Compare(b.number, a.number) })
	for _, p := range places {
		records, fits := continues(p, pushed)
		if fits && !reads {
			err = cmp.Or(err, h.handOut(t, p, groups[p], records))
			continue
		}
		full, e := h.page(t, p, groups[p])
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
func (h *Hub) handOut(t *thread, p place, group []*subscriber, records []eventlog.Record) error {
	if len(records) == 0 {
		return nil
	}
	entries, last, err := entriesOf(t, p, records)
	if err != nil {
		return err
	}
	h.deliver(t, group, entries, last)
	h.mu.Lock()
	t.seen = last
	h.mu.Unlock()
	return nil
}

// stays says whether the subscriber has not been stopped.
func (h *Hub) stays(t *thread, s *subscriber) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, ok := t.subscribers[s]
	return ok
}

var errFork = errors.New("conversation: the log lost entries")

// page brings the subscribers at a place one page further.
func (h *Hub) page(t *thread, p place, group []*subscriber) (full bool, err error) {
	entries, last, full, err := h.read(t, p)
	if errors.Is(err, errFork) {
		for _, s := range group {
			if h.stays(t, s) {
				h.drop(t, s)
				s.reset()
			}
		}
		return false, nil
	}
	if err != nil {
		return false, err
	}
	h.deliver(t, group, entries, last)
	if !full {
		h.mu.Lock()
		t.seen = last
		h.mu.Unlock()
	}
	return full, nil
}

// deliver hands entries to those who stay, who are then at the place.
func (h *Hub) deliver(t *thread, group []*subscriber, entries []protocol.Entry, at place) {
	for _, s := range group {
		if !h.stays(t, s) {
			continue
		}
		s.place = at
		if len(entries) > 0 && !s.deliver(entries) {
			h.drop(t, s)
		}
	}
}

// read returns the entries after a place, having made sure that the log is still
// the one that the place is of.
func (h *Hub) read(t *thread, p place) (entries []protocol.Entry, last place, full bool, err error) {
	ctx, cancel := context.WithTimeout(h.ctx, readTimeout)
	defer cancel()
	after, limit := p.number, pageSize
	if after > 0 {
		after, limit = after-1, limit+1
	}
	records, err := h.backend.Read(ctx, t.log, after, limit)
	if err != nil {
		return nil, p, false, err
	}
	full = len(records) == limit
	if p.number > 0 {
		if len(records) == 0 || !p.shows(records[0]) {
			return nil, p, false, errFork
		}
		p.id, p.at = records[0].ID, records[0].At
		records = records[1:]
	}
	entries, last, err = entriesOf(t, p, records)
	if err != nil {
		return nil, p, false, err
	}
	return entries, last, full, nil
}

// entriesOf checks that records continue a place, and returns how clients see
// them, and the place of the last.
func entriesOf(t *thread, p place, records []eventlog.Record) (entries []protocol.Entry, last place, err error) {
	entries = make([]protocol.Entry, len(records))
	for i, r := range records {
		// Records of one answer, or of pushes that continue each other, are among
		// themselves what the log is, whatever a broken file has made of it.
		if i == 0 && r.Prev != p.id {
			return nil, p, errFork
		}
		if entries[i], err = entry(t.ticket, r); err != nil {
			return nil, p, err
		}
		p = place{r.Number, r.ID, r.At}
	}
	return entries, p, nil
}
