package eventlog

import (
	"context"
	"errors"
	"fmt"
)

// maxRestarts bounds how often one Step takes a snapshot: when a log forks or is
// trimmed faster than it can be read, the Step fails and is retried after a pause.
const maxRestarts = 3

// replicaError is an error of the replica.
type replicaError struct{ err error }

func (e replicaError) Error() string { return fmt.Sprintf("eventlog: the replica refused: %v", e.err) }
func (e replicaError) Unwrap() error { return e.err }

var (
	errFork = errors.New("eventlog: the log forked")
	errGap  = errors.New("eventlog: records are missing")
)

// catchUp brings the replica to the log's head.
func (f *Follower) catchUp(ctx context.Context) error {
	for restarts := 0; ; restarts++ {
		err := f.replay(ctx)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, errFork):
			f.loaded, f.forked = false, true
		case errors.Is(err, errGap), errors.Is(err, ErrTrimmed):
			f.loaded = false
		case errors.As(err, new(replicaError)):
			f.loaded = false
			return err
		default:
			return err
		}
		f.publish(false)
		if restarts == maxRestarts {
			return err
		}
	}
}

// replay loads a snapshot if there is none, then reads until the replica holds all
// that the log has.
func (f *Follower) replay(ctx context.Context) error {
	if !f.loaded {
		if err := f.load(ctx); err != nil {
			return err
		}
	}
	for {
		more, err := f.readBatch(ctx)
		if err != nil {
			return err
		}
		f.release()
		if !more {
			break
		}
	}
	if f.head.Number < f.readyFrom {
		// The scan saw records that the log no longer shows.
		return errFork
	}
	return nil
}

// readBatch reads and applies a batch, beginning with the record that the replica
// has already. more is true if there may be further records.
func (f *Follower) readBatch(ctx context.Context) (more bool, err error) {
	after, limit := f.head.Number, f.options.Batch
	if after > 0 {
		after, limit = after-1, limit+1
	}
	records, err := f.backend.Read(ctx, f.log, after, limit)
	if err != nil {
		return false, err
	}
	full := len(records) == limit
	if f.head.Number > 0 {
		if len(records) == 0 || records[0].Number == f.head.Number && headOf(&records[0]) != f.head {
			return false, errFork
		}
		if records[0].Number != f.head.Number {
			return false, errGap
		}
		records = records[1:]
	}
	if len(records) == 0 {
		return false, nil
	}
	head, err := f.checkChain(records)
	if err != nil {
		return false, err
	}
	if err := f.replica.Apply(records); err != nil {
		return false, replicaError{err}
	}
	f.head = head
	return full, nil
}

// checkChain checks that the records continue the replica's and each other, and
// that they are the records whose effects the snapshot already showed. It returns
// the last one as a head.
func (f *Follower) checkChain(records []Record) (Head, error) {
	head := f.head
	for i := range records {
		r := &records[i]
		if r.Number != head.Number+1 {
			return head, errGap
		}
		if r.Prev != head.ID {
			return head, errFork
		}
		if wrote, ok := f.expectedWriters[r.Number]; ok && wrote != headOf(r) {
			return head, errFork
		}
		head = headOf(r)
	}
	if head.Number >= f.readyFrom {
		f.expectedWriters = nil
	}
	return head, nil
}

// headOf returns the record as a head.
func headOf(r *Record) Head { return Head{Number: r.Number, ID: r.ID, At: r.At} }

// load takes a snapshot: the head first, then the entities, so that all changes
// that happen meanwhile are among the records that follow.
func (f *Follower) load(ctx context.Context) error {
	heads, err := f.backend.Heads(ctx, []Log{f.log})
	if err != nil {
		return err
	}
	entities, err := f.scan(ctx)
	if err != nil {
		return err
	}
	head := heads[0]
	readyFrom, expect := head.Number, map[uint64]Head{}
	for i := range entities {
		e := &entities[i]
		readyFrom = max(readyFrom, e.Number)
		if e.Number > head.Number {
			expect[e.Number] = Head{Number: e.Number, ID: e.Version, At: e.At}
		}
	}
	if f.forked {
		f.forked = false
		if f.options.OnReset != nil {
			f.options.OnReset()
		}
	}
	if err := f.replica.Load(head, entities); err != nil {
		return replicaError{err}
	}
	f.head, f.readyFrom, f.expectedWriters = head, readyFrom, expect
	f.loaded = true
	return nil
}

// scan returns every entity once, in the newest form that a page showed.
func (f *Follower) scan(ctx context.Context) ([]Entity, error) {
	var (
		entities []Entity
		index    = map[string]int{}
		cursor   uint64
	)
	for {
		page, next, err := f.backend.Scan(ctx, f.log, cursor)
		if err != nil {
			return nil, err
		}
		for _, e := range page {
			i, seen := index[e.Name]
			switch {
			case !seen:
				index[e.Name] = len(entities)
				entities = append(entities, e)
			case e.Number > entities[i].Number:
				entities[i] = e
			}
		}
		if next == 0 {
			return entities, nil
		}
		if len(page) > 0 && next == cursor {
			return nil, fmt.Errorf("%w: a scan does not move on", ErrUnavailable)
		}
		cursor = next
	}
}

// stepPushed applies what was pushed, and reads the log if that does not continue
// what the replica has.
func (f *Follower) stepPushed(ctx context.Context) error {
	select {
	case f.stepping <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-f.stepping }()
	select {
	case <-f.pushSignal: // the signal for what is taken now
	default:
	}
	f.mu.Lock()
	pushed := f.pushed
	f.pushed = nil
	healthy := f.ready
	f.mu.Unlock()
	if !healthy || !f.loaded {
		return f.step(ctx)
	}
	var records []Record
	head := f.head
	for _, p := range pushed {
		switch {
		case p.After == head:
			records, head = append(records, p.Records...), p.Last()
		case p.Last().Number > head.Number:
			return f.step(ctx) // something is missing, or the log forked
		}
	}
	if len(records) == 0 {
		return nil
	}
	head, err := f.checkChain(records)
	if err != nil {
		return f.step(ctx)
	}
	if err := f.replica.Apply(records); err != nil {
		f.loaded = false
		f.publish(false)
		if f.options.OnError != nil {
			f.options.OnError(replicaError{err})
		}
		return replicaError{err}
	}
	f.head = head
	f.release()
	return nil
}
