// Package cadence has what recurs in a process happen at the same moments: timers that
// fire together cost one wake-up of the processor, and what they ask a server can share a
// round trip.
//
//	for cadence.Wait(ctx, time.Second) {
//		ask()
//	}
package cadence

import (
	"context"
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

// Wait returns true at the next moment of those that recur at the interval every, or
// false once ctx has ended.
func Wait(ctx context.Context, every time.Duration) bool { return WaitFor(ctx, every, nil) }

// Pause returns true after the time d, or false once ctx has ended.
func Pause(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// WaitFor is Wait that also returns true when something comes from sooner.
func WaitFor(ctx context.Context, every time.Duration, sooner <-chan struct{}) bool {
	next := time.NewTimer(time.Until(Next(time.Now(), every)))
	defer next.Stop()
	select {
	case <-next.C:
		return true
	case <-sooner:
		return true
	case <-ctx.Done():
		return false
	}
}
