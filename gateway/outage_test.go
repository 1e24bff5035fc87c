package gateway_test

import (
	"context"
	"sync"
	"testing"

	"nextup/gateway/protocol"
	"nextup/internal/eventlog"
	"nextup/test/people"
)

// outage is a log that can be switched off.
type outage struct {
	eventlog.Backend
	mu  sync.Mutex
	off bool
}

func (o *outage) set(off bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.off = off
}

func (o *outage) err() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.off {
		return eventlog.ErrUnavailable
	}
	return nil
}

func (o *outage) Commit(ctx context.Context, l eventlog.Log, c []eventlog.Commit) ([]eventlog.Outcome, error) {
	if err := o.err(); err != nil {
		return nil, err
	}
	return o.Backend.Commit(ctx, l, c)
}

func (o *outage) Read(ctx context.Context, l eventlog.Log, after uint64, limit int) ([]eventlog.Record, error) {
	if err := o.err(); err != nil {
		return nil, err
	}
	return o.Backend.Read(ctx, l, after, limit)
}

func (o *outage) Heads(ctx context.Context, l []eventlog.Log) ([]eventlog.Head, error) {
	if err := o.err(); err != nil {
		return nil, err
	}
	return o.Backend.Heads(ctx, l)
}

func (o *outage) Probe(ctx context.Context, l eventlog.Log) error {
	if err := o.err(); err != nil {
		return err
	}
	return o.Backend.Probe(ctx, l)
}

// [availability-1] [availability-2] [availability-4]
func TestWhileTheLogIsAwaySocketsStayAndPeopleAreTold(t *testing.T) {
	h := newHouse(t)
	off := &outage{Backend: h.memory}
	h.backend = off
	url, g := h.open("one")
	v := h.come(url, protocol.Visitor, "v", "en")
	ticket := v.MustJoin("support")
	people.Next(v, "the place", func(f protocol.Ticket) bool { return f.Position == 1 })
	off.set(true)
	people.Next(v, "the news", func(f protocol.Availability) bool { return !f.Available })
	if g.Ready(h.ctx) == nil {
		t.Error("the gateway says that it is ready")
	}
	_, err := v.Send(h.ctx, ticket, "m1", "hello?")
	wantCode(t, err, protocol.CodeUnavailable)
	_, err = v.Leave(h.ctx, ticket)
	wantCode(t, err, protocol.CodeUnavailable)
	off.set(false)
	people.Next(v, "the good news", func(f protocol.Availability) bool { return f.Available })
	people.Next(v, "the place again", func(f protocol.Ticket) bool { return f.Position == 1 && f.Ticket == ticket })
	if ok := v.MustSend(ticket, "m1", "hello?"); ok.Number != 1 {
		t.Errorf("the message that was refused has number %d when sent again", ok.Number)
	}
}
