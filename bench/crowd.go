package main

import (
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"nextup/bench/orders"
)

// crowd is a process of clients of one server.
type crowd struct {
	mu      sync.Mutex
	members []*member

	positions atomic.Int64 // frames that told a waiting client something new
	bytes     atomic.Int64 // in them
	entries   atomic.Int64 // messages that came
	served    atomic.Int64 // tickets closed by agents of this crowd
	cut       atomic.Int64 // sockets that ended by themselves
	refused   atomic.Int64
	lastError atomic.Value

	delays delays
	pace   chan struct{}
}

// member is one client.
type member struct {
	*socket
	crowd   *crowd
	name    string
	dialect dialect
	url     string
	answers chan error
	pongs   chan error   // the answers to pings, which beats ask for too
	ticket  atomic.Value // string: what it talks about
	place   atomic.Value // string: the ticket that it waits with
	talk    chan struct{}
	offers  chan offer
	agent   bool
	rejoin  bool
	leaving atomic.Bool
	stalled atomic.Bool
	small   bool
	joins   atomic.Int64
}

// dialect is how to speak to one kind of server.
type dialect interface {
	subprotocol() string
	hello(m *member) (string, error)
	// ping asks for an answer and changes nothing.
	ping() string
	say(m *member, id int64, text string) string
	// take looks at a frame; it may answer with one.
	take(m *member, frame []byte)
}

// come opens a client's socket and says hello; it returns once that is answered.
func (m *member) come() error {
	s, err := dial(m.url, m.dialect.subprotocol())
	if err != nil {
		return err
	}
	if tcp, ok := s.conn.(*net.TCPConn); ok && m.small {
		_ = tcp.SetReadBuffer(4096)
	}
	m.socket = s
	m.leaving.Store(false)
	hello, err := m.dialect.hello(m)
	if err != nil {
		return err
	}
	go m.listen(s)
	if hello == "" {
		return nil
	}
	return m.request(hello)
}

func (m *member) listen(s *socket) {
	for {
		if m.stalled.Load() {
			return
		}
		frame, err := s.read()
		if err != nil {
			if !m.leaving.Load() {
				m.crowd.cut.Add(1)
				m.crowd.lastError.Store(err.Error())
				m.answer(err)
			}
			return
		}
		m.dialect.take(m, frame)
	}
}

// request writes a frame and waits for its answer. A client has one at a time.
func (m *member) request(frame string) error { return m.await(frame, m.answers) }

func (m *member) await(frame string, answers <-chan error) error {
	if err := m.write(opText, []byte(frame)); err != nil {
		return err
	}
	select {
	case err := <-answers:
		return err
	case <-time.After(30 * time.Second):
		return fmt.Errorf("%s: no answer to %.60s", m.name, frame)
	}
}

func (m *member) pong() {
	select {
	case m.pongs <- nil:
	default:
	}
}

func (m *member) answer(err error) {
	if err != nil {
		m.crowd.refused.Add(1)
		m.crowd.lastError.Store(err.Error())
	}
	select {
	case m.answers <- err:
	default:
	}
}

// beat has all clients say in turn that they are there.
func (c *crowd) beat(every time.Duration, members []*member) {
	pause := every / time.Duration(len(members))
	for next := time.Now(); ; {
		for _, m := range members {
			next = next.Add(pause)
			if wait := time.Until(next); wait > 5*time.Millisecond {
				time.Sleep(wait)
			}
			if !m.leaving.Load() && !m.stalled.Load() && m.socket != nil {
				_ = m.write(opText, []byte(m.dialect.ping()))
			}
		}
	}
}

// comeOrder has clients come, and join the line if they are visitors.
type comeOrder struct {
	URL, Name string
	Small     bool // the kernel takes in little for those who do not read
	N         int
	Kind      string // nextup, centrifuge or raw
	Agents    bool
	Talk      bool // agents hold what they are offered and both sides open it
	Join      bool
	Rejoin    bool    // again when the ticket has ended
	Beat      float64 // seconds between two heartbeats, 0 for none
	Pairs     bool    // peers share a channel by number
	Slow      bool    // no faster than a gateway takes hellos
}

func dialectOf(kind string) dialect {
	switch kind {
	case "nextup":
		return ours{}
	case "centrifuge":
		return theirs{}
	default:
		return bare{}
	}
}

func (c *crowd) come(o comeOrder) (any, error) {
	all := make([]*member, o.N)
	var coming errgroup.Group
	coming.SetLimit(64)
	begun := time.Now()
	for i := range all {
		if o.Slow {
			time.Sleep(time.Until(begun.Add(time.Duration(i) * time.Second / 500)))
		}
		m := &member{
			crowd: c, name: fmt.Sprint(o.Name, i), dialect: dialectOf(o.Kind), url: o.URL,
			answers: make(chan error, 4), pongs: make(chan error, 1), agent: o.Agents, rejoin: o.Rejoin, small: o.Small,
		}
		switch {
		case o.Kind == "nextup":
			m.ticket.Store("")
		case o.Pairs:
			m.ticket.Store(fmt.Sprint("pair:", i))
		default:
			m.ticket.Store("of:" + m.name)
		}
		m.place.Store("")
		m.talk = make(chan struct{}, 1)
		if o.Agents {
			m.offers = make(chan offer, 64)
		}
		all[i] = m
		if o.Kind == "raw" { // in the server's order
			if err := m.come(); err != nil {
				return nil, err
			}
			continue
		}
		coming.Go(func() error {
			if err := m.come(); err != nil {
				return err
			}
			if o.Join {
				return m.request(join(m))
			}
			if o.Agents {
				go m.work(o.Talk)
			}
			return nil
		})
	}
	if err := coming.Wait(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	c.members = append(c.members, all...)
	c.mu.Unlock()
	if o.Beat > 0 {
		go c.beat(time.Duration(o.Beat*float64(time.Second)), all)
	}
	return nil, nil
}

// counts is what a crowd has seen.
type counts struct {
	Positions, Bytes, Entries, Served, Cut, Refused int64
	LastError                                       string
}

func (c *crowd) counts() counts {
	last, _ := c.lastError.Load().(string)
	return counts{c.positions.Load(), c.bytes.Load(), c.entries.Load(), c.served.Load(), c.cut.Load(), c.refused.Load(), last}
}

// chatter has every client ask and be answered so many times, 64 at a time.
func (c *crowd) chatter(times int) (any, error) {
	var all errgroup.Group
	all.SetLimit(64)
	for _, m := range c.members {
		all.Go(func() error {
			for range times {
				if err := m.await(m.dialect.ping(), m.pongs); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return nil, all.Wait()
}

func serveCrowd([]string) error {
	c := &crowd{pace: make(chan struct{}, 1)}
	return obey("", map[string]orders.Handler{
		"come":    orders.Handle(c.come),
		"chatter": orders.Handle(func(n int) (any, error) { return c.chatter(n) }),
		"counts":  orders.Handle(func(struct{}) (any, error) { return c.counts(), nil }),
		"leave":   orders.Handle(c.leave),
		"pace":    orders.Handle(c.setPace),
		"talk":    orders.Handle(c.talk),
		"return":  orders.Handle(c.comeBack),
		"stall":   orders.Handle(c.stall),
		"probe":   orders.Handle(c.probe),
		"ready":   orders.Handle(func(struct{}) (any, error) { return c.talking(), nil }),
	})
}
