package faults

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/presence"
	"nextup/test/faults/setup"
	"nextup/test/gatewaytest"
	"nextup/test/oracle"
	"nextup/test/people"
)

// resumedIn expects that 99 % of the clients that lost their conn during the fault are
// back within the time.
func resumedIn(within time.Duration) func(*testbed, []*oracle.History) {
	return func(s *testbed, histories []*oracle.History) {
		within := s.bound(within)
		took := resumed(histories, s.at("the fault begins"), s.at("settled"))
		late := 0
		for _, d := range took {
			if d < 0 || d > within {
				late++
			}
		}
		if len(took) == 0 {
			s.fail("nobody lost their conn")
			return
		}
		s.Logf("%d conns were lost; back after %v (median), %v (longest); %d later than %v",
			len(took), took[len(took)/2], took[len(took)-1], late, within)
		if late*100 > len(took) {
			s.fail("%d of %d came back later than %v", late, len(took), within)
		}
	}
}

// socketsStay expects that no client loses a conn that it did not end itself.
func socketsStay(s *testbed, histories []*oracle.History) {
	if took := resumed(histories, s.at("the fault begins"), s.at("settled")); len(took) > 0 {
		s.fail("%d conns were lost", len(took))
	}
}

// noErrorSeen expects that no client is refused for a fault of ours, or cut off.
func noErrorSeen(s *testbed, histories []*oracle.History) {
	socketsStay(s, histories)
	for _, h := range histories {
		for _, e := range h.Events {
			if (e.Kind == oracle.Refused || e.Kind == oracle.Told) && e.Error != nil && ours(e.Error.Code) || e.Kind == oracle.Unsure && e.Why != "" && !wishedAround(h, e) {
				s.fail("%s %s at %v: %+v %s", h.Role, h.Subject, e.At, e.Error, e.Why)
			}
		}
	}
}

// movedPolitely expects that each client that loses its conn is told to come back at
// once, and that none is refused for a fault of ours.
func movedPolitely(s *testbed, histories []*oracle.History) {
	for _, h := range histories {
		welcomed := 0
		for _, e := range h.Events {
			switch {
			case e.Kind == oracle.Welcomed:
				welcomed = e.Conn
			case e.Kind == oracle.Ended && e.Conn == welcomed && !e.Wished && e.Close != int(protocol.CloseRestart):
				s.fail("%s %s lost their conn at %v with code %d: %s", h.Role, h.Subject, e.At, e.Close, e.Why)
			case e.Kind == oracle.Refused && ours(e.Error.Code):
				s.fail("%s %s at %v: %s was refused: %+v", h.Role, h.Subject, e.At, e.Ask.Type, *e.Error)
			}
		}
	}
}

// fullAcknowledgesNothingNew expects that no message is acknowledged while the memory
// is full, and that no client is told of a fault of the program.
func fullAcknowledgesNothingNew(s *testbed, histories []*oracle.History) {
	from, to := s.at("the memory is full")+200*time.Millisecond, s.at("there is memory again")
	for _, h := range histories {
		for _, e := range h.Events {
			if e.At < from || e.At > to || e.Ask == nil {
				continue
			}
			if effect(e) || e.Kind == oracle.Refused && e.Error.Code == protocol.CodeInternal {
				s.fail("%s %s at %v, with the memory full: %s of %s, %+v", h.Role, h.Subject, e.At, e.Kind, e.Ask.Type, e.Error)
			}
		}
	}
}

// wishedAround reports whether the client itself ended the conn of the event.
func wishedAround(h *oracle.History, of oracle.Event) bool {
	for _, e := range h.Events {
		if e.Kind == oracle.Ended && e.Conn == of.Conn {
			return e.Wished
		}
	}
	return false
}

func ours(c protocol.Code) bool {
	switch c {
	case protocol.CodeBusy, protocol.CodeUnavailable, protocol.CodeInternal, protocol.CodeRateLimited:
		return true
	default:
		return false
	}
}

// outage is a time without Redis: from down on it cannot be reached, from back on it may
// answer, and from answers on it does.
type outage struct{ down, back, answers time.Duration }

func (s *testbed) outages() (all []outage) {
	for _, m := range s.marks {
		switch m.What {
		case redisDown:
			all = append(all, outage{down: m.At})
		case redisBack:
			all[len(all)-1].back, all[len(all)-1].answers = m.At, m.At
		case redisAnswers:
			all[len(all)-1].answers = m.At
		}
	}
	return all
}

