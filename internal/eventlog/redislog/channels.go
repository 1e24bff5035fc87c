package redislog

import (
	"context"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog"
)

// What is published to a log's channel begins with one of these.
const (
	wakePayload = "w"
	notePrefix  = "n"
)

const channelsPerCommand = 512

// channel is what is wanted of a channel and what was asked of this connection.
type channel struct {
	listeners map[*listener]struct{}
	asked     bool
	confirmed bool
	fresh     []*listener // owed a first wake-up
}

type listener struct{ hear func(eventlog.Signal) }

func (w *wire) subscribe(name string, hear func(eventlog.Signal)) (stop func()) {
	l := &listener{hear}
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.channels[name]
	if c == nil {
		c = &channel{listeners: map[*listener]struct{}{}}
		w.channels[name] = c
	}
	c.listeners[l] = struct{}{}
	c.fresh = append(c.fresh, l)
	w.changeLocked(name)
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(c.listeners, l)
		if len(c.listeners) == 0 {
			w.changeLocked(name)
		}
	}
}

func (w *wire) changeLocked(name string) {
	w.changed[name] = struct{}{}
	select {
	case w.dirty <- struct{}{}:
	default:
	}
}

// tend asks for the channels that are wanted and gives up those that are not.
func (w *wire) tend(ctx context.Context, pubsub *redis.PubSub, fail func(error)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.dirty:
		}
		for {
			ask, leave, fresh := w.wants()
			if len(ask)+len(leave)+len(fresh) == 0 {
				break
			}
			for _, l := range fresh {
				l.hear(eventlog.Signal{})
			}
			if len(ask) > 0 {
				if err := pubsub.Subscribe(ctx, ask...); err != nil {
					fail(err)
					return
				}
			}
			if len(leave) > 0 {
				if err := pubsub.Unsubscribe(ctx, leave...); err != nil {
					fail(err)
					return
				}
			}
		}
	}
}

// wants takes a bounded bite of what changed.
func (w *wire) wants() (ask, leave []string, fresh []*listener) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for name := range w.changed {
		if len(ask)+len(leave)+len(fresh) >= channelsPerCommand {
			return ask, leave, fresh
		}
		delete(w.changed, name)
		c := w.channels[name]
		if c == nil {
			continue
		}
		wanted := len(c.listeners) > 0
		switch {
		case wanted && !c.asked:
			c.asked = true
			ask = append(ask, name)
		case wanted && c.confirmed:
			for _, l := range c.fresh {
				if _, stays := c.listeners[l]; stays {
					fresh = append(fresh, l)
				}
			}
			c.fresh = nil
		case !wanted:
			// A later subscriber begins with a channel of its own, and Redis
			// sees the two commands in this order.
			delete(w.channels, name)
			if c.asked {
				leave = append(leave, name)
			}
		}
	}
	return ask, leave, fresh
}

// confirm wakes all subscribers of a channel that from now on is heard.
func (w *wire) confirm(name string) {
	w.mu.Lock()
	c := w.channels[name]
	if c == nil {
		w.mu.Unlock()
		return
	}
	c.confirmed, c.fresh = true, nil
	w.mu.Unlock()
	w.deliver(name, wakePayload)
}

func (w *wire) deliver(name, payload string) {
	var signal eventlog.Signal
	if len(payload) > 0 && payload[:1] == notePrefix {
		signal.Payload = []byte(payload[1:])
	}
	w.mu.Lock()
	var listeners []*listener
	if c := w.channels[name]; c != nil {
		listeners = make([]*listener, 0, len(c.listeners))
		for l := range c.listeners {
			listeners = append(listeners, l)
		}
	}
	w.mu.Unlock()
	for _, l := range listeners {
		l.hear(signal)
	}
}
