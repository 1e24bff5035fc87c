package conversation_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nextup/app/conversation"
	"nextup/internal/eventlog"
	"nextup/internal/eventlog/eventlogtest"
)

func TestFiftySendersAreSeenInOneOrderByEverySubscriber(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p pair) {
		const senders, each = 50, 10
		ticket := ticketOf(t)
		receivers := []*receiver{receive(p.a, ticket, 0), receive(p.b, ticket, 0)}
		var all sync.WaitGroup
		for who := range senders {
			all.Go(func() {
				for i := range each {
					d := message(visitor(fmt.Sprint("v", who)), fmt.Sprint("m", i), fmt.Sprint(who, " says ", i))
					first := mustAppend(t, p.each()[who%2], ticket, d)
					if i%3 == 0 { // the reply was lost
						if again := mustAppend(t, p.each()[(who+1)%2], ticket, d); again != first {
							t.Errorf("%d became %d", first, again)
						}
					}
				}
			})
		}
		for i := range 20 { // some come while it goes on
			receivers = append(receivers, receive(p.each()[i%2], ticket, 0))
		}
		all.Wait()
		receivers = append(receivers, receive(p.a, ticket, 0))
		want := receivers[0].wait(t, senders*each)
		next := map[string]int{}
		for _, e := range want {
			if e.MessageID != fmt.Sprint("m", next[e.From.ID]) {
				t.Fatalf("%s's message %s came where %d was due", e.From.ID, e.MessageID, next[e.From.ID])
			}
			next[e.From.ID]++
		}
		for i, r := range receivers {
			got := r.wait(t, senders*each)
			r.stop()
			if !slices.EqualFunc(got, want, func(a, b conversation.Entry) bool {
				return a.Number == b.Number && a.Body.Text == b.Body.Text && a.AtMS == b.AtMS
			}) {
				t.Errorf("receiver %d saw another conversation", i)
			}
		}
	})
}

func TestHistoryComesInPagesFromAnyPlace(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p pair) {
		ticket := ticketOf(t)
		const n = 250
		for i := range n {
			mustAppend(t, p.a, ticket, message(visitor("v"), fmt.Sprint(i), "x"))
		}
		var receivers []*receiver
		for _, after := range []uint64{0, 1, 99, 100, 101, 249, 250} {
			receivers = append(receivers, receive(p.b, ticket, after))
		}
		for _, r := range receivers {
			r.wait(t, n-int(r.after))
		}
		mustAppend(t, p.a, ticket, message(visitor("v"), "live", "x"))
		for _, r := range receivers {
			got := r.wait(t, n+1-int(r.after))
			r.stop()
			if len(got) != n+1-int(r.after) || r.largest > 100 {
				t.Errorf("after %d: %d entries, the largest delivery %d", r.after, len(got), r.largest)
			}
		}
	})
}

func TestNotesReachEverySubscriberAndNobodyLater(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p pair) {
		ticket := ticketOf(t)
		receivers := []*receiver{receive(p.a, ticket, 0), receive(p.b, ticket, 0), receive(p.b, ticket, 0)}
		mustAppend(t, p.a, ticket, message(visitor("v"), "m", "x"))
		for _, r := range receivers {
			r.wait(t, 1)
		}
		// Notes may be lost, and are while the backend's subscription is on its way.
		for heard := 0; heard < len(receivers); {
			if err := p.a.Signal(t.Context(), "s", ticket, []byte("typing")); err != nil {
				t.Fatal(err)
			}
			heard = 0
			for _, r := range receivers {
				select {
				case got := <-r.notes:
					if got != "typing" {
						t.Fatalf("heard %q", got)
					}
					heard++
				case <-time.After(200 * time.Millisecond):
				}
			}
		}
		late := receive(p.a, ticket, 0)
		if got := late.wait(t, 1); len(got) != 1 || len(late.notes) != 0 {
			t.Fatalf("a later one got %d entries and %d notes", len(got), len(late.notes))
		}
		for _, r := range append(receivers, late) {
			r.stop()
		}
	})
}

func TestEntriesThatTheLogLostAreResetAndNothingFollows(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p pair) {
		ticket := ticketOf(t)
		mustAppend(t, p.a, ticket, message(visitor("v"), "m", "x"))
		beyond, there := receive(p.b, ticket, 5), receive(p.b, ticket, 1)
		hear(t, "reset for a place beyond the head", beyond.resets)
		mustAppend(t, p.a, ticket, message(visitor("v"), "m2", "x"))
		there.wait(t, 1)
		for range 10 {
			mustAppend(t, p.a, ticket, message(visitor("v"), fmt.Sprint(time.Now().UnixNano()), "x"))
		}
		there.wait(t, 11)
		there.stop()
		if len(there.resets) != 0 || len(beyond.resets) != 0 || len(beyond.entries) != 0 {
			t.Fatal("more than one reset, or entries after it")
		}
	})
}

