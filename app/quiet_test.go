package app

import (
	"fmt"
	"math"
	"runtime"
	runtimemetrics "runtime/metrics"
	"testing"
	"testing/synctest"
	"time"

	"nextup/app/conversation"
	"nextup/internal/eventlog"
	"nextup/queue/logstore"
)

// scheduled returns about how often goroutines were scheduled so far: the runtime counts each
// eighth time of a goroutine, from a random one on.
func scheduled() float64 {
	sample := []runtimemetrics.Sample{{Name: "/sched/latencies:seconds"}}
	runtimemetrics.Read(sample)
	var n uint64
	for _, count := range sample[0].Value.Float64Histogram().Counts {
		n += count
	}
	return 8 * float64(n)
}

// manySites returns the options of an App with so many sites.
func manySites(log eventlog.Backend, hub *conversation.Hub, sites int) Options {
	o := Options{Store: logstore.New(log), Conversations: hub}
	for i := range sites {
		rules := testRules()
		rules.ID = fmt.Sprint("site", i)
		o.Sites = append(o.Sites, SiteOptions{Rules: rules})
	}
	return o
}

// wakeUps returns how often the goroutines of an App with so many sites are scheduled in
// a second of the span, after something has happened at each of them.
func wakeUps(t *testing.T, sites int, span time.Duration, happens func(t *testing.T, s *Site)) (aSecond float64) {
	synctest.Test(t, func(t *testing.T) {
		log := eventlog.NewMemory()
		hub := conversation.New(log, conversation.Options{})
		a, err := New(manySites(log, hub, sites))
		if err != nil {
			t.Fatal(err)
		}
		a.Start()
		time.Sleep(10 * time.Second) // of the bubble's clock: what the start causes is over
		for _, s := range a.sites {
			happens(t, s)
		}
		time.Sleep(30 * time.Second)
		before := scheduled()
		time.Sleep(span)
		aSecond = (scheduled() - before) / span.Seconds()
		for _, s := range a.sites {
			if !s.Elected() {
				t.Errorf("%s has no elected process: that is no idle site", s.id)
			}
		}
		a.Close()
		hub.Close()
		_ = log.Close()
	})
	return aSecond
}

// A site at which nothing happens costs its head check, its probe and its lease, once a
// second each, and a look at its estimates, and the process a look at all sites, at their
// nodes and its own lease; a ticker more would show. It is the same for
// one where people wait and no agent can be offered them, as at night. Not beside other
// tests, which are scheduled as well. A busy machine only ever adds to the count, since what
// it interrupts is scheduled again, so the fewest of some tries is what the site itself needs.
// One site is looked at for longer: that makes what the runtime's sample adds or takes small
// beside what the process needs.
func TestAnEmptySiteIsLeftAlone(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // so that none has to wait for another's lock
	const many, tries = 60, 5
	for _, tt := range []struct {
		name    string
		happens func(t *testing.T, s *Site)
		most    float64 // a second, for a site
		process float64 // for what looks at all sites
	}{
		{"it is empty", func(*testing.T, *Site) {}, 6.5, 7},
		{"a visitor waits and no agent is there", func(t *testing.T, s *Site) {
			if _, err := s.joinForTest(t.Context(), "v"); err != nil {
				t.Error(err)
			}
		}, 7, 10}, // its estimates age, and its node is looked for
	} {
		t.Run(tt.name, func(t *testing.T) {
			var one, process float64
			ofOne, ofMany := math.Inf(1), math.Inf(1)
			for range tries {
				ofOne = min(ofOne, wakeUps(t, 1, 10*time.Minute, tt.happens))
				ofMany = min(ofMany, wakeUps(t, many, time.Minute, tt.happens))
				one = (ofMany - ofOne) / (many - 1)
				process = ofOne - one
				t.Logf("%.1f wake-ups a second for a site, %.1f for the process", one, process)
				if one <= tt.most && process <= tt.process {
					return
				}
			}
			t.Errorf("the goroutines of a site are scheduled %.1f times a second, and those that look at all sites %.1f times; want at most %v and %v", one, process, tt.most, tt.process)
		})
	}
}
