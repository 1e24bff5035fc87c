package session

import (
	"math/rand/v2"
	"time"

	"nextup/internal/cadence"
)

// sendElsewhereIfUnfit begins to send a site's conns elsewhere if others may serve it and
// this gateway cannot.
func (s *Server) sendElsewhereIfUnfit(site *site) {
	if site.unfit() && site.leaving.CompareAndSwap(false, true) {
		s.work.Go(func() { s.sendElsewhere(site) })
	}
}

// sendElsewhere closes a site's conns one after the other over an eighth of
// the grace, while this gateway stays unfit: elsewhere they keep their places, if the
// log is away for this gateway alone.
func (s *Server) sendElsewhere(site *site) {
	defer site.leaving.Store(false)
	all := site.conns()
	if len(all) == 0 {
		return
	}
	site.log.Warn("this gateway cannot serve the site and others may: clients are sent elsewhere", "conns", len(all))
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i := 0; i < len(all) && site.unfit() && s.ctx.Err() == nil; i++ {
		cadence.Pause(s.ctx, site.Grace()/8/time.Duration(len(all)))
		s.work.Go(all[i].retire)
	}
}