// effect reports whether an answer acknowledges something that needs the log.
func effect(e oracle.Event) bool {
	return e.Kind == oracle.Answered && e.OK != nil && (e.OK.Number > 0 && e.Ask.Type == protocol.TypeSend)
}

// nothingAcknowledgedWhileDown: no message is acknowledged without a log. What
// was on its way when the log went may still arrive.
func nothingAcknowledgedWhileDown(s *testbed, histories []*oracle.History) {
	const onItsWay = 250 * time.Millisecond
	for _, o := range s.outages() {
		for _, h := range histories {
			for _, e := range h.Events {
				if effect(e) && e.At > o.down+onItsWay && e.At < o.back {
					s.fail("%s at %v: %s was acknowledged while Redis was down from %v to %v", h.Subject, e.At, e.Ask.MessageID, o.down, o.back)
				}
			}
		}
	}
}

// goesOnWithin: after each outage a message is acknowledged to a client on every
// gateway within the time.
func goesOnWithin(within time.Duration) func(*testbed, []*oracle.History) {
	return func(s *testbed, histories []*oracle.History) {
		within := s.bound(within)
		for _, o := range s.outages() {
			for i, took := range s.goesOn(histories, o.answers) {
				s.Logf("%s acknowledges again %v after Redis is back at %v", s.gateways[i].Node(), took, o.answers)
				if took < 0 || took > within {
					s.fail("%s does not go on within %v after the outage that ended at %v, but after %v", s.gateways[i].Node(), within, o.answers, took)
				}
			}
		}
	}
}

// goesOn is, for each gateway, the time from the end of an outage to the first
// message that is acknowledged there, -1 if none is any more.
func (s *testbed) goesOn(histories []*oracle.History, since time.Duration) []time.Duration {
	first := map[string]time.Duration{}
	for _, h := range histories {
		gateway := ""
		for _, e := range h.Events {
			if e.Kind == oracle.Welcomed {
				gateway = e.Gateway
			}
			if at, ok := first[gateway]; effect(e) && e.At > since && (!ok || e.At < at) {
				first[gateway] = e.At
			}
		}
	}
	all := make([]time.Duration, len(s.gateways))
	for i, g := range s.gateways {
		all[i] = -1
		if at, ok := first[g.Socket()]; ok {
			all[i] = at - since
		}
	}
	return all
}

// The marks of a partition.
const (
	parted = "the master is parted from its replicas"
	healed = "the partition is healed"
)

// oldSideStops: while the master is parted from its replicas the gateway beside it
// acknowledges no message, and sends its sockets elsewhere in time: a node's lease,
// the certainty that it is lost, and the visitors' grace.
func oldSideStops(s *testbed, histories []*oracle.History) {
	old, from, to := s.gateways[0].Socket(), s.at(parted), s.at(healed)
	within := s.bound(presence.TTL + presence.Certainty + s.site.VisitorGrace)
	stayed, moved := 0, 0
	for _, h := range histories {
		gateway, welcomed, conn := "", time.Duration(0), 0
		for _, e := range h.Events {
			switch {
			case e.Kind == oracle.Welcomed:
				gateway, welcomed, conn = e.Gateway, e.At, e.Conn
			case e.Kind == oracle.Ended && e.Conn == conn:
				if gateway == old && welcomed < from && e.At > from {
					if moved++; e.At > from+within && e.At > to {
						stayed++
					}
				}
				gateway = ""
			case gateway == old && effect(e) && e.At > from+300*time.Millisecond && e.At < to:
				s.fail("%s %s at %v: %s was acknowledged on the old side", h.Role, h.Subject, e.At, e.Ask.MessageID)
			}
		}
	}
	s.Logf("%d sockets were on the old side", moved)
	if stayed > 0 || moved == 0 {
		s.fail("%d of %d sockets on the old side were not sent elsewhere within %v", stayed, moved, within)
	}
}

