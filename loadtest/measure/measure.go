// Package measure makes a part of a forecast happen on this machine and measures what it
// takes: Redis and gateways of their own on the loopback, the tickets of a day that have
// ended already, then as many people at a time as the forecast has, for some minutes.
//
//	m, err := measure.Run(ctx, measure.Options{Binary: "nextup", Gateways: 2, Connections: 4000, …})
package measure

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog/redislog"
	"nextup/loadtest/cluster"
	"nextup/loadtest/scrape"
)

// Options are what is to be there.
type Options struct {
	Binary                       string
	Gateways                     int
	Connections, Waiting, Agents int           // at a time
	Tickets, Messages            float64       // a second
	Handling                     time.Duration // of a conversation
	Places                       int           // of an agent
	Ended                        int           // tickets that ended within the retention
	Lines                        int
	Retention                    time.Duration
	Window                       time.Duration
	// LogKept is for how long a site's log is kept.
	LogKept time.Duration
	Out     io.Writer // takes a line for each step
}

// Figures are what was there in the window, and what it took. Memory is in bytes.
type Figures struct {
	Connections, Waiting, Tickets, Messages float64
	GatewayCores                            float64 // of all gateways together
	GatewayMemory                           float64 // of the largest gateway
	RedisCores, RedisMemory                 float64
}

// The bounds of a run.
const (
	maxSockets = 15_000 // of this process: a machine may allow 20,000 files
	maxEnded   = 100_000
	atOnce     = 48               // people who come at a time, before the window
	settles    = 20 * time.Second // between the last who came and the window
)

// Run makes it happen and returns once it is measured.
func Run(ctx context.Context, o Options) (f Figures, err error) {
	talking := int(o.Tickets*o.Handling.Seconds() + 0.5)
	idle := o.Connections - o.Waiting - talking - o.Agents
	switch {
	case idle < 0:
		return f, fmt.Errorf("%d sockets are too few for %d in line, %d who talk and %d agents", o.Connections, o.Waiting, talking, o.Agents)
	case o.Connections > maxSockets || o.Ended > maxEnded:
		return f, fmt.Errorf("%d sockets and %d tickets of a day are more than a machine measures (%d and %d): take a smaller share", o.Connections, o.Ended, maxSockets, maxEnded)
	case o.Lines < 1 || o.Lines > len(lines):
		return f, fmt.Errorf("%d lines: 1 to %d can be measured", o.Lines, len(lines))
	}
	c, err := cluster.Start(ctx, cluster.Options{Binary: o.Binary, Gateways: o.Gateways, Retention: o.Retention, Places: o.Places})
	if err != nil {
		return f, err
	}
	defer c.Close()
	r, err := redislog.Dial(c.Redis)
	if err != nil {
		return f, err
	}
	defer r.Close()
	say := func(format string, args ...any) { fmt.Fprintf(o.Out, format+"\n", args...) }

	say("%d gateways and Redis are up; %d tickets come and end first", o.Gateways, o.Ended)
	perTicket := o.Messages / max(o.Tickets, 1e-9)
	day := &crowd{name: "day", targets: sockets(c), key: c.Secret, lines: lines[:o.Lines], messages: perTicket}
	if err := day.live(ctx, o.Ended); err != nil {
		return f, err
	}
	if err := forget(ctx, r, int64(o.Ended), o.Tickets*(o.LogKept-o.Window).Seconds()); err != nil {
		return f, err
	}
	say("%d have ended, %d messages; now %d agents, %d in line, %d who talk, %d who look on", day.ended.Load(), day.sent.Load(), o.Agents, o.Waiting, talking, idle)
	peak := &crowd{name: "peak", targets: day.targets, key: c.Secret, lines: day.lines, messages: perTicket, handling: o.Handling}
	run, stop := context.WithCancel(ctx)
	defer peak.all.Wait()
	defer stop()
	many(o.Agents, func(i int) { peak.agent(run, i) })
	many(idle, func(i int) { peak.idle(run, i) })
	many(o.Waiting+talking, func(i int) { peak.visit(run, i, func() {}) })
	peak.all.Go(func() {
		for i := o.Waiting + talking; o.Tickets > 0 && pause(run, time.Duration(rand.ExpFloat64()/o.Tickets*1e9)); i++ {
			peak.all.Go(func() { peak.visit(run, i, func() {}) })
		}
	})
	if !pause(ctx, settles) {
		return f, ctx.Err()
	}
	say("all are there; measured for %v", o.Window)
	f, err = window(ctx, o.Window, peak, c.Direct(), r)
	if n := peak.failed.Load() + day.failed.Load(); err == nil && n*50 > int64(o.Connections+o.Ended) {
		err = fmt.Errorf("%d people could not connect, join or stay connected, more than one in fifty: the machine is too small for this, or too busy\n%s", n, c.Logs())
	}
	return f, err
}

