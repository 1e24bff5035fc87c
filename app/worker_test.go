package app

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nextup/app/conversation"
	"nextup/internal/eventlog"
	"nextup/queue"
	"nextup/queue/logstore"
)

// bubble has, in the time of a synctest bubble, a process that runs one worker of a site
// and nothing else, and another process that brings about what there is to do.
type bubble struct {
	t           *testing.T
	ahead       atomic.Int64 // how far the log's clock has jumped
	log         *eventlog.Memory
	site, other *Site
	unfollow    func()
}

// inBubble runs a test of the one worker that is chosen.
func inBubble(t *testing.T, choose func(Worker) bool, test func(b *bubble)) {
	synctest.Test(t, func(t *testing.T) {
		b := &bubble{t: t}
		b.log = eventlog.NewMemory(eventlog.WithClock(func() time.Time { return time.Now().Add(time.Duration(b.ahead.Load())) }))
		b.site, b.other = b.newSite(), b.newSite()
		b.unfollow = b.follow(b.site)
		stop := b.follow(b.other)
		workers := &b.site.election.workers
		for _, w := range *workers {
			if choose(w) {
				*workers = []Worker{w}
				b.site.app.work.Go(func() { w.Run(b.site.ctx) })
			}
		}
		defer func() {
			b.site.app.Stop()
			b.site.app.work.Wait()
			b.unfollow()
			stop()
		}()
		b.settle()
		test(b)
	})
}

func (b *bubble) newSite() *Site {
	b.t.Helper()
	hub := conversation.New(b.log, conversation.Options{})
	b.t.Cleanup(hub.Close)
	a, err := New(Options{Store: logstore.New(b.log), Conversations: hub, Sites: []SiteOptions{{Rules: testRules()}}})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(a.Stop)
	s := a.Site("demo")
	s.setRefusal(nil) // nothing probes the log
	return s
}

// follow has a site follow the log until stop is called.
func (b *bubble) follow(s *Site) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	s.turn.Lock() // no subscriber is called before the follower is set
	s.follower = s.store.Follow(ctx, s.id, storeReplica{s.Replica})
	s.turn.Unlock()
	s.follows.Store(true)
	synctest.Wait()
	return func() {
		cancel()
		<-s.follower.Done()
	}
}

// settle passes time until the worker rests.
func (b *bubble) settle() {
	time.Sleep(10 * time.Minute)
	synctest.Wait()
}

// soon passes the time that the log takes from one process to the other and back, and no
// more.
func (b *bubble) soon() {
	time.Sleep(dispatchTick / 2)
	synctest.Wait()
}

// commit has the other process commit something.
func (b *bubble) commit(decide func(st *queue.State) (queue.Change, error)) {
	b.t.Helper()
	if _, err := b.other.Decide(b.t.Context(), Refusals{}, decide); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bubble) join() {
	b.t.Helper()
	if _, err := b.other.joinForTest(b.t.Context(), "v"); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bubble) leave() {
	b.t.Helper()
	b.commit(func(st *queue.State) (queue.Change, error) { return st.Leave("v", "t-v") })
}

// waits has a visitor wait, and an agent who is free.
func (b *bubble) waits() {
	b.t.Helper()
	b.commit(func(st *queue.State) (queue.Change, error) {
		return st.BindAgent(queue.AgentFacts{ID: "a", Languages: queue.Fluent("en"), Departments: []string{"support"}, Capacity: 1}, b.other.app.Node()), nil
	})
	b.commit(func(st *queue.State) (queue.Change, error) { return st.SetStatus("a", queue.Available) })
	b.join()
}

// offer is the offer that the visitor's ticket is, or nil.
func (b *bubble) offer() (offer *queue.Offer) {
	b.other.Read(func(st *queue.State) {
		if t := st.TicketOf("v"); t != nil {
			offer = t.Offer
		}
	})
	return offer
}

func isDispatcher(w Worker) bool { _, ok := w.(*dispatcher); return ok }
func isEstimates(w Worker) bool  { _, ok := w.(*estimates); return ok }
func isSealing(w Worker) bool    { _, ok := w.(*sealing); return ok }

