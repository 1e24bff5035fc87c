package eventlogtest

import (
	"context"
	"sync/atomic"

	"nextup/internal/eventlog"
)

// Outage is a Backend with a switch: while it is on, every call that would reach the
// log fails with eventlog.ErrUnavailable.
type Outage struct {
	eventlog.Backend
	// BeforeScan, if set, is called once, before the first page of a scan.
	BeforeScan func()

	down, deaf atomic.Bool
	reads      atomic.Int64
	headReads  atomic.Int64
}

// Set turns the outage on or off.
func (o *Outage) Set(down bool) { o.down.Store(down) }

// Deafen makes every signal get lost, or ends that.
func (o *Outage) Deafen(deaf bool) { o.deaf.Store(deaf) }

// Reads returns how many reads reached the log.
func (o *Outage) Reads() int64 { return o.reads.Load() }

// HeadReads returns how many requests for heads reached the log.
func (o *Outage) HeadReads() int64 { return o.headReads.Load() }

func (o *Outage) err() error {
	if o.down.Load() {
		return eventlog.ErrUnavailable
	}
	return nil
}

// Commit implements eventlog.Backend.
func (o *Outage) Commit(ctx context.Context, log eventlog.Log, commits []eventlog.Commit) ([]eventlog.Outcome, error) {
	if err := o.err(); err != nil {
		return nil, err
	}
	return o.Backend.Commit(ctx, log, commits)
}

// Heads implements eventlog.Backend.
func (o *Outage) Heads(ctx context.Context, logs []eventlog.Log) ([]eventlog.Head, error) {
	if err := o.err(); err != nil {
		return nil, err
	}
	o.headReads.Add(1)
	return o.Backend.Heads(ctx, logs)
}

// Read implements eventlog.Backend.
func (o *Outage) Read(ctx context.Context, log eventlog.Log, after uint64, limit int) ([]eventlog.Record, error) {
	if err := o.err(); err != nil {
		return nil, err
	}
	o.reads.Add(1)
	return o.Backend.Read(ctx, log, after, limit)
}

// Scan implements eventlog.Backend.
func (o *Outage) Scan(ctx context.Context, log eventlog.Log, cursor uint64) ([]eventlog.Entity, uint64, error) {
	if err := o.err(); err != nil {
		return nil, 0, err
	}
	if before := o.BeforeScan; before != nil {
		o.BeforeScan = nil
		before()
	}
	return o.Backend.Scan(ctx, log, cursor)
}

// Subscribe implements eventlog.Backend.
func (o *Outage) Subscribe(log eventlog.Log, hear func(eventlog.Signal)) (stop func()) {
	return o.Backend.Subscribe(log, func(s eventlog.Signal) {
		if !o.deaf.Load() && !o.down.Load() {
			hear(s)
		}
	})
}

// Signal implements eventlog.Backend.
func (o *Outage) Signal(ctx context.Context, log eventlog.Log, payload []byte) error {
	if err := o.err(); err != nil {
		return err
	}
	return o.Backend.Signal(ctx, log, payload)
}

// Ready implements eventlog.Backend.
func (o *Outage) Ready(ctx context.Context) error {
	if err := o.err(); err != nil {
		return err
	}
	return o.Backend.Ready(ctx)
}
