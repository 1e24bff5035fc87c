package eventlogtest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"nextup/internal/eventlog"
)

// Bench measures commits and replay on a backend: single commits from many
// goroutines, calls of a hundred commits, and records through a Follower.
func Bench(b *testing.B, backend eventlog.Backend) {
	body := make([]byte, 300)
	one := func(n int64) eventlog.Commit {
		name := fmt.Sprint("e", n%1000)
		return eventlog.Commit{
			ID: fmt.Sprint("c", n), Intent: "intent",
			Reads:  []eventlog.Read{{Name: fmt.Sprint("absent", n)}, {Name: fmt.Sprint("none", n)}},
			Writes: []eventlog.Write{{Name: name, Body: body}, {Name: "v" + name, Body: body}},
			Ranks:  []eventlog.Rank{{Set: "q", Member: name, Number: 1, FromStamp: true}},
			Data:   body,
		}
	}
	b.Run("commit one a call", func(b *testing.B) {
		log := newLog(func(l *eventlog.Log) { l.Trim = time.Minute })
		var n atomic.Int64
		b.SetParallelism(16)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				do(b, backend, log, one(n.Add(1)))
			}
		})
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
	})
	b.Run("commit by the hundred", func(b *testing.B) {
		log := newLog(func(l *eventlog.Log) { l.Trim = time.Minute })
		n := int64(0)
		for b.Loop() {
			commits := make([]eventlog.Commit, 100)
			for i := range commits {
				n++
				commits[i] = one(n)
			}
			do(b, backend, log, commits...)
		}
		b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds(), "commits/s")
	})
	b.Run("replay", func(b *testing.B) {
		log := newLog()
		const records = 20_000
		for n := int64(0); n < records; n += 100 {
			commits := make([]eventlog.Commit, 100)
			for i := range commits {
				commits[i] = one(n + int64(i))
			}
			do(b, backend, log, commits...)
		}
		for b.Loop() {
			replayed := &counter{}
			f := eventlog.NewFollower(&fromTheStart{backend}, log, replayed, eventlog.FollowerOptions{})
			if err := f.Step(b.Context()); err != nil || replayed.records != records {
				b.Fatalf("%d records replayed: %v", replayed.records, err)
			}
		}
		b.ReportMetric(records*float64(b.N)/b.Elapsed().Seconds(), "records/s")
	})
}

// counter is a Replica that only counts.
type counter struct{ records int }

func (c *counter) Load(eventlog.Head, []eventlog.Entity) error { return nil }

func (c *counter) Apply(records []eventlog.Record) error {
	c.records += len(records)
	return nil
}

// fromTheStart is a Backend with an empty snapshot, so that a Follower replays
// everything.
type fromTheStart struct{ eventlog.Backend }

func (fromTheStart) Heads(context.Context, []eventlog.Log) ([]eventlog.Head, error) {
	return make([]eventlog.Head, 1), nil
}

func (fromTheStart) Scan(context.Context, eventlog.Log, uint64) ([]eventlog.Entity, uint64, error) {
	return nil, 0, nil
}
