package conversation

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"nextup/internal/eventlog"
)

// maxReadTries bounds how often marks of one person may overtake each other.
const maxReadTries = 5

// errConflict says that the sender's mark is another than was supposed.
var errConflict = errors.New("conversation: the read mark moved meanwhile")

// reader is a person that marks what it has read.
type reader struct {
	role Role
	id   string
}

// mark is the last read mark of a reader: the zero mark is none.
type mark struct {
	upTo   uint64
	number uint64 // of its entry
	atMS   int64
}

// commitID is that of the mark's record, and so the version of the reader's entity.
func (r reader) commitID(upTo uint64) string {
	if upTo == 0 {
		return ""
	}
	return "read:" + digest(string(r.role), r.id, strconv.FormatUint(upTo, 10))
}

// entityName names the entity that holds the reader's last mark.
func (r reader) entityName() string { return "read/" + string(r.role) + "/" + r.id }

// appendRead is one round trip where the conversation has a feed here, which has seen
// what is marked and mostly the reader's last mark. Should that be another, the commit
// is refused, since it names the version that it supposes.
func (h *Hub) appendRead(ctx context.Context, log eventlog.Log, d Draft) (uint64, int64, error) {
	by := reader{d.From.Role, d.From.ID}
	head, last := h.known(log, by)
	if d.UpTo > head {
		heads, err := h.backend.Heads(ctx, []eventlog.Log{log})
		if err != nil {
			return 0, 0, err
		}
		d.UpTo = min(d.UpTo, heads[0].Number)
	}
	if d.UpTo == 0 {
		return 0, 0, nil
	}
	data, err := encode(&Entry{Kind: Read, From: d.From, UpTo: d.UpTo}, 0)
	if err != nil {
		return 0, 0, err
	}
	for range maxReadTries {
		if last.upTo >= d.UpTo {
			return last.number, last.atMS, nil
		}
		number, at, err := h.commit(ctx, log, eventlog.Commit{
			ID:     by.commitID(d.UpTo),
			Reads:  []eventlog.Read{{Name: by.entityName(), Version: by.commitID(last.upTo)}},
			Writes: []eventlog.Write{{Name: by.entityName(), Body: strconv.AppendUint(nil, d.UpTo, 10)}},
			Fence:  d.Token,
			Data:   data,
		})
		if err == nil {
			h.remember(log, by, mark{d.UpTo, number, at})
		}
		if !errors.Is(err, errConflict) {
			return number, at, err
		}
		if last, err = h.lastMark(ctx, log, by); err != nil {
			return 0, 0, err
		}
		h.remember(log, by, last)
	}
	return 0, 0, fmt.Errorf("%w: %w", ErrUnavailable, errConflict)
}

// known returns what the conversation's feed has seen, if there is one: the number of
// the newest entry, and the reader's last mark.
func (h *Hub) known(log eventlog.Log, by reader) (head uint64, last mark) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f := h.feeds[log.Name]; f != nil {
		return f.head, f.marks[by]
	}
	return 0, mark{}
}

func (h *Hub) remember(log eventlog.Log, by reader, m mark) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f := h.feeds[log.Name]; f != nil {
		f.head = max(f.head, m.number)
		f.markedLocked(by, m)
	}
}

// markedLocked keeps a mark if it is the reader's highest. There are as many as the
// conversation has had members.
func (f *feed) markedLocked(by reader, m mark) {
	if m.upTo <= f.marks[by].upTo {
		return
	}
	if f.marks == nil {
		f.marks = map[reader]mark{}
	}
	f.marks[by] = m
}

// lastMark finds a reader's mark among the entities of a conversation, which has one for
// each of its readers: a page or two.
func (h *Hub) lastMark(ctx context.Context, log eventlog.Log, by reader) (last mark, err error) {
	for cursor := uint64(0); ; {
		page, next, err := h.backend.Scan(ctx, log, cursor)
		if err != nil {
			return mark{}, err
		}
		for _, e := range page {
			if e.Name != by.entityName() || e.Number < last.number {
				continue
			}
			upTo, err := strconv.ParseUint(string(e.Body), 10, 64)
			if err != nil {
				return mark{}, fmt.Errorf("conversation: the mark in entry %d cannot be read: %w", e.Number, err)
			}
			last = mark{upTo, e.Number, e.At}
		}
		if cursor = next; cursor == 0 {
			return last, nil
		}
	}
}
