package redislog

import (
	"context"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog"
)

// A payload on a log's channel begins with one of these; commit.lua writes all but
// the note's.
const (
	wakePayload   = "w"
	otherPayload  = "o" // for gateways that do not know channels by database
	notePrefix    = "n"
	recordsPrefix = "r"
)

const channelsPerCommand = 512

// channel holds the listeners of a channel, and what this connection has requested
// and Redis has confirmed of it.
type channel struct {
	listeners    map[*listener]struct{}
	requested    bool
	confirmed    bool
	newListeners []*listener // they still have to get their first wake-up
}

type listener struct{ hear func(eventlog.Signal) }

func (w *subscriptions) subscribe(name string, hear func(eventlog.Signal)) (stop func()) {
	l := &listener{hear}
	w.mu.Lock()
	defer w.mu.Unlock()
	c := w.channels[name]
	if c == nil {
		c = &channel{listeners: map[*listener]struct{}{}}
		w.channels[name] = c
	}
	c.listeners[l] = struct{}{}
	c.newListeners = append(c.newListeners, l)
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

func (w *subscriptions) changeLocked(name string) {
	w.changed[name] = struct{}{}
	select {
	case w.changes <- struct{}{}:
	default:
	}
}

// applyChanges subscribes to the channels that have listeners, and unsubscribes
// from the others, whenever that changes.
func (w *subscriptions) applyChanges(ctx context.Context, pubsub *redis.PubSub, fail func(error)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.changes:
		}
		for {
			ask, leave, fresh := w.takeChanges()
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

// takeChanges returns a bounded part of what changed.
func (w *subscriptions) takeChanges() (ask, leave []string, fresh []*listener) {
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
		case wanted && !c.requested:
			c.requested = true
			ask = append(ask, name)
		case wanted && c.confirmed:
			for _, l := range c.newListeners {
				if _, stays := c.listeners[l]; stays {
					fresh = append(fresh, l)
				}
			}
			c.newListeners = nil
		case !wanted:
			// A later subscriber begins with a new channel value, and Redis sees
			// the two commands in this order.
			delete(w.channels, name)
			if c.requested {
				leave = append(leave, name)
			}
		}
	}
	return ask, leave, fresh
}

// confirm wakes all subscribers of a channel that Redis has confirmed.
func (w *subscriptions) confirm(name string) {
	w.mu.Lock()
	c := w.channels[name]
	if c == nil {
		w.mu.Unlock()
		return
	}
	c.confirmed, c.newListeners = true, nil
	w.mu.Unlock()
	w.deliver(name, wakePayload)
}

func (w *subscriptions) deliver(name, payload string) {
	if payload == otherPayload {
		return // it comes, or has come, on the channel of its database
	}
	signal := signalOf(payload)
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

// signalOf decodes a payload of a log's channel.
func signalOf(payload string) (signal eventlog.Signal) {
	switch {
	case strings.HasPrefix(payload, notePrefix):
		signal.Payload = []byte(payload[1:])
	case strings.HasPrefix(payload, recordsPrefix):
		signal.Pushed = parsePushed(payload[1:])
	}
	return signal
}

// parsePushed decodes the records that commit.lua publishes; nil for anything else,
// which is then only a wake-up. What it returns shares no memory with text: an id
// is kept for as long as the log is followed, and would keep the messages beside it
// in memory.
func parsePushed(text string) *eventlog.Pushed {
	head, rest, _ := strings.Cut(text, "\n")
	n, ok := numbers(head, 4)
	if !ok || n[3] > uint64(len(rest)) {
		return nil
	}
	p := &eventlog.Pushed{After: eventlog.Head{Number: n[0], At: int64(n[1]), ID: strings.Clone(rest[:n[3]])}}
	at, rest := int64(n[2]), rest[n[3]:]
	prev := p.After
	for rest != "" {
		var sizes string
		sizes, rest, _ = strings.Cut(rest, "\n")
		s, ok := numbers(sizes, 2)
		if !ok || s[0] > uint64(len(rest)) || s[1] > uint64(len(rest))-s[0] {
			return nil
		}
		r := eventlog.Record{Number: prev.Number + 1, ID: strings.Clone(rest[:s[0]]), Prev: prev.ID, At: at, Data: []byte(rest[s[0] : s[0]+s[1]])}
		rest = rest[s[0]+s[1]:]
		p.Records = append(p.Records, r)
		prev = eventlog.Head{Number: r.Number, ID: r.ID, At: r.At}
	}
	if len(p.Records) == 0 {
		return nil
	}
	return p
}

// numbers reads that many numbers, separated by single spaces.
func numbers(text string, count int) (n [4]uint64, ok bool) {
	for i := range count {
		var word string
		word, text, _ = strings.Cut(text, " ")
		v, err := strconv.ParseUint(word, 10, 63)
		if err != nil {
			return n, false
		}
		n[i] = v
	}
	return n, text == ""
}
