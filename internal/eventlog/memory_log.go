package eventlog

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

func unavailable(err error) error { return fmt.Errorf("%w: %w", ErrUnavailable, err) }

// memoryLog is one log of a Memory. Its owner holds the lock.
type memoryLog struct {
	head    Head
	fence   uint64
	sealed  bool
	expires int64 // Unix milliseconds, 0 for never
	// lead is by how much stamps were ahead of the clock when it was set back, which
	// was at made.
	lead, made int64

	records []Record // numbered without gap, the head last
	ids     map[string]remembered
	aging   []agingID // ids that will be forgotten, oldest first
	ranks   map[string]map[string]int64

	// Entities keep their slot while they live, so that a scan by slot meets every
	// entity that is there from its start to its end.
	slots []Entity // a slot without a name is free
	index map[string]int
	free  []int
}

type remembered struct {
	number  uint64
	at      int64
	intent  string
	expires int64 // 0 for never
}

type agingID struct {
	id      string
	expires int64
}

func newMemoryLog() *memoryLog {
	return &memoryLog{
		ids:   map[string]remembered{},
		ranks: map[string]map[string]int64{},
		index: map[string]int{},
	}
}

func (l *memoryLog) expired(now int64) bool { return l.expires != 0 && l.expires <= now }

// stamp returns the stamp of the next record; see the package comment.
func (l *memoryLog) stamp(clock int64) int64 {
	if clock >= l.head.At {
		l.lead, l.made = 0, 0
		return clock
	}
	if clock >= l.made {
		if stamp := clock + max(0, l.lead-(clock-l.made)/64); stamp >= l.head.At {
			return stamp
		}
	}
	l.lead, l.made = l.head.At-clock, clock
	return l.head.At
}

// commit judges c in the order that every backend keeps: the id, the seal, the
// fence, the reads, the bounds of time.
func (l *memoryLog) commit(log Log, c *Commit, clock int64) Outcome {
	stamp := l.stamp(clock)
	l.forget(stamp)
	if known, ok := l.ids[c.ID]; ok {
		if known.intent != c.Intent {
			return Outcome{IDConflict, l.head}
		}
		return Outcome{Duplicate, Head{Number: known.number, ID: c.ID, At: known.at}}
	}
	switch {
	case l.sealed && !c.Seal:
		return Outcome{Sealed, l.head}
	case c.Fence != 0 && c.Fence < l.fence:
		return Outcome{Fenced, l.head}
	}
	for _, r := range c.Reads {
		if l.version(r.Name) != r.Version {
			return Outcome{Conflict, l.head}
		}
	}
	switch {
	case c.NotBefore != 0 && stamp < c.NotBefore:
		return Outcome{TooEarly, l.head}
	case c.NotAfter != 0 && stamp > c.NotAfter:
		return Outcome{TooLate, l.head}
	}

	prev := l.head.ID
	l.head = Head{Number: l.head.Number + 1, ID: c.ID, At: stamp}
	l.records = append(l.records, Record{
		Number: l.head.Number, ID: c.ID, Prev: prev, At: stamp, Data: bytes.Clone(c.Data),
	})
	for _, w := range c.Writes {
		l.write(w)
	}
	for _, r := range c.Ranks {
		l.rank(r)
	}
	l.fence = max(l.fence, c.RaiseFence)
	l.sealed = l.sealed || c.Seal
	l.remember(log, c)
	return Outcome{Committed, l.head}
}

func (l *memoryLog) remember(log Log, c *Commit) {
	r := remembered{number: l.head.Number, at: l.head.At, intent: c.Intent}
	if log.Remember > 0 {
		r.expires = l.head.At + log.Remember.Milliseconds()
		l.aging = append(l.aging, agingID{c.ID, r.expires})
	}
	l.ids[c.ID] = r
}

func (l *memoryLog) forget(now int64) {
	n := 0
	for n < len(l.aging) && l.aging[n].expires <= now {
		if l.ids[l.aging[n].id].expires == l.aging[n].expires {
			delete(l.ids, l.aging[n].id)
		}
		n++
	}
	clear(l.aging[:n])
	l.aging = l.aging[n:]
}

func (l *memoryLog) version(name string) string {
	if i, ok := l.index[name]; ok {
		return l.slots[i].Version
	}
	return ""
}

func (l *memoryLog) write(w Write) {
	i, there := l.index[w.Name]
	if w.Body == nil {
		if there {
			delete(l.index, w.Name)
			l.slots[i] = Entity{}
			l.free = append(l.free, i)
		}
		return
	}
	if !there {
		if n := len(l.free); n > 0 {
			i, l.free = l.free[n-1], l.free[:n-1]
		} else {
			i = len(l.slots)
			l.slots = append(l.slots, Entity{})
		}
		l.index[w.Name] = i
	}
	l.slots[i] = Entity{
		Name: w.Name, Version: l.head.ID, Number: l.head.Number, At: l.head.At,
		Body: append([]byte{}, w.Body...),
	}
}

func (l *memoryLog) rank(r Rank) {
	number := cmp.Or(r.Number, l.head.Number)
	key := RankKey(number, r.Member)
	set := l.ranks[r.Set]
	if r.Remove {
		delete(set, key)
		if len(set) == 0 {
			delete(l.ranks, r.Set)
		}
		return
	}
	if set == nil {
		set = map[string]int64{}
		l.ranks[r.Set] = set
	}
	set[key] = r.Score
	if r.FromStamp {
		set[key] += l.head.At
	}
}

func (l *memoryLog) ranked(set string) []string {
	keys := make([]string, 0, len(l.ranks[set]))
	for key := range l.ranks[set] {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int {
		return cmp.Or(cmp.Compare(l.ranks[set][a], l.ranks[set][b]), cmp.Compare(a, b))
	})
	return keys
}

// trim drops the records that are older than Trim, but never the newest: followers
// recognise their position by it.
func (l *memoryLog) trim(log Log, maxRecords int) {
	if log.Trim == 0 {
		return
	}
	oldest := l.head.At - log.Trim.Milliseconds()
	n := max(0, len(l.records)-maxRecords)
	for n < len(l.records)-1 && l.records[n].At < oldest {
		n++
	}
	clear(l.records[:n])
	l.records = l.records[n:]
}

func (l *memoryLog) read(after uint64, limit int) ([]Record, error) {
	if after >= l.head.Number || limit <= 0 {
		return nil, nil
	}
	first := l.records[0].Number
	if after+1 < first {
		return nil, ErrTrimmed
	}
	from := int(after + 1 - first)
	return slices.Clone(l.records[from:min(from+limit, len(l.records))]), nil
}

// scanPage is the number of slots that one call of scan looks at.
const scanPage = 256

func (l *memoryLog) scan(cursor uint64) (page []Entity, next uint64) {
	if cursor >= uint64(len(l.slots)) {
		return nil, 0
	}
	end := min(cursor+scanPage, uint64(len(l.slots)))
	for _, e := range l.slots[cursor:end] {
		if e.Name != "" {
			page = append(page, e)
		}
	}
	if end == uint64(len(l.slots)) {
		return page, 0
	}
	return page, end
}

var _ Backend = (*Memory)(nil)
