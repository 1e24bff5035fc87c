package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"nextup/internal/eventlog/redislog"
	"nextup/presence"
	"nextup/presence/redispresence"
	"nextup/queue"
	"nextup/queue/logstore"
	"nextup/queue/queuetest"

	"nextup/bench/orders"
)

// serveLine is a node with waiting visitors that have no sockets, since one process could
// not hold that many sockets. They join by the same rules and into the same log as on a
// gateway. The node stops following the log once they wait: the visitors that join later
// are new, and a join depends on no other ticket.
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
	r := queuetest.NewReplica(rules())
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
			var err error
			r.Read(func(st *queue.State) {
				for ; err == nil && joined < until && len(batch) < 100; joined++ {
					var c queue.Change
					c, err = st.Join(queue.JoinRequest{
						Ticket: fmt.Sprintf("00000000-0000-4000-8000-%012d", joined), Visitor: fmt.Sprint("w", joined),
						Department: department, Languages: []string{language}, Node: node,
					})
					batch = append(batch, c)
				}
			})
			if err != nil {
				return nil, err
			}
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
