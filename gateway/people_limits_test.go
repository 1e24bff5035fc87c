package gateway_test

import (
	"errors"
	"testing"
	"time"

	"nextup/gateway"
	"nextup/gateway/protocol"
	"nextup/internal/client"
)

// [busy-1] [limit-7] [limit-8]
func TestLimitsOnSocketsAndTickets(t *testing.T) {
	tests := []struct {
		name  string
		limit func(*gateway.SiteOptions)
		rate  int
		come  []string // visitors; the last one is refused
		code  protocol.Code
		join  bool // the last one is refused when joining
	}{
		{"of one visitor", func(s *gateway.SiteOptions) { s.Limits.ConnsPerPerson = 2 }, 0, []string{"v", "v", "w", "v"}, protocol.CodeTooMany, false},
		{"from one address", func(s *gateway.SiteOptions) { s.Limits.ConnsPerAddress = 2 }, 0, []string{"a", "b", "c"}, protocol.CodeTooMany, false},
		{"of the site", func(s *gateway.SiteOptions) { s.Limits.Conns = 1 }, 0, []string{"a", "b"}, protocol.CodeTooMany, false},
		{"hellos at once", func(*gateway.SiteOptions) {}, 1, []string{"a", "b"}, protocol.CodeBusy, false},
		{"tickets of the site", func(s *gateway.SiteOptions) { s.Rules.TicketLimit = 1 }, 0, []string{"a", "b"}, protocol.CodeTooMany, true},
		{"tickets of a queue", func(s *gateway.SiteOptions) { s.Rules.Departments[0].QueueLimit = 1 }, 0, []string{"a", "b"}, protocol.CodeQueueFull, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHouse(t, tt.limit)
			h.rate = tt.rate
			url, _ := h.open("one")
			last := len(tt.come) - 1
			for _, v := range tt.come[:last] {
				h.come(url, protocol.Visitor, v, "en").MustJoin("support")
			}
			var refused *client.Refused
			conn, err := client.Dial(h.ctx, url, h.token(protocol.Visitor, tt.come[last], "en"), func(protocol.ServerFrame) {})
			if err == nil {
				_, err = conn.Join(h.ctx, "support")
				conn.Cut()
			}
			if !errors.As(err, &refused) || refused.Frame.Code != tt.code || refused.Frame.RetryAfterMS == 0 || (conn != nil) != tt.join {
				t.Errorf("the last one: %v, want %s with a time to come back", err, tt.code)
			}
		})
	}
}

// [limit-12]
func TestWhoMakesTicketsAllDayIsToldWhenTheNextMayBeMade(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Rules.VisitorTickets = 2 })
	url, _ := h.open("one")
	conn, err := client.Dial(h.ctx, url, h.token(protocol.Visitor, "v", "en"), func(protocol.ServerFrame) {})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Cut()
	for range 2 {
		ok, err := conn.Join(h.ctx, "support")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Leave(h.ctx, ok.Ticket); err != nil {
			t.Fatal(err)
		}
	}
	const share = 12 * time.Hour
	var refused *client.Refused
	_, err = conn.Join(h.ctx, "support")
	if !errors.As(err, &refused) || refused.Frame.Code != protocol.CodeTooMany || refused.Frame.RetryAfterMS <= 0 || refused.Frame.RetryAfterMS > share.Milliseconds() {
		t.Errorf("the third ticket: %v, want %s with the time until a share of the day has passed", err, protocol.CodeTooMany)
	}
}

func TestAnAddressIsFreeAgainWhenItsSocketsHaveGone(t *testing.T) {
	h := newHouse(t, func(s *gateway.SiteOptions) {
		s.Limits.ConnsPerAddress, s.Limits.ConnsPerPerson, s.Limits.Conns = 1, 1, 1
	})
	url, _ := h.open("one")
	for range 4 {
		for h.ctx.Err() == nil { // the gateway sees the end of the last one a moment later
			conn, err := client.Dial(h.ctx, url, h.token(protocol.Visitor, "v"), func(protocol.ServerFrame) {})
			if err == nil {
				conn.Close()
				break
			}
		}
	}
	if h.ctx.Err() != nil {
		t.Error("a place is never free again")
	}
}
