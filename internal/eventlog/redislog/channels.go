package redislog

import (
	"context"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog"
)

// What is published to a log's channel begins with one of these; commit.lua writes
// all but the note's.
const (
	wakePayload   = "w"
	otherPayload  = "o" // for gateways that know no names of databases
	notePrefix    = "n"
	recordsPrefix = "r"
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
	if payload == otherPayload {
		return // it comes, or has come, by the channel of its database
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

// signalOf reads what is published to a log's channel.
func signalOf(payload string) (signal eventlog.Signal) {
	switch {
	case strings.HasPrefix(payload, notePrefix):
		signal.Payload = []byte(payload[1:])
	case strings.HasPrefix(payload, recordsPrefix):
		signal.Pushed = parsePushed(payload[1:])
	}
	return signal
}

// parsePushed reads what commit.lua publishes; nil if it is something else, which
// is then a wake-up and no more. What it returns holds on to no part of text: an id
// is kept for as long as somebody has the log open, and would keep the messages beside
// it.
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

// numbers reads so many, with a space between.
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