// However what there is to do comes to a worker that rests, it is done in the same moment.
func TestAWorkerThatRestsTakesUpItsWorkAtOnce(t *testing.T) {
	for _, worker := range []struct {
		what   string
		choose func(Worker) bool
		work   func(b *bubble) // brings something to do
		done   func(b *bubble) bool
	}{
		{"a visitor is offered", isDispatcher, (*bubble).waits, func(b *bubble) bool { return b.offer() != nil }},
		{"a visitor's wait is estimated", isEstimates, (*bubble).join, func(b *bubble) bool {
			w, _ := b.site.election.workers[0].(*estimates)
			return w.state != nil && w.state.TicketOf("v") != nil
		}},
		{"a conversation is closed", isSealing, func(b *bubble) {
			b.join()
			b.leave()
		}, func(b *bubble) bool {
			done, err := b.site.app.options.Conversations.Ended(b.t.Context(), b.site.id, "t-v")
			return err == nil && done
		}},
	} {
		for _, event := range []struct {
			when    string
			happens func(b *bubble, work func(b *bubble))
		}{
			{"it comes while the process is elected", func(b *bubble, work func(b *bubble)) {
				b.site.election.set(true)
				b.settle()
				work(b)
			}},
			{"the process takes over", func(b *bubble, work func(b *bubble)) {
				work(b)
				b.soon()
				b.site.election.set(true)
			}},
			{"the process is dismissed and elected again", func(b *bubble, work func(b *bubble)) {
				b.site.election.set(true)
				b.settle()
				b.site.election.set(false)
				b.settle()
				work(b)
				b.soon()
				if worker.done(b) {
					b.t.Error("a process does it that is dismissed")
				}
				b.site.election.set(true)
			}},
			{"it comes with a snapshot", func(b *bubble, work func(b *bubble)) {
				b.site.election.set(true)
				b.settle()
				b.unfollow()
				work(b)
				restores := b.site.Restores()
				b.unfollow = b.follow(b.site)
				if b.site.Restores() == restores {
					b.t.Error("no snapshot was taken")
				}
			}},
		} {
			t.Run(worker.what+": "+event.when, func(t *testing.T) {
				inBubble(t, worker.choose, func(b *bubble) {
					event.happens(b, worker.work)
					b.soon()
					if !worker.done(b) {
						t.Error("nothing is done")
					}
				})
			})
		}
	}
}

// An offer lapses when its time is over by the log's clock, whatever becomes of that.
func TestAnOfferLapsesToTheSecond(t *testing.T) {
	for _, tt := range []struct {
		what  string
		after time.Duration
		ahead time.Duration
	}{
		{"the time passes", 19 * time.Second, 0},
		{"the log's clock jumps", 0, 19500 * time.Millisecond},
		{"the log's clock jumps in between", 5 * time.Second, 14500 * time.Millisecond},
	} {
		t.Run(tt.what, func(t *testing.T) {
			inBubble(t, isDispatcher, func(b *bubble) {
				b.site.election.set(true)
				b.settle()
				b.waits()
				b.soon()
				first := b.offer()
				if first == nil || first.TTL != 20_000 {
					t.Fatalf("the offer is %+v", first)
				}
				lapsed := func() bool {
					b.soon()
					offer := b.offer()
					return offer == nil || offer.ID != first.ID
				}
				time.Sleep(tt.after)
				if lapsed() {
					t.Error("it lapses too early")
				}
				b.ahead.Store(int64(tt.ahead))
				time.Sleep(time.Second)
				if !lapsed() {
					t.Error("it does not lapse")
				}
			})
		})
	}
}

// A visitor whose ticket the only free agent has declined is offered to them again as soon
// as their cooldown is over, though nothing else happens meanwhile.
func TestADeclinedTicketIsOfferedAgainWhenItsCooldownIsOver(t *testing.T) {
	inBubble(t, isDispatcher, func(b *bubble) {
		b.site.election.set(true)
		b.settle()
		b.waits()
		b.soon()
		first := b.offer()
		if first == nil {
			t.Fatal("nothing is offered")
		}
		b.commit(func(st *queue.State) (queue.Change, error) { return st.Decline("a", first.ID) })
		time.Sleep(time.Duration(first.TTL)*time.Millisecond - dispatchTick)
		synctest.Wait()
		if b.offer() != nil {
			t.Error("it is offered during the cooldown")
		}
		time.Sleep(dispatchTick)
		b.soon()
		if b.offer() == nil {
			t.Error("it is not offered after the cooldown")
		}
	})
}

// New rules are in force at once, also for what the old ones had do later.
func TestNewRulesEndAtOnceWhatTheOldOnesKept(t *testing.T) {
	inBubble(t, isDispatcher, func(b *bubble) {
		b.site.election.set(true)
		b.join()
		b.leave()
		time.Sleep(time.Minute + maxDispatchRest/2)
		rules := testRules()
		rules.Retention = 30_000
		b.site.SetRules(SiteOptions{Rules: rules})
		b.soon()
		b.other.Read(func(st *queue.State) {
			if st.Ticket("t-v") != nil {
				t.Error("a ticket is kept for longer than it is to be")
			}
		})
	})
}