// stall adds clients who write much and read nothing, and clients behind
// connections that are half open, and waits until a gateway has given them all
// up: the first once too much waits for them, the others two heartbeats and a
// second after they fell silent.
func (s *testbed) stall() {
	greedy, silent := 6, 20
	if isLong() {
		greedy, silent = 20, 1000
	}
	g := s.gateways[0]
	ctx, cancel := context.WithTimeout(s.Context(), 60*time.Second)
	defer cancel()
	all := s.metrics()
	before := all[0]
	if before == nil {
		s.Fatalf("%s does not answer", g.Node())
	}
	heal := s.stallers(g, greedy, silent)
	s.mark("%d clients stall, %d are half open", greedy, silent)
	limit := s.bound(2*s.site.VisitorHeartbeat + 3*time.Second)
	var now map[string]float64
	for since := time.Now(); time.Since(since) < limit; s.wait(100 * time.Millisecond) {
		var err error
		if now, err = g.Metrics(ctx); err != nil {
			s.Fatal(err)
		}
		if now["nextup_slow_readers_closed_total"]-before["nextup_slow_readers_closed_total"] >= float64(greedy) &&
			now["nextup_connections"] <= before["nextup_connections"]+float64(s.visitors+s.agents)/5 {
			s.mark("they are all given up")
			break
		}
	}
	if closed := now["nextup_slow_readers_closed_total"] - before["nextup_slow_readers_closed_total"]; closed < float64(greedy) {
		s.fail("%v of %d clients that do not read were given up within %v", closed, greedy, limit)
	}
	if n := now["nextup_connections"]; n > before["nextup_connections"]+float64(s.visitors+s.agents)/5 {
		s.fail("%v conns after %v, of %v and %d half-open ones", n, limit, before["nextup_connections"], silent)
	}
	// A silent conn may take 64 KiB and a greedy one what the site lets wait for it,
	// and the heap may have as much again to be collected.
	most := max(2*float64(silent*64<<10+greedy*setup.OutgoingBuffer), 32e6)
	const resident = "process_resident_memory_bytes"
	grown := now[resident] - before[resident]
	// What the crowd takes shows at the gateways on which no client stalls.
	crowd := grown
	for i, m := range s.metrics() {
		if i > 0 && m != nil && all[i] != nil {
			crowd = min(crowd, max(m[resident]-all[i][resident], 0))
		}
	}
	s.mark("the gateway has grown by %.0f MB, of which the crowd takes %.0f", grown/1e6, crowd/1e6)
	if grown-crowd > most {
		s.fail("the clients that stall take %.0f MB, more than %.0f", (grown-crowd)/1e6, most/1e6)
	}
	heal()
}

// stallers adds clients to a gateway who write much and read nothing, and others
// behind connections that go half open once all are there.
func (s *testbed) stallers(g *gatewaytest.Gateway, greedy, silent int) (heal func()) {
	front := setup.StartProxy(s.T, strings.TrimSuffix(strings.TrimPrefix(g.Socket(), "ws://"), "/v1/connect"))
	ctx, cancel := context.WithCancel(s.Context())
	s.stalled++
	round := s.stalled
	var dialling errgroup.Group
	dialling.SetLimit(16)
	var mu sync.Mutex
	var cut []func()
	add := func(f func()) {
		mu.Lock()
		defer mu.Unlock()
		cut = append(cut, f)
	}
	for i := range greedy + silent {
		dialling.Go(func() error {
			subject := fmt.Sprint("stalled-", round, "-", i)
			if i < greedy {
				c, err := people.Stall(ctx, people.StallOptions{
					Socket: g.Socket(), Subject: subject, Mint: s.site.Mint, Start: s.start,
					// No agent of the crowd speaks es: their tickets disturb no line.
					Wish: people.Wish{Department: "support", Language: "es"},
				})
				if err == nil {
					add(c.Cut)
					s.mu.Lock()
					s.others = append(s.others, c.History)
					s.mu.Unlock()
				}
				return err
			}
			token, err := s.site.Mint(protocol.Visitor, subject, nil)
			if err != nil {
				return err
			}
			c, err := client.Dial(ctx, "ws://"+front.Addr()+"/v1/connect", token, func(protocol.ServerFrame) {})
			if err == nil {
				add(c.Cut)
			}
			return err
		})
	}
	if err := dialling.Wait(); err != nil {
		s.fail("a client that will stall cannot connect: %v", err)
	}
	front.HalfOpen()
	return func() {
		cancel()
		for _, c := range cut {
			go c()
		}
	}
}
