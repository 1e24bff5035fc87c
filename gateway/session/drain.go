package session

import (
	"context"
	"math/rand/v2"
	"time"

	"nextup/internal/cadence"
)

// Drain sends all connected clients elsewhere: the conns are closed with 1012 one after
// the other over the given time, each after the request in hand, so that the other gateways
// are not stormed. It returns when all have gone or ctx ends. The gate takes no new ones by
// then, and Close comes next.
func (s *Server) Drain(ctx context.Context, over time.Duration) {
	all := s.conns.all()
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	begun := time.Now()
	for i, c := range all {
		cadence.Pause(ctx, time.Until(begun.Add(over*time.Duration(i)/time.Duration(len(all)))))
		c.retire()
	}
	for _, c := range all {
		select {
		case <-c.ended:
		case <-ctx.Done():
		}
	}
}
