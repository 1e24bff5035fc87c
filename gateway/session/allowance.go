package session

import (
	"time"

	"golang.org/x/time/rate"

	"nextup/internal/limits"
)

// allowance is one conn's own bound on what it sends.
type allowance struct{ frames, bytes *rate.Limiter }

func newAllowance(l *limits.Limits) *allowance {
	return &allowance{
		frames: rate.NewLimiter(rate.Limit(l.FramesPerSecond), l.Burst),
		bytes:  rate.NewLimiter(rate.Limit(l.BytesPerSecond), l.ByteBurst),
	}
}

// apply puts new limits in force; what is used up stays used up.
func (a *allowance) apply(l *limits.Limits) {
	a.frames.SetLimit(rate.Limit(l.FramesPerSecond))
	a.frames.SetBurst(l.Burst)
	a.bytes.SetLimit(rate.Limit(l.BytesPerSecond))
	a.bytes.SetBurst(l.ByteBurst)
}

// take names the limit that a frame of the size breaks, "" for none.
func (a *allowance) take(size int) string {
	now := time.Now()
	switch {
	case !a.frames.AllowN(now, 1):
		return "frames_per_second"
	case !a.bytes.AllowN(now, size):
		return "bytes_per_second"
	}
	return ""
}
