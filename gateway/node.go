package gateway

import (
	"math/rand/v2"
	"time"
)

// parted reports whether the others have taken this gateway for lost so long ago that
// half of its visitors' grace has passed, if they still reach the log.
func (s *site) parted() bool { return s.g.app.TakenForLost() > s.grace()/2 }

// unfit reports whether other gateways may serve the site while this one cannot: it is
// parted from the log, or too old for it.
func (s *site) unfit() bool { return s.parted() || s.TooOld() != nil }

// sendElsewhereIfUnfit begins to send the site's sockets elsewhere.
func (s *site) sendElsewhereIfUnfit() {
	if s.unfit() && s.leaving.CompareAndSwap(false, true) {
		s.g.work.Go(s.sendElsewhere)
	}
}

// sendElsewhere closes the site's sockets one after the other over an eighth of
// the grace, while this gateway stays unfit: elsewhere they keep their places, if the
// log is away for this gateway alone.
func (s *site) sendElsewhere() {
	defer s.leaving.Store(false)
	all := s.conns()
	if len(all) == 0 {
		return
	}
	s.log.Warn("this gateway cannot serve the site and others may: sockets are sent elsewhere", "sockets", len(all))
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i := 0; i < len(all) && s.unfit() && s.g.ctx.Err() == nil; i++ {
		pause(s.g.ctx, s.grace()/8/time.Duration(len(all)))
		s.g.work.Go(all[i].retire)
	}
}
