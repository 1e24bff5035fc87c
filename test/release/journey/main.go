// Command journey lives through the life of one ticket as a visitor and two agents, on the
// public protocol, and exits with 0 if all went as it should. It is built with the
// internal/client of the last release as well as with today's (package release), so it
// uses only what both have:
//
//	journey -visitor URL -visitor-token T -agent URL -agent-token T -second URL -second-token T
//
// The visitor's socket is cut on the way.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	"nextup/gateway/protocol"
	"nextup/internal/client"
)

func main() {
	var people [3]struct{ url, token string }
	for i, name := range []string{"visitor", "agent", "second"} {
		flag.StringVar(&people[i].url, name, "", "socket of the "+name)
		flag.StringVar(&people[i].token, name+"-token", "", "token of the "+name)
	}
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	j := &journey{ctx: ctx}
	visitor, agent, second := &person{j: j}, &person{j: j}, &person{j: j}
	for i, p := range []*person{visitor, agent, second} {
		p.url, p.token = people[i].url, people[i].token
	}
	err := j.walk(visitor, agent, second)
	cancel()
	if err != nil {
		fmt.Fprintln(os.Stderr, "journey:", err)
		os.Exit(1)
	}
	fmt.Println("journey: done")
}

// journey is what the people share.
type journey struct{ ctx context.Context }

// person is a visitor or an agent, and what they were shown.
type person struct {
	j          *journey
	url, token string
	conn       *client.Conn

	mu      sync.Mutex
	ticket  protocol.Ticket
	desk    protocol.Desk
	entries map[uint64]protocol.Entry
	changed chan struct{}
}

// come opens a socket; the place of the last one goes on.
func (p *person) come() error {
	p.mu.Lock()
	log := max(p.ticket.Log, p.desk.Log)
	p.entries, p.changed = map[uint64]protocol.Entry{}, make(chan struct{}, 1)
	p.mu.Unlock()
	var err error
	p.conn, err = client.Resume(p.j.ctx, p.url, p.token, log, p.on)
	return err
}

func (p *person) on(f protocol.ServerFrame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch f := f.(type) {
	case protocol.Ticket:
		p.ticket = f
	case protocol.Desk:
		p.desk = f
	case protocol.Entry:
		p.entries[f.Number] = f
	}
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// until waits until the person was shown something.
func (p *person) until(what string, shown func() bool) error {
	for {
		p.mu.Lock()
		done := shown()
		p.mu.Unlock()
		if done {
			return nil
		}
		select {
		case <-p.changed:
		case <-p.j.ctx.Done():
			return fmt.Errorf("it was never shown that %s", what)
		case <-p.conn.Done():
			return fmt.Errorf("the socket ended before it was shown that %s: %w", what, p.conn.Err())
		}
	}
}

// serve has an agent take the ticket that they are offered.
func (p *person) serve(ticket string) error {
	var offer string
	err := p.until("the ticket is offered", func() bool {
		for _, o := range p.desk.Offers {
			if o.Ticket == ticket {
				offer = o.Offer
			}
		}
		return offer != ""
	})
	if err != nil {
		return err
	}
	if _, err := p.conn.Accept(p.j.ctx, offer); err != nil {
		return fmt.Errorf("accept: %w", err)
	}
	if err := p.until("the ticket is on the desk", func() bool { return len(p.desk.Tickets) == 1 && p.desk.Tickets[0].Ticket == ticket }); err != nil {
		return err
	}
	if _, err := p.conn.Open(p.j.ctx, ticket, 0); err != nil {
		return fmt.Errorf("open: %w", err)
	}
	return nil
}

// texts waits until the person has read the texts of a conversation, in this order.
func (p *person) texts(want ...string) error {
	return p.until(fmt.Sprintf("the conversation is %q", want), func() bool {
		var got []string
		for n := uint64(1); ; n++ {
			e, ok := p.entries[n]
			if !ok {
				break
			}
			if e.Kind == protocol.EntryMessage {
				got = append(got, e.Text)
			}
		}
		return fmt.Sprint(got) == fmt.Sprint(want)
	})
}

// send writes a message twice under one id, as after a lost answer.
func (p *person) send(ticket, id, text string) error {
	first, err := p.conn.Send(p.j.ctx, ticket, id, text)
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	again, err := p.conn.Send(p.j.ctx, ticket, id, text)
	if err == nil && again.Number != first.Number {
		err = fmt.Errorf("sent again it is %d, not %d", again.Number, first.Number)
	}
	return err
}

// walk is the journey. Each step is tried only if those before went well.
func (j *journey) walk(visitor, agent, second *person) error {
	var ticket string
	status := func(s protocol.TicketStatus) func() error {
		return func() error {
			return visitor.until("the ticket is "+string(s), func() bool { return visitor.ticket.Status == s })
		}
	}
	available := func(a *person) error {
		if err := a.come(); err != nil {
			return err
		}
		_, err := a.conn.Status(j.ctx, protocol.Available)
		return err
	}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"the visitor connects", visitor.come},
		{"joins", func() error {
			ok, err := visitor.conn.Join(j.ctx, "support", "en")
			ticket = ok.Ticket
			return err
		}},
		{"waits", func() error {
			return visitor.until("the place is 1", func() bool { return visitor.ticket.Status == protocol.Waiting && visitor.ticket.Position == 1 })
		}},
		{"writes in line", func() error { return visitor.send(ticket, "m1", "hello") }},
		{"an agent comes", func() error { return available(agent) }},
		{"serves", func() error { return agent.serve(ticket) }},
		{"the visitor sees it", status(protocol.Assigned)},
		{"the agent reads", func() error { return agent.texts("hello") }},
		{"answers", func() error { return agent.send(ticket, "a1", "good day") }},
		{"the visitor opens", func() error { _, err := visitor.conn.Open(j.ctx, ticket, 0); return err }},
		{"reads", func() error { return visitor.texts("hello", "good day") }},
		{"another agent comes", func() error { return available(second) }},
		{"the ticket is transferred", func() error {
			_, err := agent.conn.Transfer(j.ctx, ticket, protocol.TransferTo{Agent: second.conn.Welcome.Subject}, "please")
			return err
		}},
		{"the visitor's socket is cut", func() error { visitor.conn.Cut(); return visitor.come() }},
		{"the other agent serves", func() error { return second.serve(ticket) }},
		{"the visitor sees that", status(protocol.Assigned)},
		{"opens again", func() error { _, err := visitor.conn.Open(j.ctx, ticket, 0); return err }},
		{"reads all again", func() error { return visitor.texts("hello", "good day") }},
		{"writes to the new agent", func() error { return visitor.send(ticket, "m2", "and again") }},
		{"the new agent reads all", func() error { return second.texts("hello", "good day", "and again") }},
		{"closes", func() error { _, err := second.conn.CloseTicket(j.ctx, ticket); return err }},
		{"the visitor sees the end", status(protocol.Closed)},
		{"rates", func() error { _, err := visitor.conn.Rate(j.ctx, ticket, 5, "thanks"); return err }},
		{"sees the rating", func() error {
			return visitor.until("the rating is 5", func() bool { return visitor.ticket.Rating != nil && visitor.ticket.Rating.Score == 5 })
		}},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	for _, p := range []*person{visitor, agent, second} {
		p.conn.Close()
	}
	return nil
}