func sockets(c *cluster.Cluster) (all []string) {
	for _, t := range c.Direct() {
		all = append(all, "ws"+t[len("http"):]+"/v1/connect")
	}
	return all
}

// many calls f for 0 to n-1, some at once.
func many(n int, f func(int)) {
	var all sync.WaitGroup
	free := make(chan struct{}, atOnce)
	for i := range n {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			f(i)
		})
	}
	all.Wait()
}

// live lets n tickets begin and end, twice as many visitors at a time as agents have room.
func (c *crowd) live(ctx context.Context, n int) error {
	if n == 0 {
		return nil
	}
	run, stop := context.WithCancel(ctx)
	defer c.all.Wait()
	defer stop()
	many(atOnce, func(i int) { c.agent(run, i) })
	var left sync.WaitGroup
	free := make(chan struct{}, 6*atOnce)
	left.Add(n)
	for i := range n {
		select {
		case free <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		c.all.Go(func() {
			c.visit(run, i, func() {
				<-free
				left.Done()
			})
		})
	}
	ended := make(chan struct{})
	go func() {
		left.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(30 * time.Second):
		// A conversation that a busy machine has cut short does not matter to the memory of all.
		if c.ended.Load()*10 < int64(n)*9 {
			return errors.New("the tickets of the day do not end")
		}
		return nil
	}
}

// forget takes from Redis what lapses while the tickets of a day spread over it: the site's
// log but for the records of that many tickets, and the remembered ids of commits.
func forget(ctx context.Context, r redis.UniversalClient, ended int64, tickets float64) error {
	if ended == 0 {
		return nil
	}
	log := "nextup:{s:" + cluster.Site + "}:"
	length, err := r.XLen(ctx, log+"records").Result()
	if err != nil {
		return err
	}
	if err := r.XTrimMaxLen(ctx, log+"records", int64(float64(length)/float64(ended)*tickets)).Err(); err != nil {
		return err
	}
	for ids := r.Scan(ctx, 0, log+"id:*", 1000).Iterator(); ids.Next(ctx); {
		if err := r.Unlink(ctx, ids.Val()).Err(); err != nil {
			return err
		}
	}
	return nil
}

// window measures for as long as it is told.
func window(ctx context.Context, long time.Duration, c *crowd, gateways []string, r redis.UniversalClient) (f Figures, err error) {
	type reading struct{ gateways, redis, joined, sent float64 }
	var rounds float64
	read := func() (now reading, err error) {
		now.joined, now.sent = float64(c.joined.Load()), float64(c.sent.Load())
		f.GatewayMemory = 0
		for i, at := range gateways {
			m, err := scrape.Gateway(ctx, at)
			if err != nil {
				return now, err
			}
			now.gateways += m["process_cpu_seconds_total"]
			f.GatewayMemory = max(f.GatewayMemory, m["process_resident_memory_bytes"])
			f.Connections += m["nextup_connections"]
			if i == 0 {
				f.Waiting += m["nextup_queue_size"]
			}
		}
		info := scrape.Redis(ctx, r)
		now.redis = info["used_cpu_user"] + info["used_cpu_sys"]
		f.RedisMemory = info["used_memory"]
		rounds++
		return now, nil
	}
	begun := time.Now()
	first, err := read()
	if err != nil {
		return f, err
	}
	for left := long; left > 0; left = long - time.Since(begun) {
		if !pause(ctx, min(left, 10*time.Second)) {
			return f, ctx.Err()
		}
		last, err := read()
		if err != nil {
			return f, err
		}
		s := time.Since(begun).Seconds()
		f.Tickets, f.Messages = (last.joined-first.joined)/s, (last.sent-first.sent)/s
		f.GatewayCores, f.RedisCores = (last.gateways-first.gateways)/s, (last.redis-first.redis)/s
	}
	f.Connections /= rounds
	f.Waiting /= rounds
	return f, nil
}
