package app

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"nextup/internal/cadence"
	"nextup/internal/lograte"
	"nextup/queue"
)

// How often the log is asked whether it takes changes, while it does and while it does
// not.
const (
	probeInterval = time.Second
	probeRetry    = 250 * time.Millisecond
)

var (
	// errUnknown is the refusal before the log was asked.
	errUnknown = errors.New("app: it is not known yet whether the log takes changes")
	errBehind  = errors.New("app: the replica is catching up with the log")
)

// availability is what a replica knows of its log besides what it has replayed. A log
// that can be read may refuse to be written, and an idle site would not notice:
// so the log is probed.
type availability struct {
	refusal atomic.Pointer[error] // why the log takes no changes; it holds nil if it does
	doubts  chan struct{}         // holds one: the log is to be probed now
	news    chan<- struct{}       // holds one: the log refuses changes, or takes them again
	away    atomic.Bool           // subscribers have been told that the log is away

	// What Takes saw: whether the log has taken changes at all, whether it takes none
	// since, and when it took them again.
	served, interrupted atomic.Bool
	resumed             atomic.Pointer[time.Time]

	behindLog, fullLog, refusalLog, tooOldLog lograte.Warning
}

func (a *availability) init() {
	a.doubts = make(chan struct{}, 1)
	a.setRefusal(errUnknown)
}

func (a *availability) setRefusal(refusal error) {
	before := a.refusal.Swap(&refusal)
	// The first answer comes before the log has been read: that is no outage to tell of.
	if before == nil || errors.Is(*before, errUnknown) || (*before == nil) == (refusal == nil) {
		return
	}
	select {
	case a.news <- struct{}{}:
	default:
	}
}

// refused is why the log takes no changes, or nil.
func (a *availability) refused() error { return *a.refusal.Load() }

// doubt follows a commit whose fate is unknown: until the log has been probed, it
// counts as one that takes no changes.
func (a *availability) doubt(err error) {
	if errors.Is(err, queue.ErrFull) || !errors.Is(err, queue.ErrUnavailable) {
		return
	}
	if a.refused() == nil {
		a.setRefusal(err)
	}
	select {
	case a.doubts <- struct{}{}:
	default:
	}
}

// OnAvailability has f called when the log can no longer serve people, and when it
// can again. It may be called beside another subscriber.
func (r *Replica) OnAvailability(f func(available bool)) {
	r.onAvailability = append(r.onAvailability, f)
}

// Away reports whether subscribers have been told that the log is away.
func (r *Replica) Away() bool { return r.away.Load() }

// Unavailable is why the people of the site cannot be served now, or nil. A log that
// is full serves them in part.
func (r *Replica) Unavailable() error {
	if !r.follows.Load() {
		return errBehind
	}
	if !r.follower.Ready() {
		if err := r.TooOld(); err != nil {
			return err
		}
		return errors.Join(errBehind, r.follower.Err())
	}
	switch err := r.refused(); {
	case err == nil:
		return nil
	case errors.Is(err, queue.ErrFull):
		return fmt.Errorf("the log is full, so joins and messages are refused, and only leaving and closing work: %w", err)
	default:
		return fmt.Errorf("the log takes no changes: %w", err)
	}
}

// Takes is nil if the log takes changes, or is only full: then those that release
// memory are taken, and the log decides it for each. Otherwise it is ErrAway.
func (r *Replica) Takes() error {
	refused := r.refused()
	if !r.follows.Load() || !r.follower.Ready() || refused != nil && !errors.Is(refused, queue.ErrFull) {
		r.interrupted.Store(true)
		return ErrAway
	}
	if r.interrupted.Load() {
		if r.served.Load() {
			now := time.Now()
			r.resumed.Store(&now)
		}
		r.interrupted.Store(false)
	}
	r.served.Store(true)
	return nil
}

// resumedWithin reports whether the log was away and takes changes again since less
// than d.
func (r *Replica) resumedWithin(d time.Duration) bool {
	at := r.resumed.Load()
	return at != nil && time.Since(*at) < d
}

// full reports whether the log takes only changes that release memory.
func (r *Replica) full() bool { return errors.Is(r.refused(), queue.ErrFull) }

// probe asks the log again and again whether it takes changes.
func (r *Replica) probe() {
	for {
		err := r.store.Probe(r.ctx, r.id)
		if r.ctx.Err() != nil {
			return
		}
		r.setRefusal(err)
		interval := probeInterval
		if err != nil {
			interval = probeRetry
		}
		again := time.NewTimer(time.Until(cadence.Next(time.Now(), interval)))
		select {
		case <-r.ctx.Done():
		case <-r.doubts:
		case <-again.C:
		}
		again.Stop()
	}
}

// checkAvailability notifies subscribers when the log can no longer serve people, and
// when it can again.
func (r *Replica) checkAvailability() {
	_ = r.Takes() // it notes when the log takes changes again
	err := r.Unavailable()
	if err != nil {
		r.warn(err)
	}
	away := err != nil
	if r.away.Swap(away) == away {
		return
	}
	if !away {
		r.log.Info("the log serves again")
	}
	for _, f := range r.onAvailability {
		f(!away)
	}
}

// warn logs why people cannot be served, once a minute for each kind of reason.
func (r *Replica) warn(err error) {
	warning := &r.refusalLog
	switch {
	case errors.As(err, new(*queue.TooOldError)):
		warning = &r.tooOldLog
	case errors.Is(err, errUnknown):
		return // it is known in a moment
	case errors.Is(err, errBehind):
		warning = &r.behindLog
	case errors.Is(err, queue.ErrFull):
		warning = &r.fullLog
	}
	warning.Log(r.log, "people are told that the service is interrupted", "err", err)
}
