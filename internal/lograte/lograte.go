// Package lograte keeps a warning of something that goes on from filling the log.
package lograte

import (
	"log/slog"
	"sync"
	"time"
)

// Every is how often one warning is logged at most.
const Every = time.Minute

// Warning is one warning of one place. The zero Warning is ready, and may be used
// by many goroutines.
type Warning struct {
	mu      sync.Mutex
	last    time.Time
	leftOut int
}

// Log logs the warning, unless it did within Every. The line that follows says how
// many were left out.
func (w *Warning) Log(log *slog.Logger, message string, args ...any) {
	w.mu.Lock()
	now := time.Now()
	if !w.last.IsZero() && now.Sub(w.last) < Every {
		w.leftOut++
		w.mu.Unlock()
		return
	}
	leftOut := w.leftOut
	w.last, w.leftOut = now, 0
	w.mu.Unlock()
	if leftOut > 0 {
		args = append(args[:len(args):len(args)], "left_out", leftOut)
	}
	log.Warn(message, args...) //nolint:sloglint // the caller has it as a literal
}
