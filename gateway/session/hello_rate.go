package session

import (
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// A client that is turned away comes back between these times: soon, and not so late that
// a grace runs out.
const (
	soonestBack = 500 * time.Millisecond
	latestBack  = 10 * time.Second
)

// helloRate bounds the hellos a second and gives each client that is turned away a time of
// its own at which there is room, so that most are turned away once.
type helloRate struct {
	limiter *rate.Limiter
	each    time.Duration
	mu      sync.Mutex
	given   time.Time // the newest time that was given
}

func newHelloRate(perSecond int) *helloRate {
	return &helloRate{limiter: rate.NewLimiter(rate.Limit(perSecond), perSecond), each: time.Second / time.Duration(perSecond)}
}

// admit takes a hello, or returns the time after which it may come again.
func (a *helloRate) admit(now time.Time) (later time.Duration) {
	if a.limiter.AllowN(now, 1) {
		return 0
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if soonest := now.Add(soonestBack); a.given.Before(soonest) {
		a.given = soonest
	}
	if later = a.given.Add(a.each).Sub(now); later > latestBack { // all are given; they share them
		return latestBack/2 + rand.N(latestBack/2)
	}
	a.given = now.Add(later)
	return later
}
