package gateway_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"nextup/gateway"
	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/internal/eventlog"
)

// outside is a log and a key server that hang, as a test wants it.
type outside struct {
	eventlog.Backend
	gateway.Verifier
	asked   chan string // gets the name of whatever hangs
	release chan struct{}
	once    sync.Once
	mu      sync.Mutex
	logs    map[string]bool // the logs that hang
}

func (o *outside) hang(log string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.logs[log] = true
}

func (o *outside) back() { o.once.Do(func() { close(o.release) }) }

func (o *outside) wait(ctx context.Context, name string) error {
	o.asked <- name
	select {
	case <-o.release:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (o *outside) Commit(ctx context.Context, log eventlog.Log, commits []eventlog.Commit) ([]eventlog.Outcome, error) {
	o.mu.Lock()
	hangs := o.logs[log.Name]
	o.mu.Unlock()
	if hangs {
		if err := o.wait(ctx, log.Name); err != nil {
			return nil, err
		}
	}
	return o.Backend.Commit(ctx, log, commits)
}

func (o *outside) Verify(ctx context.Context, token string, now time.Time) (auth.Identity, error) {
	if strings.HasPrefix(token, "unknown") {
		return auth.Identity{}, o.wait(context.WithoutCancel(ctx), "keys") // as a fetch that others wait for too
	}
	return o.Verifier.Verify(ctx, token, now)
}

func (h *house) outside() *outside {
	o := &outside{Backend: h.memory, Verifier: h.verifier, asked: make(chan string, 10_000), release: make(chan struct{}), logs: map[string]bool{}}
	h.backend, h.verifier = o, o
	return o
}

// beats says that a heartbeat is answered, and what else was before it.
func (r *raw) beats() {
	r.t.Helper()
	r.write(`{"type":"heartbeat"}`)
	for {
		switch f := r.next().(type) {
		case protocol.Heartbeat:
			return
		case protocol.OK, protocol.Error:
			r.t.Errorf("%+v is answered while what it waits for hangs", f)
		}
	}
}

// [beat-2] Whatever hangs outside, and however many wait for it: every person's heartbeat is
// answered, those who wait for it themselves included, and a person who needs none of it is
// served.
func TestWhatHangsOutsideStallsNobodyElse(t *testing.T) {
	const many = 300 // more than there are readers
	for _, tt := range []struct {
		name string
		// wait makes a person wait; the gateway has asked for what hangs when it has said so.
		wait func(h *house, o *outside, url string, i int) *raw
	}{
		{"hellos that name an unknown key", func(h *house, _ *outside, url string, i int) *raw {
			r := h.raw(url)
			r.write(fmt.Sprintf(`{"type":"hello","id":"h","token":"unknown %d"}`, i))
			return nil
		}},
		{"renewals that name an unknown key", func(h *house, _ *outside, url string, i int) *raw {
			r := h.raw(url)
			r.hello(h.token(protocol.Visitor, fmt.Sprint("v", i)))
			r.write(fmt.Sprintf(`{"type":"renew","id":"r","token":"unknown %d"}`, i))
			return r
		}},
		{"messages to a log that hangs", func(h *house, o *outside, url string, i int) *raw {
			r := h.raw(url)
			r.hello(h.token(protocol.Visitor, fmt.Sprint("v", i), "en"))
			r.write(`{"type":"join","id":"j","department":"support"}`)
			ticket := ""
			for ticket == "" {
				if ok, matches := r.next().(protocol.OK); matches {
					ticket = ok.Ticket
				}
			}
			o.hang("c:demo:" + ticket)
			r.write(fmt.Sprintf(`{"type":"send","id":"s","ticket":%q,"message_id":"m","text":"hello?"}`, ticket))
			return r
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t, func(s *gateway.SiteOptions) { s.Limits.ConnsPerAddress = 10_000 })
			o := h.outside()
			defer o.back()
			url, _ := h.open("one")
			other := h.raw(url)
			other.hello(h.token(protocol.Visitor, "other", "en"))
			var waiting []*raw
			for i := range many {
				waiting = append(waiting, tt.wait(h, o, url, i))
			}
			for range many {
				select {
				case <-o.asked:
				case <-h.ctx.Done():
					t.Fatal("those who wait hold each other up")
				}
			}
			other.beats()
			for _, r := range waiting {
				if r != nil {
					r.beats()
				}
			}
			h.come(url, protocol.Visitor, "newcomer", "en").MustJoin("support")
		})
	}
}

// [request-5] An agent whose one conversation hangs goes on in the others, and what they ask for in
// one conversation happens in the order in which they asked.
func TestAConversationThatHangsHoldsUpNoOther(t *testing.T) {
	h := newHouse(t)
	o := h.outside()
	defer o.back()
	url, _ := h.open("one")
	agent := h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	var tickets []string
	for i := range 2 {
		tickets = append(tickets, h.come(url, protocol.Visitor, fmt.Sprint("v", i), "en").MustJoin("support"))
		agent.MustAccept()
	}
	desk := h.raw(url)
	desk.hello(h.token(protocol.Agent, "a", "en"))
	o.hang("c:demo:" + tickets[0])
	desk.write(fmt.Sprintf(`{"type":"send","id":"slow","ticket":%q,"message_id":"m","text":"one"}`, tickets[0]))
	<-o.asked
	desk.write(fmt.Sprintf(`{"type":"close","id":"after","ticket":%q}`, tickets[0]))
	desk.write(fmt.Sprintf(`{"type":"send","id":"other","ticket":%q,"message_id":"m","text":"two"}`, tickets[1]))
	var answers []string
	for len(answers) < 3 {
		switch f := desk.next().(type) {
		case protocol.OK:
			if answers = append(answers, f.ID); f.ID == "other" {
				o.back()
			}
		case protocol.Error:
			t.Fatalf("refused: %+v", f)
		}
	}
	if got := strings.Join(answers, ", "); got != "other, slow, after" {
		t.Errorf("answered in the order %s", got)
	}
}

// [limit-10]
func TestMoreRequestsThanMayWaitAreRefusedAndTheOthersAnswered(t *testing.T) {
	h := newHouse(t)
	o := h.outside()
	defer o.back()
	url, _ := h.open("one")
	r := h.raw(url)
	r.hello(h.token(protocol.Visitor, "v"))
	const asked, inHand = 200, 128
	for i := range asked {
		r.write(fmt.Sprintf(`{"type":"renew","id":"r%d","token":"unknown"}`, i))
	}
	for i := range asked - inHand {
		if e := r.refusal(); e.Code != protocol.CodeBusy || e.RetryAfterMS == 0 || e.ID != fmt.Sprint("r", inHand+i) {
			t.Fatalf("request %d of %d: %+v", inHand+i, inHand, e)
		}
	}
	r.beats()
	o.back()
	for i := range inHand {
		if e := r.refusal(); e.ID != fmt.Sprint("r", i) { // an identity without a person is refused
			t.Fatalf("answer %d is for %q", i, e.ID)
		}
	}
}
