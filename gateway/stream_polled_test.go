package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"nextup/gateway/protocol"
)

// polled is a client of a network that holds streams back, whose polls the test asks.
type polled struct {
	*rawStream
	url    string
	events int
}

// poll opens a conn of polls, which must be welcome.
func (h *house) poll(url, token string) *polled {
	h.t.Helper()
	p := &polled{rawStream: &rawStream{h: h, token: token}, url: url}
	status, events := p.asks("", `{"type":"hello","id":"h"}`)
	if status != http.StatusOK || len(events) == 0 {
		h.t.Fatalf("a hello is answered with %d %v", status, events)
	}
	f, err := protocol.DecodeServer([]byte(events[0]))
	var welcome bool
	if p.welcome, welcome = f.(protocol.Welcome); err != nil || !welcome {
		h.t.Fatalf("the first event is %s, %v", events[0], err)
	}
	return p
}

// asks polls at the url, and returns the data of the events that come.
func (p *polled) asks(conn, body string) (status int, events []string) {
	p.h.t.Helper()
	header := http.Header{protocol.PollHeader: {fmt.Sprint(p.events)}}
	if conn != "" {
		header[protocol.ConnHeader] = []string{conn}
	}
	res := p.h.posted(p.url, p.token, header, body)
	data, err := io.ReadAll(res.Body)
	if err != nil {
		p.h.t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		return res.StatusCode, nil
	}
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		p.h.t.Errorf("it is %s", got)
	}
	for event := range strings.SplitSeq(string(data), "\n\n") {
		if event != "" {
			events = append(events, strings.TrimPrefix(event, "data: "))
		}
	}
	return res.StatusCode, events
}

// next polls until something has come.
func (p *polled) next() (events []string) {
	p.h.t.Helper()
	for len(events) == 0 {
		status, got := p.asks(p.welcome.Conn, `{}`)
		if status != http.StatusOK {
			p.h.t.Fatalf("a poll is answered with %d", status)
		}
		events = got
	}
	return events
}

// [stream-10] An answer that is lost comes again until a poll tells that it came, at whichever
// gateway, and nothing comes twice after that.
func TestWhatAPollMissedComesAgain(t *testing.T) {
	t.Parallel()
	for _, gateways := range []int{1, 2} {
		t.Run(fmt.Sprint("gateways ", gateways), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			here, _ := h.open("one")
			p := h.poll(here, h.token(protocol.Visitor, "v", "en"))
			if gateways == 2 {
				p.url, _ = h.open("two")
			}
			p.events = 1
			if status, answer := p.post(p.url, `{"type":"join","id":"1","department":"support"}`); status != http.StatusOK {
				t.Fatalf("a join is answered with %d %+v", status, answer)
			}
			lost := p.next()
			again := p.next()
			if len(again) < len(lost) || strings.Join(again[:len(lost)], "") != strings.Join(lost, "") {
				t.Fatalf("after %v come %v", lost, again)
			}
			p.events += len(again)
			if status, answer := p.post(p.url, `{"type":"leave","id":"2","ticket":"`+ticketIn(t, again)+`"}`); status != http.StatusOK {
				t.Fatalf("a leave is answered with %d %+v", status, answer)
			}
			after := p.next()
			if !strings.Contains(after[len(after)-1], string(protocol.Abandoned)) || after[0] == again[len(again)-1] {
				t.Errorf("then come %v", after)
			}
		})
	}
}

// ticketIn is the ticket that events show.
func ticketIn(t *testing.T, events []string) string {
	t.Helper()
	for _, event := range events {
		if f, err := protocol.DecodeServer([]byte(event)); err == nil {
			if place, ok := f.(protocol.Ticket); ok {
				return place.Ticket
			}
		}
	}
	t.Fatalf("there is no ticket in %v", events)
	return ""
}

// [stream-10] The last answer has the close event, and there is no conn after it.
func TestADrainEndsPolls(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	url, g := h.open("one")
	p := h.poll(url, h.token(protocol.Visitor, "v", "en"))
	p.events = 1
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		g.Drain(h.ctx, 0)
	}()
	var all []string
	for len(all) == 0 || !strings.HasPrefix(all[len(all)-1], "event: close\n") {
		next := p.next()
		p.events += len(next)
		all = append(all, next...)
	}
	if last := all[len(all)-1]; !strings.Contains(last, fmt.Sprint(`"code":`, protocol.CloseRestart)) {
		t.Errorf("the last event is %s", last)
	}
	<-drained
	if status, _ := p.asks(p.welcome.Conn, `{}`); status != http.StatusGone {
		t.Errorf("then a poll is answered with %d", status)
	}
}

// [stream-10] Polls of another person, of a stream, or without a number get nothing.
func TestWhatIsNoPollIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	url, _ := h.open("one")
	p := h.poll(url, h.token(protocol.Visitor, "v", "en"))
	s := h.stream(url, p.token)
	for name, tt := range map[string]struct {
		token, conn, number string
		status              int
	}{
		"another person": {h.token(protocol.Visitor, "w", "en"), p.welcome.Conn, "1", http.StatusGone},
		"a stream":       {p.token, s.welcome.Conn, "1", http.StatusGone},
		"no number":      {p.token, p.welcome.Conn, "x", http.StatusBadRequest},
		"too large":      {p.token, p.welcome.Conn, "99999999999999999999", http.StatusBadRequest},
		"a stranger":     {"junk", p.welcome.Conn, "1", http.StatusUnauthorized},
	} {
		res := h.posted(url, tt.token, http.Header{protocol.ConnHeader: {tt.conn}, protocol.PollHeader: {tt.number}}, `{}`)
		if res.StatusCode != tt.status {
			t.Errorf("%s: answered with %s", name, res.Status)
		}
	}
}
