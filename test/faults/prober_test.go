package faults

import (
	"context"
	"math/rand/v2"
	"strings"
	"time"

	"nextup/gateway/protocol"
	"nextup/test/oracle"
	"nextup/test/people"
)

// prober is a visitor who does what a row asks for, once, and tells how it went. They
// wait in a queue that no person of the crowd serves or joins.
type prober struct {
	s *testbed
	*people.Client
	wishes int
	ticket string
}

func (s *testbed) prober(name string, inLine bool) *prober {
	s.Helper()
	p := &prober{s: s, Client: people.NewClient(s.sockets()[:1], s.site.Mint, s.start, protocol.Visitor,
		"prober-"+strings.ReplaceAll(name, " ", "-"), nil, rand.New(rand.NewPCG(s.rng.Uint64(), 0)))}
	ctx, cancel := context.WithCancel(s.Context())
	s.Cleanup(cancel)
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		p.Run(ctx)
	}()
	s.others = append(s.others, func() *oracle.History {
		p.Go()
		<-gone
		return p.History()
	})
	if inLine {
		if err := p.join(); err != nil {
			s.Fatal(err)
		}
	}
	return p
}

// answerTime is how long a prober waits for an answer.
const answerTime = 8 * time.Second

func (p *prober) join() error {
	ctx, cancel := context.WithTimeout(p.s.Context(), answerTime)
	defer cancel()
	p.wishes++
	ok, err := p.Try(ctx, oracle.Ask{Type: protocol.TypeJoin, Wish: p.wishes}, func(e protocol.Envelope) protocol.Request {
		return protocol.Join{Envelope: e, Department: "support", Languages: []string{"es"}}
	})
	p.ticket = ok.Ticket
	return err
}

func (p *prober) leave() error {
	ctx, cancel := context.WithTimeout(p.s.Context(), answerTime)
	defer cancel()
	_, err := p.Try(ctx, oracle.Ask{Type: protocol.TypeLeave, Ticket: p.ticket}, func(e protocol.Envelope) protocol.Request {
		return protocol.Leave{Envelope: e, Ticket: p.ticket}
	})
	return err
}
