package conversation

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

var errFork = errors.New("conversation: the log lost entries")

const (
	readTimeout = 5 * time.Second // of one read or head check
	// slowRead is the time after which a read is slow: it then no longer counts against
	// Options.Reads.
	slowRead = 100 * time.Millisecond
	// fewest is the smallest number of entries of a page, also for a subscriber with less
	// room than that.
	fewest = 8
)

// startReadsLocked starts reads up to Options.Reads, and one more for each read that is
// slow. So reads that hang, because one shard of a Cluster hangs, delay the other reads
// by a few times slowRead at most. A conversation has at most one read at a time.
func (h *Hub) startReadsLocked() {
	for len(h.reads) > 0 && h.reading < h.options.Reads+h.slow {
		f := h.reads[0]
		h.reads[0] = nil
		h.reads = h.reads[1:]
		f.due = false
		if h.takeLocked(f) {
			h.reading++
			go h.read(f)
		}
	}
	if len(h.reads) == 0 {
		h.reads = nil
	}
}

// read reads one page for each group of a feed's subscribers that have unread entries.
func (h *Hub) read(f *feed) {
	done, slow := false, false
	timer := time.AfterFunc(slowRead, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if !done {
			slow = true
			h.reading--
			h.slow++
			h.startReadsLocked()
		}
	})
	defer timer.Stop()
	err := h.readPages(f)
	h.mu.Lock()
	defer h.mu.Unlock()
	if done = true; slow {
		h.slow--
	} else {
		h.reading--
	}
	if err != nil {
		h.retryLocked(f, err)
	} else {
		f.failures = 0
	}
	h.doneLocked(f) // with more to read it queues behind the other feeds, so that a long history delays none of them
	h.startReadsLocked()
}

func (h *Hub) readPages(f *feed) error {
	h.mu.Lock()
	groups := f.groups(func(s *Subscription) bool { return s.unread && !s.rests })
	h.mu.Unlock()
	for _, g := range groups {
		if err := h.readPage(f, g); err != nil {
			return err
		}
	}
	return nil
}

// readPage reads the next page for a group and delivers it to the members with room.
func (h *Hub) readPage(f *feed, g group) error {
	limit := 0
	members := slices.DeleteFunc(g.members, func(s *Subscription) bool {
		if s.receiver.Ready() {
			limit = max(limit, cmp.Or(s.limit, pageSize))
			return false
		}
		h.rest(s)
		return true
	})
	if len(members) == 0 {
		return nil
	}
	h.setUnread(members, false) // an entry that arrives from now on sets it again
	b, full, err := h.page(f, g.place, limit)
	switch {
	case errors.Is(err, errFork):
		h.mu.Lock()
		f.head, f.marks = 0, nil
		f.current, f.told = false, 0
		h.mu.Unlock()
		for _, s := range members {
			if h.subscribed(f, s) {
				h.drop(f, s)
				s.receiver.Reset()
			}
		}
		return nil
	case err != nil:
		h.setUnread(members, true)
		return err
	}
	h.deliver(f, members, b)
	if full {
		h.setUnread(members, true)
		return nil
	}
	f.current = true
	h.mu.Lock()
	f.seen = b.place(len(b.entries))
	h.mu.Unlock()
	return nil
}

func (h *Hub) setUnread(members []*Subscription, unread bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range members {
		s.unread = unread
	}
}

// History reads at most limit entries of a conversation after a number, without a
// subscription.
func (h *Hub) History(ctx context.Context, site, ticket string, after uint64, limit int) ([]Entry, error) {
	records, err := h.backend.Read(ctx, h.log(site, ticket), after, limit)
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, len(records))
	for i := range records {
		if entries[i], err = decode(&records[i]); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

// page returns at most limit entries after a place. It returns errFork if the log no
// longer holds the entry at the place. full reports that there may be more entries.
func (h *Hub) page(f *feed, p place, limit int) (b batch, full bool, err error) {
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
		if len(records) == 0 || !p.matches(&records[0]) {
			return batch{}, false, errFork
		}
		p = placeOf(&records[0])
		records = records[1:]
	}
	b, err = batchOf(p, records)
	return b, full, err
}
