package faults

import (
	"context"
	"strings"
	"time"

	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/test/oracle"
)

// prober is a visitor who does what a row asks for, once, and tells how it went.
// They stand in a line that nobody of the crowd serves or joins.
type prober struct {
	s       *stage
	conn    *client.Conn
	history *oracle.History
	ticket  string
}

func (s *stage) prober(name string, inLine bool) *prober {
	s.Helper()
	subject := "prober-" + strings.ReplaceAll(name, " ", "-")
	token, err := s.site.Mint(protocol.Visitor, subject, nil)
	if err != nil {
		s.Fatal(err)
	}
	conn, err := client.Dial(s.Context(), s.gateways[0].Socket(), token, func(protocol.ServerFrame) {})
	if err != nil {
		s.Fatal(err)
	}
	p := &prober{s: s, conn: conn, history: &oracle.History{Role: protocol.Visitor, Subject: subject}}
	s.others = append(s.others, func() *oracle.History {
		conn.Cut()
		return p.history
	})
	if inLine {
		if err := p.join(); err != nil {
			s.Fatal(err)
		}
	}
	return p
}

func (p *prober) join() error {
	p.history.Events = append(p.history.Events, oracle.Event{
		Kind: oracle.Asked, Ask: &oracle.Ask{Type: protocol.TypeJoin, Wish: len(p.history.Events) + 1},
	})
	ctx, cancel := context.WithTimeout(p.s.Context(), 8*time.Second)
	defer cancel()
	ok, err := p.conn.Join(ctx, "support", "es")
	p.ticket = ok.Ticket
	return err
}

func (p *prober) leave() error {
	ctx, cancel := context.WithTimeout(p.s.Context(), 8*time.Second)
	defer cancel()
	_, err := p.conn.Leave(ctx, p.ticket)
	return err
}
