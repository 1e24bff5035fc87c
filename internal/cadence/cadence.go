// Package cadence has what recurs in a process happen at the same moments: timers that
// fire together cost one wake-up of the processor, and what they ask a server can share a
// round trip.
//
//	again := time.NewTimer(time.Until(cadence.Next(time.Now(), time.Second)))
package cadence

import (
	"math/rand/v2"
	"time"
)

// phase sets the moments of this process apart from those of others.
var phase = rand.N(time.Hour)

// Next returns the first moment later than after of those that recur in this process at
// the interval every. It is at most that far away.
func Next(after time.Time, every time.Duration) time.Time {
	return after.Add(every - (time.Duration(after.UnixNano())+phase)%every)
}
