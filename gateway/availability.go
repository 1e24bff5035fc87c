package gateway

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"nextup/gateway/protocol"
	"nextup/internal/lograte"
	"nextup/queue"
)

// How soon people are told that the log went or came back, and how often the log
// is asked whether it takes changes, while it does and while it does not.
const (
	availabilityLook = 200 * time.Millisecond
	probeEvery       = time.Second
	probeAgain       = 250 * time.Millisecond
)

// errAway says that the log takes nothing now, so that nothing was tried.
var errAway = fmt.Errorf("gateway: nothing was tried: %w", queue.ErrUnavailable)

// availability is what the site knows of its log besides what it has replayed. A log
// that can be read may refuse to be written, and an idle site would not notice:
// so the log is asked.
type availability struct {
	refusal atomic.Pointer[error] // why the log takes no changes; it holds nil if it does
	doubts  chan struct{}         // holds one: the log is to be asked now
	away    atomic.Bool           // people have been told that the log is away

	behind, full, refuses lograte.Warning
}

var (
	// errUnknown is the refusal before the log was asked.
	errUnknown = errors.New("gateway: it is not known yet whether the log takes changes")
	errBehind  = errors.New("gateway: it is catching up with the log")
)

func newAvailability() *availability {
	a := &availability{doubts: make(chan struct{}, 1)}
	a.set(errUnknown)
	return a
}

func (a *availability) set(refusal error) { a.refusal.Store(&refusal) }

// refused is why the log takes no changes, or nil.
func (a *availability) refused() error { return *a.refusal.Load() }

// doubt follows a commit of which it is not known what became: until the log has
// been asked, nothing more is answered for.
func (a *availability) doubt(err error) {
	if errors.Is(err, queue.ErrFull) || !errors.Is(err, queue.ErrUnavailable) {
		return
	}
	if a.refused() == nil {
		a.set(err)
	}
	select {
	case a.doubts <- struct{}{}:
	default:
	}
}

// unavailable is why the people of the site cannot be served now, or nil. A log that
// is full serves them in part.
func (s *site) unavailable() error {
	if !s.follower.Ready() {
		return errors.Join(errBehind, s.follower.Err())
	}
	switch err := s.availability.refused(); {
	case err == nil:
		return nil
	case errors.Is(err, queue.ErrFull):
		return fmt.Errorf("the log is full, so joins and messages are refused, and only leaving and closing work: %w", err)
	default:
		return fmt.Errorf("the log takes no changes: %w", err)
	}
}

// warn logs why people cannot be served, once a minute for each kind of reason.
func (s *site) warn(err error) {
	a := s.availability
	warning := &a.refuses
	switch {
	case errors.Is(err, errUnknown):
		return // it is known in a moment
	case errors.Is(err, errBehind):
		warning = &a.behind
	case errors.Is(err, queue.ErrFull):
		warning = &a.full
	}
	warning.Log(s.log, "people are told that the service is interrupted", "err", err)
}

// takes is nil if the log takes changes, or is only full: then those that free
// something are taken, and the log says so of each.
func (s *site) takes() error {
	refused := s.availability.refused()
	if s.follower.Ready() && (refused == nil || errors.Is(refused, queue.ErrFull)) {
		return nil
	}
	return errAway
}

// full says that the log takes only changes that free something.
func (s *site) full() bool { return errors.Is(s.availability.refused(), queue.ErrFull) }

// probeLog asks the log again and again whether it takes changes.
func (s *site) probeLog() {
	for {
		err := s.g.options.Store.Probe(s.g.ctx, s.id)
		if s.g.ctx.Err() != nil {
			return
		}
		s.availability.set(err)
		every := probeEvery
		if err != nil {
			every = probeAgain
		}
		again := time.NewTimer(every)
		select {
		case <-s.g.ctx.Done():
		case <-s.availability.doubts:
		case <-again.C:
		}
		again.Stop()
	}
}

// watchLog tells everybody of the site when the log can no longer serve them, and
// when it can again. Sockets stay open meanwhile: what was shown last is the best
// that anybody knows.
func (s *site) watchLog() {
	tick := time.NewTicker(availabilityLook)
	defer tick.Stop()
	for {
		select {
		case <-s.g.ctx.Done():
			return
		case <-tick.C:
		}
		err := s.unavailable()
		if err != nil {
			s.warn(err)
		}
		if away := err != nil; s.availability.away.Swap(away) != away {
			if !away {
				s.log.Info("the log serves again")
			}
			for _, c := range s.everybody() {
				c.tellAvailability(!away)
			}
		}
	}
}

// tellAvailability sends the news, and the view as soon as there is one again.
func (c *conn) tellAvailability(available bool) {
	c.view.Lock()
	live := c.view.live
	c.view.Unlock()
	if !live {
		return // it hears when its first view comes
	}
	c.send(protocol.Availability{Available: available, AsOfMS: int64(c.site.now())})
	if available {
		c.showAgain(true)
	}
}
