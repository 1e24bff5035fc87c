package gateway_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/internal/eventlog"
	"nextup/test/people"
)

// refusing is a log that can be read, and refuses commits while it is told to.
type refusing struct {
	eventlog.Backend
	mu  sync.Mutex
	why error
	// unproven commits all the same, and only does not know it.
	unproven bool
}

func (r *refusing) set(why error, unproven bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.why, r.unproven = why, unproven
}

func (r *refusing) refusal() (why error, unproven bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.why, r.unproven
}

func (r *refusing) Commit(ctx context.Context, l eventlog.Log, c []eventlog.Commit) ([]eventlog.Outcome, error) {
	why, unproven := r.refusal()
	if why == nil || unproven || errors.Is(why, eventlog.ErrFull) && eventlog.AllReleaseMemory(c) {
		out, err := r.Backend.Commit(ctx, l, c)
		if unproven && why != nil {
			return nil, why
		}
		return out, err
	}
	return nil, why
}

func (r *refusing) Probe(ctx context.Context, l eventlog.Log) error {
	why, _ := r.refusal()
	return errors.Join(why, r.Backend.Probe(ctx, l))
}

// [availability-1] [availability-3] No client asks for anything while the log begins to
// refuse: an idle site finds out by itself.
func TestWhoLooksAtALogThatTakesNoChangesIsToldAsIfItWereAway(t *testing.T) {
	for name, row := range map[string]struct {
		why   error
		frees bool // whether what ends something is taken
	}{
		"refuses writes": {why: fmt.Errorf("%w: READONLY You can't write against a read only replica", eventlog.ErrUnavailable)},
		"full":           {why: fmt.Errorf("%w: OOM command not allowed", eventlog.ErrFull), frees: true},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			log := &refusing{Backend: h.memory}
			h.backend = log
			url, g := h.open("one")
			v, w := h.come(url, protocol.Visitor, "v", "en"), h.come(url, protocol.Visitor, "w", "en")
			a := h.come(url, protocol.Agent, "a", "en")
			ticket := v.MustJoin("support")
			people.Next(v, "the place", func(f protocol.Ticket) bool { return f.Position == 1 })

			log.set(row.why, false)
			for _, p := range []*people.Person{v, w, a} {
				people.Next(p, "the news", func(f protocol.Availability) bool { return !f.Available })
			}
			if err := g.Ready(h.ctx); err == nil || !strings.Contains(err.Error(), row.why.Error()) {
				t.Errorf("readiness says %v", err)
			}
			_, err := w.Join(h.ctx, "support")
			wantCode(t, err, protocol.CodeUnavailable)
			_, err = v.Send(h.ctx, ticket, "m1", "hello?")
			wantCode(t, err, protocol.CodeUnavailable)

			_, err = v.Leave(h.ctx, ticket)
			late, dialled := client.Dial(h.ctx, url, h.token(protocol.Visitor, "late", "en"), func(protocol.ServerFrame) {})
			if row.frees {
				if err != nil || dialled != nil {
					t.Errorf("leaving: %v, coming: %v", err, dialled)
				}
				again := h.come(url, protocol.Visitor, "later", "en")
				people.Next(again, "the news after welcome", func(f protocol.Availability) bool { return !f.Available })
			} else {
				wantCode(t, err, protocol.CodeUnavailable)
				if dialled == nil {
					t.Error("somebody is let in who could do nothing")
				}
			}
			if dialled == nil {
				late.Cut()
			}

			log.set(nil, false)
			for _, p := range []*people.Person{v, w, a} {
				people.Next(p, "the good news", func(f protocol.Availability) bool { return f.Available })
			}
			if err := g.Ready(h.ctx); err != nil {
				t.Errorf("readiness says %v", err)
			}
			w.MustJoin("support")
		})
	}
}

// [error-3] The log has the join and cannot say so, as one without the replica that
// its durability asks for: the person is told the truth, is not told that it is done
// before it is, and finds their one ticket by the same request.
func TestAJoinOfUnknownFateIsCalledUnknownAndFoundByTheSameRequest(t *testing.T) {
	h := newHouse(t)
	log := &refusing{Backend: h.memory}
	h.backend = log
	url, _ := h.open("one")
	r := h.raw(url)
	if f, ok := r.hello(h.token(protocol.Visitor, "v", "en")).(protocol.Welcome); !ok {
		t.Fatalf("%+v", f)
	}
	join := `{"type":"join","id":"j1","department":"support","languages":["en"]}`
	log.set(fmt.Errorf("%w: committed, but no replica had it", eventlog.ErrUnavailable), true)
	r.write(join)
	var e protocol.Error
	for away := false; e.Code == "" || !away; { // in either order
		switch f := r.next().(type) {
		case protocol.Error:
			e = f
		case protocol.Availability:
			away = !f.Available
		}
	}
	if e.Code != protocol.CodeUnavailable || e.ID != "j1" || e.RetryAfterMS == 0 || strings.Contains(e.Message, "nothing") || !strings.Contains(e.Message, "not known") {
		t.Errorf("the unknown fate is told as %+v", e)
	}
	for range 3 {
		r.write(join)
		if e := r.refusal(); e.Code != protocol.CodeUnavailable {
			t.Errorf("the same request, not proven yet: %+v", e)
		}
	}
	log.set(nil, false)
	for back := false; !back; {
		f, ok := r.next().(protocol.Availability)
		back = ok && f.Available
	}
	r.write(join)
	for {
		switch f := r.next().(type) {
		case protocol.OK:
			if f.Ticket == "" || f.Log == 0 {
				t.Errorf("it is answered with %+v", f)
			}
			return
		case protocol.Error:
			t.Fatalf("the log is back, and it is refused: %+v", f)
		}
	}
}

// [board-3]
func TestTheBoardSaysThatTheLogThrowsPlacesAway(t *testing.T) {
	h := newHouse(t)
	var evicts atomic.Bool
	h.evicts = evicts.Load
	url, _ := h.open("one")
	boss := h.come(url, protocol.Supervisor, "boss")
	people.Next(boss, "a board without a warning", func(b protocol.Board) bool { return !b.LogEvicts })
	evicts.Store(true)
	people.Next(boss, "the warning", func(b protocol.Board) bool { return b.LogEvicts })
	evicts.Store(false)
	people.Next(boss, "its end", func(b protocol.Board) bool { return !b.LogEvicts })
}
