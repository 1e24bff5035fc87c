package eta

import "nextup/queue"

// maxJumps bounds the jumps that are remembered: the newest count.
const maxJumps = 8

// jump is a stretch of stamps for which no time has passed.
type jump struct {
	From queue.Stamp `json:"from"`
	To   queue.Stamp `json:"to"`
}

// Jumped tells the estimator that the log's time went from one stamp to a later one
// at once, because the clock of what keeps the log did. Without it, everything that
// was under way would count as having lasted that much longer. Call it before
// observing the first step that follows the jump.
func (e *Estimator) Jumped(from, to queue.Stamp) {
	k := e.known
	k.Jumps = append(k.Jumps[max(0, len(k.Jumps)-maxJumps+1):], jump{from, to})
	e.paceAt += to - from
	for _, d := range k.Staff {
		d.At += to - from
	}
}

// elapsed returns the seconds that have really passed between two stamps.
func (k *knowledge) elapsed(from, to queue.Stamp) float64 {
	passed := to - from
	for _, j := range k.Jumps {
		passed -= max(0, min(to, j.To)-max(from, j.From))
	}
	return float64(passed) / 1000
}
