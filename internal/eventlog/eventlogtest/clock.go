package eventlogtest

import (
	"fmt"
	"testing"
	"time"

	"nextup/internal/eventlog"
)

// ClockIsSet tests what every backend promises when the wall clock of its server is
// set; set sets it ahead of the true time by a duration.
func ClockIsSet(t *testing.T, b eventlog.Backend, set func(ahead time.Duration)) {
	const hour = time.Hour
	tests := []struct {
		name  string
		moves []time.Duration // a record is committed after each
	}{
		{"ahead and back", []time.Duration{hour, 0}},
		{"ahead and back three times", []time.Duration{hour, 0, hour, 0, hour, 0}},
		{"ahead, and it stays", []time.Duration{hour}},
		{"back, and it stays", []time.Duration{-hour}},
		{"back and back again", []time.Duration{-hour, -2 * hour}},
		{"behind and right", []time.Duration{-hour, 0}},
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			defer set(0)
			log := newLog()
			b.Now(log)
			newest, most := do(t, b, log, put("first", "a", "x"))[0].Head.At, time.Duration(0)
			for i, ahead := range c.moves {
				set(ahead)
				most = max(most, ahead)
				at := do(t, b, log, put(fmt.Sprint("c", i), "a", "x"))[0].Head.At
				if at < newest {
					t.Fatalf("after move %d the stamp %d follows %d", i, at, newest)
				}
				newest = at
			}
			if leap := time.UnixMilli(newest).Sub(time.Now().Add(most)); leap > time.Minute {
				t.Errorf("the newest stamp is %v ahead of any clock: a clock that is set right makes all deadlines pass at once", leap)
			}
			deadlinesPass(t, b, log, newest)
		})
	}
	t.Run("back while nothing is committed", func(t *testing.T) {
		defer set(0)
		log := newLog()
		set(hour)
		newest := do(t, b, log, put("first", "a", "x"))[0].Head.At
		set(0)
		deadlinesPass(t, b, log, newest)
	})
	t.Run("back, and a lease of one who is gone", func(t *testing.T) {
		defer set(0)
		log := newLog()
		set(hour)
		if held, err := b.Lease(t.Context(), log, "l", "gone", 100*time.Millisecond); !held || err != nil {
			t.Fatal(held, err)
		}
		set(0)
		eventually(t, "another has the lease", func() bool {
			held, err := b.Lease(t.Context(), log, "l", "other", 100*time.Millisecond)
			return held && err == nil
		})
	})
}

// deadlinesPass fails unless the log's time goes on from the newest stamp.
func deadlinesPass(t *testing.T, b eventlog.Backend, log eventlog.Log, newest int64) {
	t.Helper()
	b.Now(log)
	head(t, b, log) // as every follower of the log does all the time
	began := time.Now()
	lapses := with(put("lapse", "a", "x"), func(c *eventlog.Commit) { c.NotBefore = newest + 100 })
	eventually(t, "a deadline passes", func() bool { return do(t, b, log, lapses)[0].Status == eventlog.Committed })
	accepts, tries := with(put("", "a", "x"), func(c *eventlog.Commit) { c.NotAfter = newest + 100 }), 0
	eventually(t, "what comes after the deadline is late", func() bool {
		accepts.ID = fmt.Sprint("accept", tries)
		tries++
		return do(t, b, log, accepts)[0].Status == eventlog.TooLate
	})
	eventually(t, "Now goes on", func() bool { return b.Now(log) > newest+100 })
	if last, passed := readAll(t, b, log, 100), time.Since(began).Milliseconds(); last[len(last)-1].At > newest+passed+1000 {
		t.Errorf("%d ms have passed, and the stamps went on by %d", passed, last[len(last)-1].At-newest)
	}
}
