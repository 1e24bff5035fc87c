package queuetest

import (
	"context"
	"slices"
	"testing"
	"time"

	"nextup/queue"
)

// exporter is a replica that is to be given each record once.
type exporter struct {
	head     queue.Head
	numbers  []uint64
	restores int
}

func (*exporter) Knows() queue.Level                           { return queue.Level1 }
func (e *exporter) Restore(uint64, queue.Stamp, []queue.Image) { e.restores++ }
func (*exporter) Notify()                                      {}
func (*exporter) Reset()                                       {}
func (e *exporter) Apply(records []queue.Record) {
	for i := range records {
		e.numbers, e.head = append(e.numbers, records[i].Number), records[i].Head()
	}
}

// fromHead checks that a follower goes on from a head that it remembers, from the
// beginning on, and says so if it cannot.
func fromHead(t *testing.T, h Harness) {
	store, site := h.Open(t), newSite()
	writer := follow(t, h.Open(t), site, "writer", nil)
	export := func(from queue.Head) *exporter {
		t.Helper()
		ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		e := &exporter{}
		f := store.FollowFrom(ctx, site.ID, from, e)
		err := f.Sync(ctx)
		stop()
		<-f.Done()
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	var at queue.Head
	for want, visitor := range []string{"v", "w", "x"} {
		number := writer.must(t, joins(visitor, "t-"+visitor, "en"))
		e := export(at)
		if e.restores > 0 || !slices.Equal(e.numbers, []uint64{uint64(want) + 1}) || e.head.Number != number {
			t.Errorf("after %+v it is given the records %v and %d snapshots", at, e.numbers, e.restores)
		}
		at = e.head
	}
	if e := export(queue.Head{Number: at.Number, ID: "another", At: at.At}); e.restores == 0 {
		t.Error("it goes on from a record that the log does not have")
	}
}
