// Package heap says how much memory a gateway's process leaves to garbage.
package heap

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// How much garbage there may be before it is collected: so much in percent of what
// lives, and least bytes at least. A gateway holds much and makes little garbage until
// everybody comes back at once; then Go's default of 100 lets it grow to twice its
// size in the very moment in which memory is short. Of a process that holds little,
// though, a share of it is soon used up, and it would do little else than collect
// (docs/performance.md).
const (
	percent = 30
	least   = 16 << 20
)

// Bound sets it, unless the environment says otherwise (GOGC).
func Bound() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
		watch(percent)
	}
}

// witness is found dead by the next collection. It has a pointer, since Go puts the
// smallest objects without into one block with others, which may live.
type witness struct{ _ *byte }

// watch has collected called after the next collection; set is the percentage now.
func watch(set int) { runtime.AddCleanup(&witness{}, collected, set) }

// collected follows what lives now, and waits for the next collection.
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

// share is the garbage to be left to so many bytes that live, in percent of them.
func share(live uint64) int {
	return max(percent, int(least*100/max(live, 1<<20)))
}
