package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// work is an agent's day: accept every offer, and close the ticket at once, at
// the crowd's pace, or with talk hold it and open its conversation.
func (m *member) work(talk bool) {
	if err := m.request(`{"type":"status","id":"st","status":"available"}`); err != nil {
		return
	}
	var last string
	for o := range m.offers {
		if o.Offer == last {
			continue
		}
		last = o.Offer
		if !talk {
			<-m.crowd.pace
		}
		if m.request(fmt.Sprintf(`{"type":"accept","id":"a","offer":%q}`, o.Offer)) != nil {
			continue
		}
		if talk {
			m.ticket.Store(o.Ticket)
			if m.open() == nil {
				signal(m.talk)
			}
			continue
		}
		if m.request(fmt.Sprintf(`{"type":"close","id":"c","ticket":%q}`, o.Ticket)) == nil {
			m.crowd.served.Add(1)
		}
	}
}

func (m *member) open() error {
	return m.request(fmt.Sprintf(`{"type":"open","id":"o","ticket":%q}`, m.ticket.Load()))
}

// talking opens the conversations of visitors who were assigned an agent, and
// says how many clients can talk.
func (c *crowd) talking() int {
	n := 0
	for _, m := range c.members {
		if _, ours := m.dialect.(ours); !ours {
			n++
			continue
		}
		select {
		case <-m.talk:
			if !m.agent && m.open() != nil {
				continue
			}
			signal(m.talk)
			n++
		default:
		}
	}
	return n
}

// paceOrder lets the agents serve so many tickets a second for some seconds.
type paceOrder struct {
	PerSecond float64 // below 0: without bound
	Seconds   float64 // 0: without end
}

func (c *crowd) setPace(o paceOrder) (any, error) {
	go func() {
		begun := time.Now()
		for n := 1.0; o.Seconds == 0 || n <= o.PerSecond*o.Seconds; n++ {
			if o.PerSecond > 0 {
				time.Sleep(time.Until(begun.Add(seconds(n / o.PerSecond))))
			}
			c.pace <- struct{}{}
		}
	}()
	return nil, nil
}

// leaveOrder has visitors leave the line, one after the other, evenly over some
// seconds.
type leaveOrder struct {
	N       int
	Seconds float64
}

func (c *crowd) leave(o leaveOrder) (any, error) {
	begun := time.Now()
	after := func(share float64) {
		time.Sleep(time.Until(begun.Add(time.Duration(share * o.Seconds * float64(time.Second)))))
	}
	for i := range o.N {
		after(float64(i) / float64(o.N))
		m := c.members[0]
		c.members = c.members[1:]
		if err := m.request(fmt.Sprintf(`{"type":"leave","id":"l","ticket":%q}`, m.place.Load())); err != nil {
			return nil, err
		}
	}
	after(1)
	return nil, nil
}

// talkOrder has all who can write send messages for some seconds: each one
// after the other's acknowledgement, or all together so many a second.
type talkOrder struct {
	Seconds float64
	Rate    float64 // 0: closed loop
	Size    int
}

// talked is what came of it: acknowledged messages, those that the other side
// got, and the delays from writing to that in milliseconds.
type talked struct {
	Acked, Heard  int64
	P50, P99, Max float64
	Failed        int64
}

func (c *crowd) talk(o talkOrder) (any, error) {
	c.delays.reset()
	heard := c.entries.Load()
	var acked, failed, ids atomic.Int64
	ids.Store(time.Now().UnixNano())
	until := time.Now().Add(time.Duration(o.Seconds * float64(time.Second)))
	var all errgroup.Group
	for _, m := range c.members {
		all.Go(func() error {
			each := time.Duration(0)
			if o.Rate > 0 {
				each = time.Duration(float64(len(c.members)) / o.Rate * float64(time.Second))
				time.Sleep(rand.N(each))
			}
			for due := time.Now(); time.Now().Before(until); {
				if o.Rate > 0 {
					time.Sleep(time.Until(due))
					due = due.Add(each)
				}
				text := fmt.Appendf(make([]byte, 0, o.Size), "%d ", time.Now().UnixNano())
				for len(text) < o.Size {
					text = append(text, 'x')
				}
				if err := m.request(m.dialect.say(m, ids.Add(1), string(text))); err != nil {
					failed.Add(1)
					return nil //nolint:nilerr // it is counted
				}
				acked.Add(1)
			}
			return nil
		})
	}
	_ = all.Wait()
	for patience := time.Now().Add(20 * time.Second); c.entries.Load()-heard < 2*acked.Load() && time.Now().Before(patience); {
		time.Sleep(time.Millisecond) // both sides hear every message
	}
	p50, p99, most := c.delays.quantiles()
	return talked{acked.Load(), c.entries.Load() - heard, p50, p99, most, failed.Load()}, nil
}

