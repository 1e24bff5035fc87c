// Package memqueue is the embedded default: a queue.Store in this process, with
// no durability and one node. It is what a gateway without Redis, the simulator
// and most tests run on, and it passes the same conformance suite as Redis.
package memqueue

import (
	"nextup/internal/eventlog"
	"nextup/queue/logstore"
)

// New returns a store over a memory. Stores over the same memory are to each
// other what gateways over one Redis are.
func New(memory *eventlog.Memory) *logstore.Store { return logstore.New(memory) }
