package eventlogtest

import (
	"bytes"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"nextup/internal/eventlog"
)

// Replica is an eventlog.Replica for logs whose records are "name=body" (an empty
// body removes the entity), as the commits of this package write them. It checks
// the promises that a Follower makes.
type Replica struct {
	// OnLoad, if set, is called with every snapshot before it is loaded.
	OnLoad func(eventlog.Head, []eventlog.Entity)

	mu       sync.Mutex
	head     uint64
	entities map[string]held
	seen     []string // ids of the records applied since the last snapshot
	loads    int
	refusal  error
}

type held struct {
	number uint64
	body   string
}

// NewReplica returns an empty Replica.
func NewReplica() *Replica { return &Replica{entities: map[string]held{}} }

// Refuse makes Load and Apply fail with err; nil ends that.
func (r *Replica) Refuse(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refusal = err
}

// Loads returns how many snapshots were loaded.
func (r *Replica) Loads() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.loads
}

// Load implements eventlog.Replica.
func (r *Replica) Load(head eventlog.Head, entities []eventlog.Entity) error {
	if r.OnLoad != nil {
		r.OnLoad(head, entities)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refusal != nil {
		return r.refusal
	}
	r.loads++
	r.head, r.seen = head.Number, nil
	clear(r.entities)
	for _, e := range entities {
		if _, twice := r.entities[e.Name]; twice {
			return fmt.Errorf("entity %q came twice", e.Name)
		}
		r.entities[e.Name] = held{e.Number, string(e.Body)}
	}
	return nil
}

// Apply implements eventlog.Replica.
func (r *Replica) Apply(records []eventlog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refusal != nil {
		return r.refusal
	}
	for _, rec := range records {
		if rec.Number != r.head+1 {
			return fmt.Errorf("record %d after %d", rec.Number, r.head)
		}
		r.head = rec.Number
		r.seen = append(r.seen, rec.ID)
		name, body, _ := strings.Cut(string(rec.Data), "=")
		switch {
		case name == "", r.entities[name].number >= rec.Number:
		case body == "":
			delete(r.entities, name)
		default:
			r.entities[name] = held{rec.Number, body}
		}
	}
	return nil
}

// Shows reports whether the entity has the body.
func (r *Replica) Shows(name, body string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.entities[name].body == body
}

// Match fails the test unless the replica holds what the log itself shows.
func (r *Replica) Match(t testing.TB, backend eventlog.Backend, log eventlog.Log) {
	t.Helper()
	want := map[string]held{}
	for _, e := range scanAll(t, backend, log) {
		want[e.Name] = held{e.Number, string(bytes.Clone(e.Body))}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !maps.Equal(want, r.entities) {
		t.Fatalf("the replica holds\n%v\nand the log\n%v", r.entities, want)
	}
}

func scanAll(t testing.TB, backend eventlog.Backend, log eventlog.Log) map[string]eventlog.Entity {
	t.Helper()
	all := map[string]eventlog.Entity{}
	for cursor := uint64(0); ; {
		page, next, err := backend.Scan(t.Context(), log, cursor)
		if err != nil {
			t.Fatalf("scan: %v", err)
		}
		for _, e := range page {
			all[e.Name] = e
		}
		if cursor = next; cursor == 0 {
			return all
		}
	}
}