// delays collects how long messages took.
type delays struct {
	mu  sync.Mutex
	all []time.Duration
}

func (d *delays) add(t time.Duration) {
	d.mu.Lock()
	d.all = append(d.all, t)
	d.mu.Unlock()
}

func (d *delays) reset() {
	d.mu.Lock()
	d.all = nil
	d.mu.Unlock()
}

// quantiles are the median, the 99th percentile and the greatest in milliseconds.
func (d *delays) quantiles() (p50, p99, most float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.all) == 0 {
		return 0, 0, 0
	}
	slices.Sort(d.all)
	at := func(q float64) float64 {
		return float64(d.all[int(q*float64(len(d.all)-1))]) / float64(time.Millisecond)
	}
	return at(.5), at(.99), at(1)
}

// comeBack cuts every socket and has all clients connect again at once, and wait as the
// protocol wants it when told to; it says how many seconds it took until the last was
// greeted.
func (c *crowd) comeBack(struct{}) (any, error) {
	for _, m := range c.members {
		m.leaving.Store(true)
		_ = m.conn.Close()
	}
	begun := time.Now()
	var all errgroup.Group
	dials := make(chan struct{}, 2000) // under way, as many as a listener's backlog bears
	var retries atomic.Int64
	for _, m := range c.members {
		all.Go(func() error {
			for tries := 0; ; tries++ {
				for len(m.answers) > 0 {
					<-m.answers //nolint:errcheck // of an earlier try
				}
				dials <- struct{}{}
				err := m.come()
				<-dials
				if err == nil {
					return nil
				}
				m.leaving.Store(true)
				if m.socket != nil {
					_ = m.conn.Close()
				}
				if tries > 50 {
					return err
				}
				retries.Add(1)
				time.Sleep(told(err) + rand.N(min(30*time.Second, time.Second<<min(tries, 5)))) // as the protocol wants it
			}
		})
	}
	err := all.Wait()
	return returned{time.Since(begun).Seconds(), retries.Load()}, err
}

// told is after which time an error frame says to come again.
func told(err error) time.Duration {
	_, after, _ := strings.Cut(err.Error(), `"retry_after_ms":`)
	ms, _ := strconv.Atoi(after[:max(0, strings.IndexFunc(after, func(r rune) bool { return r < '0' || r > '9' }))])
	return time.Duration(ms) * time.Millisecond
}

type returned struct {
	Seconds float64
	Retries int64
}

// stallOrder has visitors write so many messages of a size to their own
// conversations and read nothing of what comes back.
type stallOrder struct{ N, Messages, Size int }

func (c *crowd) stall(o stallOrder) (any, error) {
	text := make([]byte, o.Size)
	for i := range text {
		text[i] = 'x'
	}
	var all errgroup.Group
	all.SetLimit(16)
	for _, m := range c.members[:o.N] {
		all.Go(func() error {
			m.ticket.Store(m.place.Load())
			if err := m.open(); err != nil {
				return err
			}
			m.stalled.Store(true)
			for i := range o.Messages {
				if m.write(opText, []byte(m.dialect.say(m, int64(i), string(text)))) != nil {
					return nil //nolint:nilerr // it was closed, as it should be
				}
			}
			return nil
		})
	}
	return nil, all.Wait()
}

// probe asks one client after the other for an answer, so many a second for some
// seconds, and returns the 99th percentile of the time to it in milliseconds.
func (c *crowd) probe(perSecond float64) (any, error) {
	const window = 5 * time.Second
	c.delays.reset()
	begun := time.Now()
	var all errgroup.Group
	for i := range int(perSecond * window.Seconds()) {
		time.Sleep(time.Until(begun.Add(time.Duration(float64(i) / perSecond * float64(time.Second)))))
		m := c.members[i%len(c.members)]
		all.Go(func() error {
			asked := time.Now()
			err := m.await(m.dialect.ping(), m.pongs)
			c.delays.add(time.Since(asked))
			return err
		})
	}
	err := all.Wait()
	_, p99, _ := c.delays.quantiles()
	return p99, err
}
