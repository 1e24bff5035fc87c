package queuetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"nextup/queue"
)

// Bench measures the commits a second of a store: joins of one site, each decided and
// committed alone by several goroutines, and in calls of a hundred.
func Bench(b *testing.B, store queue.Store) {
	var n atomic.Int64
	join := func(st *queue.State) queue.Change {
		id := fmt.Sprintf("%x", n.Add(1))
		c, err := st.Join(queue.JoinRequest{Ticket: id, Visitor: id, Department: "support", Languages: []string{"en"}, Node: "n"})
		if err != nil {
			b.Fatal(err)
		}
		return c
	}
	check := func(out []queue.Outcome, err error) {
		if err != nil || out[0].Verdict != queue.Done {
			b.Fatal(out, err)
		}
	}
	b.Run("alone", func(b *testing.B) {
		site := newSite()
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			st := queue.NewState(site)
			for pb.Next() {
				check(store.Commit(context.Background(), site.ID, []queue.Change{join(st)}))
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
	})
	b.Run("hundreds", func(b *testing.B) {
		site := newSite()
		st := queue.NewState(site)
		for b.Loop() {
			batch := make([]queue.Change, 100)
			for i := range batch {
				batch[i] = join(st)
			}
			check(store.Commit(context.Background(), site.ID, batch))
		}
		b.ReportMetric(float64(100*b.N)/b.Elapsed().Seconds(), "commits/s")
	})
}
