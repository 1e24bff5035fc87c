package gateway

import (
	"time"

	"golang.org/x/time/rate"
)

// Limits bound what people may take of a gateway. Every refusal is counted in
// nextup_limited_total by the limit's name.
type Limits struct {
	// FramesPerSecond and Burst, BytesPerSecond and ByteBurst bound what one conn
	// sends.
	FramesPerSecond, Burst    int
	BytesPerSecond, ByteBurst int
	// OutgoingBuffer is how many bytes may wait to be read by a conn.
	OutgoingBuffer int
	// ConnsPerPerson, ConnsPerAddress and Conns bound the conns on this gateway:
	// of one visitor or agent, from one address, and of the site.
	ConnsPerPerson, ConnsPerAddress, Conns int
}

// allowance is one conn's own bound on what it sends.
type allowance struct{ frames, bytes *rate.Limiter }

func (l Limits) allowance() *allowance {
	return &allowance{
		frames: rate.NewLimiter(rate.Limit(l.FramesPerSecond), l.Burst),
		bytes:  rate.NewLimiter(rate.Limit(l.BytesPerSecond), l.ByteBurst),
	}
}

// follow takes new limits; what is used up stays used up.
func (a *allowance) follow(l Limits) {
	a.frames.SetLimit(rate.Limit(l.FramesPerSecond))
	a.frames.SetBurst(l.Burst)
	a.bytes.SetLimit(rate.Limit(l.BytesPerSecond))
	a.bytes.SetBurst(l.ByteBurst)
}

// take says which limit a frame of the size breaks, "" for none.
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
