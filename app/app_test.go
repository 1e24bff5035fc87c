package app

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nextup/app/conversation"
	"nextup/internal/eventlog"
	"nextup/queue"
	"nextup/queue/logstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func testRules() *queue.Site {
	return &queue.Site{
		ID:           "demo",
		Departments:  []queue.Department{{ID: "support", Languages: []string{"en"}, QueueLimit: 1000, OfferTTL: 20_000}},
		VisitorGrace: 60_000, AgentGrace: 20_000, AssignedGrace: 600_000, Retention: 86_400_000,
	}
}

// start runs an App over a log until the test ends; subscribe may subscribe to its site.
func start(t *testing.T, log eventlog.Backend, subscribe ...func(*Site)) (*Site, context.Context) {
	t.Helper()
	hub := conversation.New(log, conversation.Options{})
	t.Cleanup(hub.Close)
	a, err := New(Options{Store: logstore.New(log), Conversations: hub, Sites: []SiteOptions{{Rules: testRules()}}})
	if err != nil {
		t.Fatal(err)
	}
	s := a.Site("demo")
	serves := make(chan struct{})
	var once sync.Once
	s.OnAvailability(func(available bool) {
		if available {
			once.Do(func() { close(serves) })
		}
	})
	s.Replica.away.Store(true) // so that the first news is that it serves
	for _, f := range subscribe {
		f(s)
	}
	a.Start()
	t.Cleanup(a.Close)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	wait(ctx, t, serves, "the site serves")
	return s, ctx
}

func wait[T any](ctx context.Context, t *testing.T, signal <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-signal:
	case <-ctx.Done():
		t.Fatalf("it never came that %s", what)
	}
	return v
}

func memory(t *testing.T) eventlog.Backend {
	log := eventlog.NewMemory()
	t.Cleanup(func() { _ = log.Close() })
	return log
}

func (s *Site) joinForTest(ctx context.Context, visitor string) (uint64, error) {
	return s.Decide(ctx, Refusals{}, func(st *queue.State) (queue.Change, error) {
		return st.Join(queue.JoinRequest{
			Ticket: "t-" + visitor, Visitor: visitor, Department: "support", Languages: []string{"en"}, Node: s.app.Node(), Request: visitor, Now: s.Now(),
		})
	})
}

// A command is answered before subscribers are notified of its step, so the person who
// asked does not wait for them.
func TestACommandIsAnsweredBeforeItsNewsIsTold(t *testing.T) {
	answered, told := make(chan struct{}), make(chan bool, 100)
	s, ctx := start(t, memory(t), func(s *Site) {
		s.OnSteps(func(_ *queue.State, steps []queue.Step) {
			for _, step := range steps {
				if step.Cause == queue.CauseJoined {
					select { // a subscriber must not block; this one finds out who was first
					case <-answered:
						told <- true
					case <-time.After(time.Minute):
						told <- false
					}
				}
			}
		})
	})
	if _, err := s.joinForTest(ctx, "v"); err != nil {
		t.Fatal(err)
	}
	close(answered)
	if !wait(ctx, t, told, "the step is told") {
		t.Error("the answer waited for a subscriber")
	}
}

// recorder is a worker that notes what it is given.
type recorder struct {
	mu      sync.Mutex
	from    uint64
	steps   []uint64
	elected chan struct{}
}

func (w *recorder) Elected(st *queue.State) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.from, w.steps = st.Number(), nil
	select {
	case w.elected <- struct{}{}:
	default:
	}
}

func (w *recorder) Steps(_ *queue.State, steps []queue.Step) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range steps {
		w.steps = append(w.steps, s.Number)
	}
}

func (*recorder) Dismissed()              {}
func (*recorder) Run(ctx context.Context) { <-ctx.Done() }

// A worker sees every step after the state that it took over with, each once, though
// people go on meanwhile.
func TestAWorkerSeesEveryStepAfterItTookOver(t *testing.T) {
	w := &recorder{elected: make(chan struct{}, 1)}
	last := make(chan uint64, 1000)
	s, ctx := start(t, memory(t), func(s *Site) {
		s.AddWorker(w)
		s.OnSteps(func(st *queue.State, _ []queue.Step) { last <- st.Number() }) // after the election's own
	})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 20 {
				if _, err := s.joinForTest(ctx, fmt.Sprint("v", i, "-", j)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait(ctx, t, w.elected, "the process is elected")
	all.Wait()
	var head uint64
	s.Read(func(st *queue.State) { head = st.Number() })
	for wait(ctx, t, last, "the last step is told") < head {
		continue
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, n := range w.steps {
		if n != w.from+1+uint64(i) {
			t.Fatalf("after %d the worker saw %v", w.from, w.steps)
		}
	}
	if n := w.from + uint64(len(w.steps)); n < head {
		t.Errorf("the worker saw steps up to %d of %d", n, head)
	}
}

// Two processes: one is elected, and when it ends the other takes over at once.
func TestAnotherProcessTakesOver(t *testing.T) {
	log := memory(t)
	hub := conversation.New(log, conversation.Options{})
	t.Cleanup(hub.Close)
	var apps [2]*App
	elected := make(chan int, 10)
	for i := range apps {
		a, err := New(Options{Store: logstore.New(log), Conversations: hub, Sites: []SiteOptions{{Rules: testRules()}}})
		if err != nil {
			t.Fatal(err)
		}
		a.Site("demo").OnElection(func(leads bool) {
			if leads {
				elected <- i
			}
		})
		a.Start()
		t.Cleanup(a.Close)
		apps[i] = a
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	first := wait(ctx, t, elected, "one is elected")
	apps[first].Close()
	if second := wait(ctx, t, elected, "another one is elected"); second == first {
		t.Error("a process that has ended was elected")
	}
}