func TestAForkedLogResetsWhoHasOpenedIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := conversation.New(eventlog.NewMemory(), conversation.Options{Retention: map[string]time.Duration{"s": time.Hour}})
		defer h.Close()
		mustAppend(t, h, "t", message(visitor("v"), "m", "x"))
		r := receive(h, "t", 0)
		r.wait(t, 1)
		time.Sleep(2*time.Hour - time.Minute)
		synctest.Wait()
		if len(r.resets) != 0 {
			t.Fatal("reset while the log lives")
		}
		time.Sleep(time.Minute + 11*time.Second) // the log is gone, and a head check sees it
		synctest.Wait()
		if len(r.resets) != 1 {
			t.Fatalf("%d resets", len(r.resets))
		}
		mustAppend(t, h, "t", message(visitor("v"), "other", "y"))
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(r.entries) != 1 {
			t.Fatal("entries after a reset")
		}
		again := receive(h, "t", 0)
		if got := again.wait(t, 1); got[0].Body.Text != "y" {
			t.Fatalf("got %+v", got)
		}
	})
}

func TestALostWakeUpIsMadeGoodWithinTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		backend := &eventlogtest.Outage{Backend: eventlog.NewMemory()}
		h := conversation.New(backend, conversation.Options{})
		defer h.Close()
		r := receive(h, "t", 0)
		synctest.Wait()
		backend.Deafen(true)
		mustAppend(t, h, "t", message(visitor("v"), "m", "x"))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		r.wait(t, 1)
		reads := backend.Reads()
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := backend.Reads() - reads; n != 0 {
			t.Fatalf("%d reads in an idle hour", n)
		}
	})
}

func TestAnOutageDelaysDeliveryAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := eventlog.NewMemory()
		backend := &eventlogtest.Outage{Backend: memory}
		h, other := conversation.New(backend, conversation.Options{}), conversation.New(memory, conversation.Options{})
		defer h.Close()
		defer other.Close()
		backend.Set(true)
		r := receive(h, "t", 0)
		for i := range 150 {
			mustAppend(t, other, "t", message(visitor("v"), fmt.Sprint(i), "x"))
		}
		if _, _, err := h.Append(t.Context(), "s", "t", message(visitor("v"), "m", "x")); err == nil {
			t.Fatal("appended during the outage")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(r.entries) != 0 {
			t.Fatal("delivered during the outage")
		}
		backend.Set(false)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := r.wait(t, 150); len(got) != 150 {
			t.Fatalf("%d entries", len(got))
		}
	})
}

func TestAnEntryOfAnUnknownSchemaHoldsUpItsConversationOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		memory := eventlog.NewMemory()
		h := conversation.New(memory, conversation.Options{})
		defer h.Close()
		mustAppend(t, h, "t", message(visitor("v"), "m", "x"))
		_, err := memory.Commit(t.Context(), eventlog.Log{Name: "c:s:t"}, []eventlog.Commit{{ID: "new", Data: []byte(`{"v":2,"kind":"message"}`)}})
		if err != nil {
			t.Fatal(err)
		}
		stuck, fine := receive(h, "t", 1), receive(h, "other", 0)
		mustAppend(t, h, "other", message(visitor("v"), "m", "x"))
		time.Sleep(time.Minute)
		synctest.Wait()
		fine.wait(t, 1)
		if len(stuck.entries) != 0 || len(stuck.resets) != 0 {
			t.Fatal("it was delivered")
		}
	})
}

func TestASubscriptionEndsWhereTheReceiverIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := conversation.New(eventlog.NewMemory(), conversation.Options{})
		defer h.Close()
		var refused, stopped atomic.Int32
		h.Subscribe("s", "t", conversation.Place{}, heard{func([]conversation.Entry) bool { refused.Add(1); return false }, func([]byte) {}, func() {}})
		var stop func()
		stop = h.Subscribe("s", "t", conversation.Place{}, heard{func([]conversation.Entry) bool {
			stopped.Add(1)
			stop() // from within
			return true
		}, func([]byte) {}, func() {}}).Stop
		for i := range 3 {
			mustAppend(t, h, "t", message(visitor("v"), fmt.Sprint(i), "x"))
			synctest.Wait()
		}
		if refused.Load() != 1 || stopped.Load() != 1 {
			t.Fatalf("%d and %d deliveries, not one each", refused.Load(), stopped.Load())
		}
	})
}

