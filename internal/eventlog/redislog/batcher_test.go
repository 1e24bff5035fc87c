package redislog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog"
	"nextup/test/redistest"
)

func sendingOf(log string, ids ...string) *pendingCall {
	s := &pendingCall{
		call: call{log: eventlog.Log{Name: log, Remember: time.Minute}},
		done: make(chan struct{}),
	}
	for _, id := range ids {
		s.commits = append(s.commits, eventlog.Commit{ID: id, Data: []byte(id)})
	}
	return s
}

// TestCallsShareARunWhereTheyMay: in a Cluster only those to one log may.
func TestCallsShareARunWhereTheyMay(t *testing.T) {
	full := make([]string, maxCommitsPerScript-1)
	for i := range full {
		full[i] = fmt.Sprint("f", i)
	}
	came := []*pendingCall{
		sendingOf("a", "a1"), sendingOf("b", "b1"), sendingOf("a", "a2"), sendingOf("a", "a3"),
		sendingOf("b", full...), sendingOf("a", "a4"),
	}
	tests := map[string]struct {
		mixes bool
		want  [][]string // of each run the first commits of the calls, log by log
	}{
		"one server": {true, [][]string{{"a1", "a2", "a3", "b1"}, {"f0", "a4"}}},
		"a Cluster":  {false, [][]string{{"a1", "a2", "a3", "a4"}, {"b1", "f0"}}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var got [][]string
			var p batcher
			p.mixesLogs.Store(test.mixes)
			for _, b := range p.group(came) {
				var firsts []string
				commits := 0
				for _, log := range b.logs {
					for _, s := range log {
						firsts = append(firsts, s.commits[0].ID)
						commits += len(s.commits)
					}
				}
				if commits != b.commits || commits > maxCommitsPerScript {
					t.Errorf("a run of %v has %d commits and says %d", firsts, commits, b.commits)
				}
				got = append(got, firsts)
			}
			if !slices.EqualFunc(got, test.want, slices.Equal[[]string]) {
				t.Errorf("%v, want %v", got, test.want)
			}
		})
	}
}

// TestALogThatFailsHurtsNoOther: calls that share a run share no failure, and the
// commit that could not be written can be tried again.
func TestALogThatFailsHurtsNoOther(t *testing.T) {
	b, err := Open(t.Context(), redistest.Shared(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	name := func(n string) string { return fmt.Sprint(t.Name(), time.Now().UnixNano(), n) }
	broken, whole := name("broken"), name("whole")
	if err := b.client.Set(t.Context(), recordsKey(broken), "no stream", time.Minute).Err(); err != nil {
		t.Fatal(err)
	}
	if err := commitScript.Load(t.Context(), b.client).Err(); err != nil { // as after the first call
		t.Fatal(err)
	}
	p := &batcher{b: b, node: b.client.(*redis.Client), clock: eventlog.NewClock()}
	p.mixesLogs.Store(true)
	together := func() (failed, fine, before *pendingCall) {
		before, failed, fine = sendingOf(whole, "c1"), sendingOf(broken, "c1"), sendingOf(whole, "c2")
		calls := []*pendingCall{before, failed, fine, sendingOf(name("other"), "c1")}
		if runs := p.group(calls); len(runs) != 1 {
			t.Fatalf("%d runs", len(runs))
		}
		p.exchange(t.Context(), calls)
		return failed, fine, before
	}
	failed, fine, before := together()
	for i, s := range []*pendingCall{before, fine} {
		out, err := decode(s.answers, s.commits)
		if err != nil || out[0].Status != eventlog.Committed || out[0].Head.Number != uint64(i+1) || out[0].Head.ID != s.commits[0].ID {
			t.Errorf("beside it: %+v, %v", out, err)
		}
	}
	if _, err := decode(failed.answers, failed.commits); !errors.Is(err, eventlog.ErrUnavailable) {
		t.Errorf("the broken log answers %v", err)
	}

	b.client.Del(t.Context(), recordsKey(broken))
	failed, _, before = together()
	if out, err := decode(failed.answers, failed.commits); err != nil || out[0].Status != eventlog.Committed {
		t.Errorf("mended, it answers %+v, %v", out, err)
	}
	if out, err := decode(before.answers, before.commits); err != nil || out[0].Status != eventlog.Duplicate || out[0].Head.Number != 1 {
		t.Errorf("again, the other one answers %+v, %v", out, err)
	}
}

// TestAServerWithSlotsIsNoFailure: one that belongs to a Cluster and is spoken to as
// if it were alone, as some proxies are, refuses to run the script for many logs.
func TestAServerWithSlotsIsNoFailure(t *testing.T) {
	url := redistest.Start(t, "--cluster-enabled", "yes")
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	defer client.Close()
	if err := client.ClusterAddSlotsRange(t.Context(), 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(client.ClusterInfo(t.Context()).Val(), "cluster_state:ok"); {
		if time.Now().After(deadline) {
			t.Fatal("the slots are not served")
		}
	}
	b, err := Open(t.Context(), url, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	var all sync.WaitGroup
	for log := range 50 {
		all.Go(func() {
			for n := range 20 {
				out, err := b.Commit(t.Context(), eventlog.Log{Name: fmt.Sprint(log)}, []eventlog.Commit{{ID: fmt.Sprint(n)}})
				if err != nil || out[0].Head.Number != uint64(n+1) {
					t.Errorf("log %d: %+v, %v", log, out, err)
				}
			}
		})
	}
	all.Wait()
	if p := b.batcherOf(b.client.(*redis.Client)); p.mixesLogs.Load() {
		t.Error("it was not asked for many logs at once")
	}
}

// TestWhatComesWhileACallIsUnderWayIsSentAfterIt: also when the one who sent that has
// been called off, who learns what became of it all the same.
func TestWhatComesWhileACallIsUnderWayIsSentAfterIt(t *testing.T) {
	b, err := Open(t.Context(), redistest.Start(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	node := b.client.(*redis.Client)
	if err := commitScript.Load(t.Context(), node).Err(); err != nil { // as after the first call
		t.Fatal(err)
	}
	p := &batcher{b: b, node: node, clock: eventlog.NewClock()}
	p.mixesLogs.Store(true)
	send := func(ctx context.Context, id string) <-chan error {
		sent := make(chan error, 1)
		go func() {
			_, _, err := p.send(ctx, sendingOf("l", id).call)
			sent <- err
		}()
		return sent
	}
	stands := func(sends bool, queued int) bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.busy == sends && len(p.queued) == queued
	}
	await := func(what string, holds func() bool) {
		for patience := time.Now().Add(10 * time.Second); !holds(); time.Sleep(time.Millisecond) {
			if time.Now().After(patience) {
				t.Fatal("it never came about that", what)
			}
		}
	}
	if err := node.Do(t.Context(), "CLIENT", "PAUSE", "1500", "WRITE").Err(); err != nil {
		t.Fatal(err)
	}
	ctx, callOff := context.WithCancel(t.Context())
	alone := send(ctx, "c1")
	await("the first call is under way", func() bool { return stands(true, 0) })
	others := []<-chan error{send(t.Context(), "c2"), send(t.Context(), "c3")}
	await("two wait", func() bool { return stands(true, 2) })
	queued := send(ctx, "c4")
	await("three wait", func() bool { return stands(true, 3) })
	callOff()
	if err := <-queued; !errors.Is(err, context.Canceled) {
		t.Errorf("who waits and is called off is told %v", err)
	}
	for _, sent := range append(others, alone) {
		if err := <-sent; err != nil {
			t.Error(err)
		}
	}
	await("nobody sends and nothing waits", func() bool { return stands(false, 0) })
}
