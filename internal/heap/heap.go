// Package heap bounds how much memory a gateway's process leaves to garbage. A program
// calls it once, at its start:
//
//	heap.Bound()
package heap

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// Garbage is collected when there is this much of it in percent of what lives, but not
// before there are least bytes. A gateway holds much and makes little garbage until all
// clients come back at once; then Go's default of 100 percent would let it grow to twice
// its size in the very moment in which memory is short. A process that holds little
// would soon have made that share of garbage, and would do little else than collect
// (docs/performance.md).
const (
	percent = 30
	least   = 16 << 20
)

// Bound sets the percentage and keeps it in step with what lives, unless the environment
// sets one (GOGC).
func Bound() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
		watch(percent)
	}
}

// witness is an object that the next collection frees. It holds a pointer, since Go puts
// the smallest objects that hold none into one block with others, which may live on.
type witness struct{ _ *byte }

// watch calls collected after the next collection; set is the percentage now.
func watch(set int) { runtime.AddCleanup(&witness{}, collected, set) }

// collected adapts the percentage to what lives now, and waits for the next collection.
func collected(set int) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	// Each change stops all goroutines for a moment, so small ones are not made.
	if p := share(live[0].Value.Uint64()); p < set*7/8 || p > set*9/8 {
		debug.SetGCPercent(p)
		set = p
	}
	watch(set)
}

// share returns how much garbage may stand beside so many live bytes, in percent of them.
func share(live uint64) int {
	return max(percent, int(least*100/max(live, 1<<20)))
}
