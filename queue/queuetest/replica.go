package queuetest

import (
	"sync"

	"nextup/queue"
)

// Replica is a queue.Replica that keeps the state for a test or a measurement to look at:
//
//	r := queuetest.NewReplica(site)
//	follower := store.Follow(ctx, site.ID, r)
//	r.Read(func(st *queue.State) { … })
type Replica struct {
	// Level is the newest level that it knows. Change it before the log is followed.
	Level queue.Level
	// OnStep, if set, is called with each step, under the lock.
	OnStep func(*queue.State, queue.Step)

	mu     sync.Mutex
	state  *queue.State
	resets int
}

// NewReplica returns an empty replica that knows every level.
func NewReplica(site *queue.Site) *Replica {
	return &Replica{Level: queue.Newest(queue.Levels()), state: queue.NewState(site)}
}

// Read calls look with the state, under the lock.
func (r *Replica) Read(look func(*queue.State)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	look(r.state)
}

// Resets returns how often the replica heard that its log had forked.
func (r *Replica) Resets() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.resets
}

// Knows implements queue.Replica.
func (r *Replica) Knows() queue.Level { return r.Level }

// Restore implements queue.Replica.
func (r *Replica) Restore(number uint64, at queue.Stamp, images []queue.Image) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.Restore(number, at, images)
}

// Apply implements queue.Replica.
func (r *Replica) Apply(records []queue.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range records {
		step := r.state.Apply(rec)
		if r.OnStep != nil {
			r.OnStep(r.state, step)
		}
	}
}

// Notify implements queue.Replica.
func (r *Replica) Notify() {}

// Reset implements queue.Replica.
func (r *Replica) Reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.resets++
}
