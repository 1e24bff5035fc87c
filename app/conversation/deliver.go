package conversation

import (
	"cmp"
	"slices"

	"nextup/internal/eventlog"
)

// work delivers notes and pushed records until no feed has any. It never waits for the
// log.
func (h *Hub) work() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.deliveries) > 0 {
		f := h.deliveries[0]
		h.deliveries[0] = nil
		h.deliveries = h.deliveries[1:]
		f.queued = false
		if !h.takeLocked(f) {
			continue
		}
		notes, pushed := f.notes, f.pushed
		f.notes, f.pushed = nil, nil
		groups := f.groups(func(s *Subscription) bool { return !s.rests })
		h.mu.Unlock()
		for _, g := range groups {
			h.deliverNotes(f, g, notes)
			h.deliverPushed(f, g, pushed)
		}
		h.mu.Lock()
		h.doneLocked(f)
	}
	h.deliveries = nil
	h.workers--
}

// group is the subscribers of a feed that are at the same place.
type group struct {
	place   place
	members []*Subscription
}

// groups returns the subscribers that are chosen, those that are furthest first: they
// wait for what is new.
func (f *feed) groups(chosen func(*Subscription) bool) []group {
	var groups []group
	for s := range f.subscribers {
		if !chosen(s) {
			continue
		}
		i := slices.IndexFunc(groups, func(g group) bool { return g.place == s.place })
		if i < 0 {
			i = len(groups)
			groups = append(groups, group{place: s.place})
		}
		groups[i].members = append(groups[i].members, s)
	}
	slices.SortFunc(groups, func(a, b group) int { return cmp.Compare(b.place.number, a.place.number) })
	return groups
}

func (h *Hub) deliverNotes(f *feed, g group, notes [][]byte) {
	for _, s := range g.members {
		for _, n := range notes {
			if h.subscribed(f, s) {
				s.receiver.Note(n)
			}
		}
	}
}

// deliverPushed brings a group further by the records that continue its place. If they
// do not, the log has to be read.
func (h *Hub) deliverPushed(f *feed, g group, pushed []*eventlog.Pushed) {
	records, fits := continues(g.place, pushed)
	if fits && len(records) == 0 {
		return
	}
	b, err := batch{}, error(nil)
	if fits {
		b, err = batchOf(g.place, records)
	}
	if !fits || err != nil {
		h.mu.Lock()
		for _, s := range g.members {
			s.unread = true
		}
		h.mu.Unlock()
		return
	}
	f.current = true // what is pushed is new
	h.deliver(f, g.members, b)
	h.mu.Lock()
	f.seen = b.place(len(records))
	h.mu.Unlock()
}

// continues finds in what was pushed the records after a place. It does not fit if
// some in between are missing, or are not those of the place's log.
func continues(p place, pushed []*eventlog.Pushed) (records []eventlog.Record, fits bool) {
	for _, batch := range pushed {
		last := batch.Last()
		switch {
		case p == place{batch.After.Number, batch.After.ID, batch.After.At}:
			records = append(records, batch.Records...)
			p = place{last.Number, last.ID, last.At}
		case last.Number > p.number || p.id == "" && p.number > 0:
			return nil, false
		}
	}
	return records, true
}

// subscribed reports whether the subscriber has not been stopped.
func (h *Hub) subscribed(f *feed, s *Subscription) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, ok := f.subscribers[s]
	return ok
}

// deliver hands a batch to those that are still subscribed, each of which is then at the
// place of the last entry that it took. For one that did not take it all, about as much is
// read the next time as it took now.
func (h *Hub) deliver(f *feed, members []*Subscription, b batch) {
	h.learn(f, &b)
	for _, s := range members {
		if !h.subscribed(f, s) {
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
			s.limit = min(max(2*taken, fewest), pageSize)
			h.rest(s)
		default:
			s.limit = min(2*s.limit, pageSize)
		}
	}
	h.tell(f, &b)
}

// tell calls OnDelivered for what is new in a batch.
func (h *Hub) tell(f *feed, b *batch) {
	last := b.place(len(b.entries)).number
	if last <= f.told {
		return
	}
	fresh := b.entries[len(b.entries)-int(min(last-f.told, uint64(len(b.entries)))):]
	f.told = last
	if told := h.delivered.Load(); told != nil && f.current && len(fresh) > 0 {
		(*told)(f.site, f.ticket, fresh)
	}
}

// batch is what follows a place: the entries, and the records that they were made of.
type batch struct {
	after   place
	entries []Entry
	records []eventlog.Record
}

// place is that of the nth entry.
func (b *batch) place(n int) place {
	if n == 0 {
		return b.after
	}
	return placeOf(&b.records[n-1])
}

// batchOf checks that records continue a place.
func batchOf(p place, records []eventlog.Record) (batch, error) {
	b := batch{after: p, entries: make([]Entry, len(records)), records: records}
	for i := range records {
		// Records of one answer, or of pushes that continue each other, are among
		// themselves what the log is, whatever a broken file has made of it.
		if i == 0 && records[i].Prev != p.id {
			return batch{}, errFork
		}
		var err error
		if b.entries[i], err = decode(&records[i]); err != nil {
			return batch{}, err
		}
	}
	return b, nil
}
