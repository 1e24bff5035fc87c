package gateway_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"nextup/app/conversation"
	"nextup/gateway"
	"nextup/gateway/protocol"
	"nextup/queue"
	"nextup/test/people"
)

// narrow is a client whose socket buffers are small, as on a real network. The loopback
// interface buffers megabytes, which would hide that a client is sent more than it reads.
func narrow() *http.Client {
	dialer := &net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		var segment, window error
		err := raw.Control(func(fd uintptr) {
			segment = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_MAXSEG, 536)
			window = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 8<<10)
		})
		return errors.Join(err, segment, window)
	}}
	return &http.Client{Transport: &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true}}
}

// [limit-5] Who opens a long conversation gets all of it, as fast as they read, and is
// never taken for one who does not read.
func TestALongConversationComesWholeToWhoReads(t *testing.T) {
	for _, tt := range []struct {
		name                  string
		conversations, length int
		text                  int // bytes of each message
	}{
		{"50 messages of 3.5 KB", 1, 50, 3500},
		{"1,340 short ones", 1, 1340, 40},
		{"100 of the longest", 1, 100, protocol.MaxTextBytes},
		{"20 conversations at once", 20, 40, 3500},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t)
			url, _ := h.open("one")
			hub := conversation.New(h.backend, conversation.Options{})
			defer hub.Close()
			text := strings.Repeat("x", tt.text)
			left := map[string]uint64{} // by ticket, the entry that is due
			for i := range tt.conversations {
				v := h.come(url, protocol.Visitor, fmt.Sprint("v", i), "en")
				ticket := v.MustJoin("support")
				for m := range tt.length {
					if _, _, err := hub.Append(h.ctx, "demo", ticket, conversation.Draft{
						Kind: conversation.Message, From: conversation.Person{Role: conversation.Visitor, ID: fmt.Sprint("v", i)}, MessageID: fmt.Sprint("m", m), Body: conversation.Text(text),
					}); err != nil {
						t.Fatal(err)
					}
				}
				left[ticket] = 1
			}
			reader := h.token(protocol.Visitor, "v0")
			if tt.conversations > 1 {
				reader = h.token(protocol.Supervisor, "s") // more may wait for a supervisor
			}
			r := h.rawOver(url, narrow())
			r.SetReadLimit(1 << 20)
			r.hello(reader)
			for ticket := range left {
				r.write(fmt.Sprintf(`{"type":"open","id":"o","ticket":%q,"after":0}`, ticket))
			}
			for len(left) > 0 {
				e, matches := r.next().(protocol.Entry)
				if !matches {
					continue
				}
				if e.Number != left[e.Ticket] {
					t.Fatalf("entry %d came where %d was due", e.Number, left[e.Ticket])
				}
				if left[e.Ticket]++; e.Number == uint64(tt.length) {
					delete(left, e.Ticket)
				}
			}
			if !strings.Contains(metricsOf(t, url), "nextup_slow_readers_closed_total 0") {
				t.Error("somebody who reads was counted as one who does not")
			}
			r.beats() // it is open, and what is new comes as well
		})
	}
}

// A desk that is larger than what may wait comes whole, as does the newest one to an
// agent who has read nothing for a while.
func TestALargeDeskComesWholeToWhoReads(t *testing.T) {
	const tickets, few = 100, 20
	h := newHouse(t, func(s *gateway.SiteOptions) {
		s.Agent = func(string) queue.AgentFacts {
			return queue.AgentFacts{Departments: []string{"support"}, Capacity: tickets}
		}
		s.Limits.OutgoingBuffer = 8 << 10
		s.AgentHeartbeat = time.Minute // the raw agent sends none
	})
	off := &outage{Backend: h.memory}
	h.backend = off
	url, _ := h.open("one")
	agent := h.token(protocol.Agent, "a", "en")
	other := h.come(url, protocol.Agent, "a", "en") // takes what is offered, while the one that is looked at reads nothing
	other.MustBe(protocol.Available)
	var a *raw
	for i := range tickets {
		if i == tickets-few {
			a = h.rawOver(url, narrow())
			a.SetReadLimit(1 << 20)
			a.hello(agent)
		}
		h.come(url, protocol.Visitor, fmt.Sprint("v", i), "en").MustJoin("support")
		other.MustAccept()
	}
	for _, away := range []bool{true, false} { // what a client hears of the log waits too
		off.set(away)
		people.Next(other, "the news", func(f protocol.Availability) bool { return f.Available != away })
	}
	for {
		if d, matches := a.next().(protocol.Desk); matches && len(d.Tickets) == tickets {
			break
		}
	}
	if !strings.Contains(metricsOf(t, url), "nextup_slow_readers_closed_total 0") {
		t.Error("somebody who reads was counted as one who does not")
	}
}
