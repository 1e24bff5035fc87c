package app

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nextup/app/conversation"
	"nextup/internal/eventlog"
	"nextup/queue"
	"nextup/queue/logstore"
)

// tableOf has levels from 0 to the highest, each with a feature of its own but 0.
func tableOf(highest queue.Level) []queue.LevelSpec {
	table := []queue.LevelSpec{{}}
	for level := 1; level <= int(highest); level++ {
		table = append(table, queue.LevelSpec{Features: []string{string(rune('a' + level - 1))}})
	}
	return table
}

// knowing runs an App that knows levels up to the highest until the test ends.
func knowing(t *testing.T, log eventlog.Backend, highest queue.Level, change ...func(*Options)) *App {
	t.Helper()
	hub := conversation.New(log, conversation.Options{})
	t.Cleanup(hub.Close)
	o := Options{Store: logstore.New(log), Conversations: hub, Sites: []SiteOptions{{Rules: testRules()}}, Levels: tableOf(highest), Registry: prometheus.NewRegistry()}
	for _, f := range change {
		f(&o)
	}
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	a.Start()
	t.Cleanup(a.Close)
	return a
}

// eventually waits for what another goroutine brings about.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it never came that %s", what)
		}
	}
}

// raise raises the level of the site.
func (s *Site) raise(ctx context.Context, t *testing.T, to queue.Level) {
	t.Helper()
	_, err := s.Decide(ctx, Refusals{}, func(st *queue.State) (queue.Change, error) { return queue.RaiseLevel(st.SiteLevel(), to, "test") })
	if err != nil {
		t.Fatal(err)
	}
}

// gauges gathers the gauges of one site by their names.
func gauges(t *testing.T, r *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			all[f.GetName()] = m.GetGauge().GetValue()
		}
	}
	return all
}

// A process that is too old for the level of its site refuses to serve in a sentence that
// names both, shows it in its metrics, commits nothing, and the others go on.
func TestAProcessThatIsTooOldForTheSiteRefuses(t *testing.T) {
	log := memory(t)
	newer, live := knowing(t, log, 3), knowing(t, log, 1)
	for _, a := range []*App{newer, live} {
		eventually(t, "it serves", func() bool { return a.Site("demo").Takes() == nil })
	}
	s := newer.Site("demo")
	s.raise(t.Context(), t, 1)
	if _, err := live.Site("demo").joinForTest(t.Context(), "v"); err != nil {
		t.Fatalf("at a level that it knows: %v", err)
	}
	s.raise(t.Context(), t, 3)
	late := knowing(t, log, 1)
	for name, a := range map[string]*App{"one that runs": live, "one that comes": late} {
		old := a.Site("demo")
		eventually(t, name+" refuses", func() bool { return old.TooOld() != nil && !old.follower.Ready() })
		for _, want := range []string{"at level 3", "up to 1"} {
			if err := old.Unavailable(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s says %v", name, err)
			}
		}
		if _, err := old.joinForTest(t.Context(), "w"); err == nil {
			t.Errorf("%s commits", name)
		}
		if got := gauges(t, a.options.Registry); got["nextup_site_level"] != 3 || got["nextup_known_level"] != 1 {
			t.Errorf("%s: level %v, known %v", name, got["nextup_site_level"], got["nextup_known_level"])
		}
	}
	if _, err := s.joinForTest(t.Context(), "w"); err != nil || s.Unavailable() != nil {
		t.Errorf("the newer one: %v, %v", err, s.Unavailable())
	}
}

// What clients may send follows the level of the site, not what this process knows.
func TestFeaturesFollowTheLevelOfTheSite(t *testing.T) {
	s := knowing(t, memory(t), 3).Site("demo")
	eventually(t, "it serves", func() bool { return s.Takes() == nil })
	for level, want := range []string{"", "a", "a b", "a b c"} {
		s.raise(t.Context(), t, queue.Level(level))
		if got := strings.Join(s.Features(), " "); got != want {
			t.Errorf("at level %d clients may send %q, want %q", level, got, want)
		}
	}
}

// A message whose body has a kind is written from level 1 on, and not before.
func TestBodiesWithAKindAreWrittenFromLevel1On(t *testing.T) {
	a := knowing(t, memory(t), 1)
	s := a.Site("demo")
	eventually(t, "it serves", func() bool { return s.Takes() == nil })
	send := func(id, kind string) error {
		_, _, err := a.options.Conversations.Append(t.Context(), "demo", "t", conversation.Draft{
			Kind: conversation.Message, From: conversation.Person{Role: "agent", ID: "bot"}, MessageID: id, Body: conversation.Body{Kind: kind, Text: "Choose: a, b"},
		})
		return err
	}
	if err := send("m1", "choices"); !errors.Is(err, conversation.ErrBodyKind) {
		t.Errorf("at level 0: %v", err)
	}
	if err := send("m2", ""); err != nil {
		t.Errorf("a text at level 0: %v", err)
	}
	s.raise(t.Context(), t, 1)
	if err := send("m1", "choices"); err != nil {
		t.Errorf("at level 1: %v", err)
	}
}

// A gateway is built before the application follows the logs, and looks at its sites
// meanwhile: where Redis is slow to answer the first renewal, for a while.
func TestASiteIsLookedAtBeforeItsLogIsFollowed(t *testing.T) {
	t.Parallel()
	log := memory(t)
	hub := conversation.New(log, conversation.Options{})
	t.Cleanup(hub.Close)
	a, err := New(Options{Store: logstore.New(log), Conversations: hub, Sites: []SiteOptions{{Rules: testRules()}}})
	if err != nil {
		t.Fatal(err)
	}
	s := a.Site("demo")
	first, looks := make(chan struct{}), make(chan error, 1)
	go func() {
		for {
			if err := s.TooOld(); err != nil {
				looks <- err
				return
			}
			unavailable, takes := s.Unavailable(), s.Takes()
			select {
			case <-first:
			default:
				if unavailable == nil || takes == nil {
					looks <- errors.New("a site whose log is not followed yet serves")
					return
				}
				close(first)
			}
			if unavailable == nil && takes == nil {
				looks <- nil
				return
			}
			runtime.Gosched()
		}
	}()
	<-first
	a.Start()
	t.Cleanup(a.Close)
	select {
	case err := <-looks:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(30 * time.Second):
		t.Error("the site never serves")
	}
}
