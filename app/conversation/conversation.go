// Package conversation keeps the messages of a ticket. Each ticket has a log of its own,
// with the same mechanism as a site's (package eventlog), which lives for twice the
// site's retention after its last entry.
//
//	hub := conversation.New(backend, conversation.Options{})
//	defer hub.Close()
//	subscription := hub.Subscribe(site, ticket, conversation.Place{}, receiver)
//	defer subscription.Stop()
//	number, at, err := hub.Append(ctx, site, ticket, conversation.Draft{
//		Kind: conversation.Message, From: person, MessageID: "m1", Body: conversation.Text("Hello"),
//	})
//
// The receiver is given the entries that are there, then each new one, as Entry. What an
// entry looks like on a wire is for a transport to say; what it looks like in the log is
// in codec.go alone.
//
// # Writing
//
// An entry's commit ID comes from its intent (its kind, its sender, the client's message
// id), so a message that is sent again after a lost reply is found and not doubled. The
// site's log, which lies elsewhere, rules on membership and on the end of a ticket. Its
// rulings are copied here as control records: a member with the fencing token of the
// assignment, after which older tokens are refused; the loss of that agent; and closed,
// which seals the log. Any gateway may copy them, any number of times.
//
// A read mark names the mark that it supposes to be the reader's last. The conversation's
// feed mostly knows it, and so a mark is one round trip.
//
// # Reading
//
// A Hub has one feed for each conversation that has subscribers here. A feed is no
// goroutine: what is pushed to it puts it in the queue of a few workers, which wait for
// nothing outside, and what has to be read puts it in the queue of the readers. At most
// one of them is at a feed at a time, so a conversation's subscribers hear everything in
// order, each once. Every ten seconds the heads of all feeds are compared with what was
// read, in case a wake-up was lost.
//
// The log may hang, and one shard of a Cluster may hang alone. So a read that is slow
// leaves its place among the readers to another.
//
// The Hub never waits for a subscriber: each takes as much as it has room for, rests,
// and is read on from its place once it calls Resume. So a history comes as fast as the
// client reads it, and what is new is history too for a client that is behind.
//
// A subscriber's place is the number and the ID of its newest entry, and every
// read begins with that entry. If the log shows another one there, or none, it lost
// entries in a failover: the subscriber hears Reset, and nothing more.
package conversation

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"nextup/internal/eventlog"
	"nextup/internal/lograte"
)

// Errors of Append, Member and Closed.
var (
	// ErrClosed says that the conversation has ended.
	ErrClosed = errors.New("conversation: it is closed")
	// ErrIDConflict says that the sender used this message id for another body.
	ErrIDConflict = errors.New("conversation: the message id was used for another text")
	// ErrBodyKind says that a body of the kind may not be written yet.
	ErrBodyKind = errors.New("conversation: no body of this kind may be written")
	// ErrFenced says that a later assignment has a higher fencing token.
	ErrFenced = errors.New("conversation: the assignment is out of date")
	// ErrUnavailable says that the fate of what was to be written is unknown; writing it
	// again is safe.
	ErrUnavailable = eventlog.ErrUnavailable
	// ErrUntried is an ErrUnavailable of what was not sent.
	ErrUntried = eventlog.ErrUntried
	// ErrFull says that the log's memory is full: messages are refused, closing
	// is not.
	ErrFull = eventlog.ErrFull
)

// Options tune a Hub; the zero value is fit for use.
type Options struct {
	// Retention is how long a conversation of a site can be read after its end,
	// 24 h for a site that is not in it. The log lives for twice that after its
	// last entry.
	Retention map[string]time.Duration
	// HeadCheck is the pause between two looks at the heads of all open
	// conversations; 10 s without it.
	HeadCheck time.Duration
	// Reads is how many reads of the log may be under way at the same time, besides
	// those that are slow; 8 without it.
	Reads int
	// Logger hears of conversations that could not be read.
	Logger *slog.Logger
}

const (
	defaultRetention = 24 * time.Hour
	pageSize         = 100 // entries in one delivery
	maxNotes         = 32  // transient notes that wait in one feed
	maxPushed        = 64  // pushes that do; more are read
	maxWorkers       = 8   // feeds that are delivered at the same time
)

// Hub appends to conversations and delivers them. Its methods may be called from
// many goroutines.
type Hub struct {
	backend eventlog.Backend
	options Options
	ctx     context.Context
	cancel  context.CancelFunc

	retention atomic.Pointer[map[string]time.Duration]
	mayWrite  atomic.Pointer[func(site, kind string) bool]
	delivered atomic.Pointer[func(site, ticket string, entries []Entry)]

	mu         sync.Mutex
	feeds      map[string]*feed // by the log's name
	deliveries []*feed          // with something to deliver, each once
	workers    int              // goroutines that deliver it
	reads      []*feed          // with something to read, each once
	reading    int              // reads under way, without those that are slow
	slow       int              // reads under way for longer than slowRead
	check      *time.Timer      // set while there are feeds
	closed     bool

	unchecked, unreadable lograte.Warning
}

// New returns a Hub on the backend, which stays the caller's to close.
func New(backend eventlog.Backend, options Options) *Hub {
	if options.HeadCheck <= 0 {
		options.HeadCheck = 10 * time.Second
	}
	if options.Reads <= 0 {
		options.Reads = 8
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	h := &Hub{backend: backend, options: options, feeds: map[string]*feed{}}
	h.SetRetention(options.Retention)
	h.ctx, h.cancel = context.WithCancel(context.Background())
	return h
}

// SetRetention replaces Options.Retention. What was written before keeps its
// time until something more is written.
func (h *Hub) SetRetention(bySite map[string]time.Duration) { h.retention.Store(&bySite) }

// SetMayWrite has f report whether a body of the kind may be written in the site's
// conversations: not before all gateways know what to do with it. Without it only plain
// texts are.
func (h *Hub) SetMayWrite(f func(site, kind string) bool) { h.mayWrite.Store(&f) }

// OnDelivered has f hear of the entries that came while a conversation had subscribers
// here, each once, after the subscribers were given them: neither history nor, again, what a
// subscriber that is behind takes later. It must not block, nor change the entries.
func (h *Hub) OnDelivered(f func(site, ticket string, entries []Entry)) { h.delivered.Store(&f) }

// Close ends all subscriptions. A delivery may still be under way.
func (h *Hub) Close() {
	h.cancel()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for _, f := range h.feeds {
		clear(f.subscribers)
		h.releaseLocked(f)
	}
}

func (h *Hub) log(site, ticket string) eventlog.Log {
	retention := (*h.retention.Load())[site]
	if retention <= 0 {
		retention = defaultRetention
	}
	return eventlog.Log{Name: "c:" + site + ":" + ticket, Keep: 2 * retention}
}