func TestComingAndGoingNeitherDoublesNorReorders(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p pair) {
		ticket := ticketOf(t)
		const n = 300
		var all sync.WaitGroup
		all.Go(func() {
			for i := range n {
				mustAppend(t, p.a, ticket, message(visitor("v"), fmt.Sprint(i), "x"))
			}
		})
		for who := range uint64(8) {
			all.Go(func() {
				rng := rand.New(rand.NewPCG(7, who))
				// A conn that opens its conversation again and again, each time
				// from what it has; an old subscription's delivery may still
				// come, but only before the new one's.
				last := atomic.Uint64{}
				for last.Load() < n {
					first, target := last.Load(), min(last.Load()+1+rng.Uint64N(60), n)
					due := first
					reached := make(chan struct{})
					stop := p.each()[who%2].Subscribe("s", ticket, conversation.Place{Number: first}, heard{func(entries []conversation.Entry) bool {
						for _, e := range entries {
							if due++; e.Number != due {
								t.Errorf("entry %d where %d was due", e.Number, due)
							}
						}
						if earlier := last.Load(); due > earlier && earlier < target {
							last.Store(due)
							if due >= target {
								close(reached)
							}
						}
						return true
					}, func([]byte) {}, func() { t.Error("reset") }}).Stop
					hear(t, "delivery", reached)
					stop()
				}
			})
		}
		all.Wait()
	})
}

func TestIdleConversationsCostNoGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := conversation.New(eventlog.NewMemory(), conversation.Options{})
		defer h.Close()
		before := runtime.NumGoroutine()
		var stops []func()
		for i := range 1000 {
			stops = append(stops, receive(h, fmt.Sprint("t", i), 0).stop)
		}
		synctest.Wait()
		if n := runtime.NumGoroutine() - before; n > 10 {
			t.Errorf("%d goroutines for 1000 idle conversations", n)
		}
		for _, stop := range stops {
			stop()
		}
		synctest.Wait()
		if n := h.Open(); n != 0 {
			t.Errorf("%d conversations are open after all left", n)
		}
	})
}

func TestALaterSubscriptionWaitsForADeliveryUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := conversation.New(eventlog.NewMemory(), conversation.Options{})
		defer h.Close()
		mustAppend(t, h, "t", message(visitor("v"), "m", "x"))
		release := make(chan struct{})
		var ended atomic.Bool
		stop := h.Subscribe("s", "t", conversation.Place{}, heard{func([]conversation.Entry) bool {
			<-release
			ended.Store(true)
			return true
		}, func([]byte) {}, func() {}}).Stop
		synctest.Wait()
		stop() // the only one, while its delivery is under way
		var early atomic.Bool
		later := make(chan struct{})
		defer h.Subscribe("s", "t", conversation.Place{}, heard{func([]conversation.Entry) bool {
			early.Store(!ended.Load())
			close(later)
			return true
		}, func([]byte) {}, func() {}}).Stop()
		synctest.Wait()
		close(release)
		<-later
		if early.Load() {
			t.Fatal("both were delivering at the same time")
		}
	})
}

// The feed reports each new entry once, whether it was pushed or read and however many subscribers
// there are. It does not report entries of the history.
func TestWhatIsDeliveredIsToldOnceAndHistoryIsNot(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p pair) {
		ticket := ticketOf(t)
		told := make(chan uint64, 1000)
		p.b.OnDelivered(func(site, of string, entries []conversation.Entry) {
			if site != "s" || of != ticket {
				t.Errorf("entries of %s of %s are told", of, site)
			}
			for _, e := range entries {
				told <- e.Number
			}
		})
		for i := range 3 {
			mustAppend(t, p.a, ticket, message(visitor("v"), fmt.Sprint("m", i), "before"))
		}
		first := receive(p.b, ticket, 0)
		first.wait(t, 3)
		for i := range 150 { // more than are pushed to a feed at a time
			mustAppend(t, p.a, ticket, message(visitor("v"), fmt.Sprint("n", i), "after"))
		}
		second := receive(p.b, ticket, 0)
		second.wait(t, 153)
		first.wait(t, 153)
		mustAppend(t, p.a, ticket, message(visitor("v"), "last", "after"))
		for want := uint64(4); want <= 154; want++ {
			if n := hear(t, fmt.Sprint("entry ", want), told); n != want {
				t.Fatalf("entry %d is told where %d was due", n, want)
			}
		}
		if len(told) > 0 {
			t.Errorf("entry %d is told again", <-told)
		}
	})
}
