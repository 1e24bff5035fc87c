package redislog

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/cadence"
	"nextup/internal/lograte"
)

// subscriptions is the one subscription connection of a Backend. run owns the
// connection: it receives, while applyChanges subscribes and unsubscribes and probe
// proves that the connection is alive. Each of them closes it after a failure, and
// run opens the next.
type subscriptions struct {
	client     redis.UniversalClient
	options    Options
	sampleTime func(context.Context) error

	proven     chan struct{} // closed at the first echo
	provenOnce sync.Once
	echoedAt   atomic.Int64 // nanoseconds since start
	start      time.Time
	lost       atomic.Uint64 // connections that failed or fell silent
	warning    lograte.Warning
	changes    chan struct{} // holds one: applyChanges has something to do

	mu       sync.Mutex
	channels map[string]*channel
	changed  map[string]struct{} // channels that applyChanges should look at
	pubsub   *redis.PubSub       // nil between two connections
	closed   bool
	err      error // why the last connection was lost

	permanent chan error // holds one: an error that no other connection mends
}

func newSubscriptions(client redis.UniversalClient, options Options, sampleTime func(context.Context) error) *subscriptions {
	return &subscriptions{
		client:     client,
		options:    options,
		sampleTime: sampleTime,
		proven:     make(chan struct{}),
		start:      time.Now(),
		changes:    make(chan struct{}, 1),
		channels:   map[string]*channel{},
		changed:    map[string]struct{}{},
		permanent:  make(chan error, 1),
	}
}

// sinceEcho returns how long ago the last probe came back.
func (w *subscriptions) sinceEcho() time.Duration {
	return time.Since(w.start) - time.Duration(w.echoedAt.Load())
}

// lastError returns why the last connection was lost, or nil.
func (w *subscriptions) lastError() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// close closes the connection for good.
func (w *subscriptions) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	if w.pubsub != nil {
		_ = w.pubsub.Close()
	}
}

// run keeps a connection open until the context ends.
func (w *subscriptions) run(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; {
		opened := time.Now()
		err := w.serve(ctx)
		if ctx.Err() != nil {
			return
		}
		if time.Since(opened) > 2*w.options.ProbeEvery {
			failures = 0
		}
		wait := min(20*time.Millisecond<<min(failures, 6), time.Second/2)
		wait += rand.N(wait)
		failures++
		w.lost.Add(1)
		w.mu.Lock()
		w.err = err
		w.mu.Unlock()
		if permanent(err) {
			select {
			case w.permanent <- err:
			default:
			}
		}
		w.warning.Log(w.options.Logger, "subscription connection lost", "err", err, "retry_in", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// serve opens a connection and receives from it until it fails.
func (w *subscriptions) serve(ctx context.Context) error {
	// The channel's name differs each time: in a Cluster it chooses the node.
	probe := probeChannel(strconv.FormatUint(rand.Uint64(), 36))
	pubsub := w.client.Subscribe(ctx)
	defer pubsub.Close()
	if err := pubsub.Subscribe(ctx, probe); err != nil {
		return err
	}
	// Of a user who may not, this is told now, rather than when a channel is given up.
	if err := pubsub.Unsubscribe(ctx, probeChannel("none")); err != nil {
		return err
	}
	if !w.adopt(pubsub) {
		return nil
	}
	ctx, cancel := context.WithCancelCause(ctx)
	fail := func(err error) {
		cancel(err)
		_ = pubsub.Close()
	}
	var beside sync.WaitGroup
	defer beside.Wait()
	defer cancel(nil)
	echo := make(chan string, 1)
	stands := make(chan struct{})
	confirmProbe := sync.OnceFunc(func() { close(stands) })
	beside.Go(func() { w.applyChanges(ctx, pubsub, fail) })
	beside.Go(func() {
		select {
		case <-stands:
			w.probe(ctx, probe, echo, fail)
		case <-time.After(w.options.ProbeEvery):
			fail(errors.New("the probe's channel was not confirmed"))
		case <-ctx.Done():
		}
	})
	for {
		// go-redis would reconnect silently after an error; the connection is closed
		// instead, so that every channel is confirmed anew.
		message, err := pubsub.Receive(ctx)
		if err != nil {
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			return err
		}
		switch m := message.(type) {
		case *redis.Subscription:
			switch {
			case m.Kind != "subscribe":
			case m.Channel == probe:
				confirmProbe()
			default:
				w.confirm(m.Channel)
			}
		case *redis.Message:
			if m.Channel == probe {
				select {
				case echo <- m.Payload:
				default:
				}
				continue
			}
			w.deliver(m.Channel, m.Payload)
		}
	}
}

// adopt makes pubsub the current connection, on which every channel has to be
// requested. It is false once the subscriptions were closed.
func (w *subscriptions) adopt(pubsub *redis.PubSub) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.pubsub = pubsub
	for name, c := range w.channels {
		c.requested, c.confirmed = false, false
		w.changeLocked(name)
	}
	return true
}

// probe publishes a nonce again and again and fails the connection when one does
// not come back before the next is due.
func (w *subscriptions) probe(ctx context.Context, probe string, echo <-chan string, fail func(error)) {
	for n := 0; ; n++ {
		nonce := strconv.Itoa(n)
		// The first probe has at least half of the time, and the others all of it.
		due := time.NewTimer(time.Until(cadence.Next(time.Now().Add(w.options.ProbeEvery/2), w.options.ProbeEvery)))
		publishing, cancel := context.WithTimeout(ctx, w.options.ProbeEvery)
		err := w.client.Publish(publishing, probe, nonce).Err()
		if err == nil {
			err = w.sampleTime(publishing)
		}
		cancel()
		heard := false
		for waiting := true; waiting; {
			select {
			case e := <-echo:
				if e == nonce {
					heard = true
					w.echoedAt.Store(int64(time.Since(w.start)))
					w.provenOnce.Do(func() { close(w.proven) })
				}
			case <-due.C:
				waiting = false
			case <-ctx.Done():
				due.Stop()
				return
			}
		}
		if !heard {
			fail(errors.Join(fmt.Errorf("probe %d did not come back", n), err))
			return
		}
	}
}
