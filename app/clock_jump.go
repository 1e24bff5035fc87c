package app

import (
	"time"

	"nextup/queue"
)

// clockJump is how far the log's time may be from where it should be by now.
const clockJump = 5 * time.Second

// clockWatch notices when the log's time goes far ahead at once, because the clock of
// what keeps the log did. The zero value has seen nothing yet.
type clockWatch struct {
	at   queue.Stamp // the log's time at the last look
	when time.Time   // when that was
}

// look takes the log's time and returns by how much it has jumped since the last
// look, 0 for not at all.
func (w *clockWatch) look(at queue.Stamp, when time.Time) (by queue.Millis) {
	last := *w
	w.at, w.when = at, when
	if last.when.IsZero() {
		return 0
	}
	if ahead := time.Duration(at-last.at)*time.Millisecond - when.Sub(last.when); ahead > clockJump {
		return queue.Millis(ahead.Milliseconds())
	}
	return 0
}
