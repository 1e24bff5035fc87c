package main

import (
	"context"
	"flag"
	"fmt"
	"sync"
	"time"

	"nextup/internal/eventlog/redislog"
	"nextup/presence"
	"nextup/presence/redispresence"
	"nextup/queue"
	"nextup/queue/logstore"

	"nextup/bench/orders"
)

// replica is the state that a line's process decides on.
type replica struct {
	mu    sync.Mutex
	state *queue.State
}

func (r *replica) Restore(number uint64, at queue.Stamp, images []queue.Image) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.Restore(number, at, images)
}

func (r *replica) Apply(records []queue.Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range records {
		r.state.Apply(rec)
	}
}

// Notify implements queue.Replica.
func (*replica) Notify() {}

// Knows implements queue.Replica.
func (r *replica) Knows() queue.Level { return queue.Newest(queue.Levels()) }

func (r *replica) Reset() {}

// serveLine is a node whose visitors have joined and wait, as many as fit in no
// process as sockets. It joins them by the same rules and into the same log as a
// gateway does, and follows the log no longer once they stand there: who joins later
// is new, and a join depends on no other ticket.
func serveLine(args []string) error {
	flags := flag.NewFlagSet("line", flag.ExitOnError)
	url := flags.String("redis", "", "Redis")
	n := flags.Int("n", 0, "visitors")
	_ = flags.Parse(args)
	const node = "bench-line"

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	backend, err := redislog.Open(ctx, *url, redislog.Options{})
	if err != nil {
		return err
	}
	nodes := redispresence.New(backend.Client(), backend.Prove)
	if err := nodes.Renew(ctx, node, presence.TTL); err != nil {
		return err
	}
	go func() {
		for range time.Tick(presence.Renewal) {
			_ = nodes.Renew(ctx, node, presence.TTL)
		}
	}()
	store := logstore.New(backend)
	r := &replica{state: queue.NewState(rules())}
	follow, stop := context.WithCancel(ctx)
	defer stop()
	follower := store.Follow(follow, siteID, r)
	for follower.Err() != nil || !follower.Ready() {
		time.Sleep(10 * time.Millisecond)
	}
	joined := 0
	join := func(n int) (any, error) {
		for until := joined + n; joined < until; {
			var batch []queue.Change
			r.mu.Lock()
			for ; joined < until && len(batch) < 100; joined++ {
				c, err := r.state.Join(queue.JoinRequest{
					Ticket: fmt.Sprintf("00000000-0000-4000-8000-%012d", joined), Visitor: fmt.Sprint("w", joined),
					Department: department, Languages: []string{language}, Node: node,
				})
				if err != nil {
					r.mu.Unlock()
					return nil, err
				}
				batch = append(batch, c)
			}
			r.mu.Unlock()
			outcomes, err := store.Commit(ctx, siteID, batch)
			if err != nil {
				return nil, err
			}
			for _, o := range outcomes {
				if o.Verdict != queue.Done {
					return nil, fmt.Errorf("a join was refused with verdict %d", o.Verdict)
				}
			}
		}
		return nil, nil
	}
	if _, err := join(*n); err != nil {
		return err
	}
	stop()
	<-follower.Done()
	return obey("", map[string]orders.Handler{"join": orders.Handle(join)})
}
