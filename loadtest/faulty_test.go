// A suite that cannot fail proves nothing: here it runs against a gateway
// behind a proxy that drops, adds and delays frames, and must report each and how often.

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/loadtest/observer"
	"nextup/loadtest/report"
	"nextup/loadtest/token"
	"nextup/queue"
	"nextup/test/gatewaytest"
	"nextup/test/redistest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	gatewaytest.Discard()
	os.Exit(code)
}

const (
	faultySite = "faulty"
	faultyKey  = "k:a secret of a test that protects nobody at all"
)

// honest starts a gateway that speaks some languages and returns its address;
// redis "" is the memory store.
func honest(t *testing.T, redis string, languages ...string) string {
	t.Helper()
	return honestly(t, redis, "departments: [{id: support}]", languages...)
}

// honestly is honest with the departments, and what they need, as a site file has them.
func honestly(t *testing.T, redis, departments string, languages ...string) string {
	t.Helper()
	id, secret, _ := strings.Cut(faultyKey, ":")
	path := filepath.Join(t.TempDir(), "site.yaml")
	site := fmt.Sprintf(`sites:
  - id: %s
    languages: [%s]
    %s
    agents: {defaults: {capacity: 3}}
    retention: 1h
    limits: {frames_per_second: 100, burst: 1000, bytes_per_second: 1MiB, byte_burst: 1MiB, outgoing_buffer: 1MiB,
      conns_per_address: 10000, tickets_per_visitor: 10000}
    keys: [{id: %s, algorithm: HS256, secret: %q, roles: [visitor, agent]}]
`, faultySite, strings.Join(languages, ", "), departments, id, secret)
	if err := os.WriteFile(path, []byte(site), 0o600); err != nil {
		t.Fatal(err)
	}
	g := gatewaytest.Start(t, gatewaytest.Options{Redis: redis, SiteFile: path, Node: "honest"})
	return "http" + strings.TrimSuffix(strings.TrimPrefix(g.Socket(), "ws"), "/v1/connect")
}

// smoke runs the smoke scenario against the target, with a mark or without one.
func smoke(t *testing.T, target, mark string) *summary {
	t.Helper()
	k6, err := toolPath(t.Context(), "k6")
	if err != nil {
		t.Fatal(err)
	}
	d := &loadRun{
		settings: settings{scenario: "smoke", profile: "smoke", targets: []string{target}, site: faultySite, key: faultyKey, mark: mark},
		out:      io.Discard, sampler: &sampler{}, k6: k6, scratch: t.TempDir(),
	}
	s, _, err := d.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// expect holds a counter against what the fault did, and the verdict with it.
func expect(t *testing.T, s *summary, counter string, want int) {
	t.Helper()
	t.Logf("%v visitors served, %v messages, the fault struck %d times", s.value("visitors_served", "count"), s.value("messages_sent", "count"), want)
	if got := s.value(counter, "count"); int(got) != want || want == 0 {
		t.Errorf("%s is %v, the fault struck %d times", counter, got, want)
	}
	r := &report.Run{}
	check(r, s, nil)
	if verdict(r); r.Passed {
		t.Errorf("the verdict is %q", r.Verdict)
	}
}

// forgetful acknowledges every n-th message and passes nothing of it on.
type forgetful struct {
	every    int
	mu       sync.Mutex
	messages int
	dropped  int
	newest   map[string]uint64 // number of a conversation's entries
}

func (f *forgetful) asked(p *passage, frame []byte) (deliver bool) {
	var send struct {
		Type      protocol.Type `json:"type"`
		ID        string        `json:"id"`
		Ticket    string        `json:"ticket"`
		MessageID string        `json:"message_id"`
	}
	if json.Unmarshal(frame, &send) != nil || send.Type != protocol.TypeSend {
		return true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	p.sends[send.ID] = send.Ticket
	if f.messages++; f.messages%f.every != 0 {
		return true
	}
	f.dropped++
	p.tell(protocol.OK{ID: send.ID, MessageID: send.MessageID, Number: f.newest[send.Ticket] + 1})
	return false
}

func (f *forgetful) told(p *passage, frame protocol.ServerFrame) (deliver bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch e := frame.(type) {
	case protocol.Entry:
		f.newest[e.Ticket] = max(f.newest[e.Ticket], e.Number)
	case protocol.OK:
		if ticket := p.sends[e.ID]; ticket != "" {
			f.newest[ticket] = max(f.newest[ticket], e.Number)
			delete(p.sends, e.ID)
		}
	}
	return true
}

func TestEveryTwoHundredthMessageDroppedIsCounted(t *testing.T) {
	t.Parallel()
	f := &forgetful{every: 200, newest: map[string]uint64{}}
	s := smoke(t, tampered(t, honest(t, "", "zh", "en"), f), "")
	f.mu.Lock()
	defer f.mu.Unlock()
	expect(t, s, "message_lost", f.dropped)
}

// jealous shows another agent, who has room, every n-th ticket that an agent
// has taken, with the same fencing token.
type jealous struct {
	every  int
	mu     sync.Mutex
	desks  map[*passage]protocol.Desk // the newest
	seen   map[string]bool
	struck int
}

func (j *jealous) asked(*passage, []byte) bool { return true }

func (j *jealous) told(p *passage, frame protocol.ServerFrame) (deliver bool) {
	desk, ok := frame.(protocol.Desk)
	if !ok {
		return true
	}
	j.mu.Lock() // desks come in the order of their numbers, false ones among them
	defer j.mu.Unlock()
	j.desks[p] = desk
	p.tell(desk)
	for _, t := range desk.Tickets {
		if key := fmt.Sprint(t.Ticket, t.Token); !j.seen[key] && len(j.seen)%j.every == j.every-1 {
			j.seen[key] = j.show(p, t) // or the next one, then
		} else {
			j.seen[key] = true
		}
	}
	return false
}

// show shows the ticket to an agent with room who does not have it, if there is one.
func (j *jealous) show(owner *passage, t protocol.DeskTicket) bool {
	for p, desk := range j.desks {
		if p == owner || p.gone.Load() || desk.Status != protocol.Available || desk.Load+t.Weight > desk.Capacity {
			continue
		}
		desk.Tickets = append([]protocol.DeskTicket{t}, desk.Tickets...)
		desk.Load += t.Weight
		p.tell(desk)
		j.struck++
		return true
	}
	return false
}

func TestEverySecondOwnerIsCounted(t *testing.T) {
	t.Parallel()
	j := &jealous{every: 15, desks: map[*passage]protocol.Desk{}, seen: map[string]bool{}}
	s := smoke(t, tampered(t, honest(t, "", "zh", "en"), j), "")
	j.mu.Lock()
	defer j.mu.Unlock()
	expect(t, s, "two_owners", j.struck)
}

// slow holds back the next view of each visitor once it is told to, and with it
// what follows.
type slow struct{ by atomic.Int64 } // nanoseconds

func (l *slow) asked(*passage, []byte) bool { return true }

func (l *slow) told(p *passage, frame protocol.ServerFrame) bool {
	if _, ok := frame.(protocol.Ticket); ok && l.by.Load() > 0 && !p.late.Swap(true) {
		time.Sleep(time.Duration(l.by.Load())) // the fault itself
	}
	return true
}

func TestEveryStalePlaceIsCounted(t *testing.T) {
	t.Parallel()
	redis, delay := redistest.Start(t), &slow{}
	target := socketOf(tampered(t, honest(t, redis, "en"), delay))
	o, err := observer.Follow(t.Context(), redis, faultySite, []queue.Department{{ID: "support", Languages: []string{"en"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	leader := func(subject string) (leave func()) {
		signed, err := token.Mint(faultySite, faultyKey, protocol.Visitor, subject)
		if err != nil {
			t.Fatal(err)
		}
		c, err := client.Dial(t.Context(), target, signed, func(protocol.ServerFrame) {})
		if err != nil {
			t.Fatal(err)
		}
		ok, err := c.Join(t.Context(), "support", "en")
		if err != nil {
			t.Fatal(err)
		}
		return func() {
			if _, err := c.Leave(t.Context(), ok.Ticket); err != nil {
				t.Error(err)
			}
			c.Close()
		}
	}
	const honestly = 4 // so many leave honestly first: the views of all are enough to be judged, and all are of the first ten
	var leave []func()
	for i := range honestly + 1 {
		leave = append(leave, leader(fmt.Sprint("leader-", i)))
	}
	crowd := &observer.Crowd{Targets: []string{target}, Observer: o, Token: func(subject string) (string, error) {
		return token.Mint(faultySite, faultyKey, protocol.Visitor, subject)
	}}
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	all.Go(func() { crowd.Run(ctx, 10*time.Millisecond, time.Now().Add(55*time.Millisecond)) })
	watching := 0
	until(t, "the crowd stands in line", func() bool {
		now := o.Watching()
		same := now == watching && now > 0
		watching = now
		return same
	})
	shown := func(n int) func() bool {
		return func() bool { return o.Report(promised).Staleness["first_10"].Count >= n }
	}
	for i := range honestly {
		leave[i]()
		until(t, "everybody saw an honest leave", shown((i+1)*watching))
	}
	before := o.Report(promised).Stale["first_10"]
	delay.by.Store(int64(1500 * time.Millisecond))
	leave[honestly]()
	until(t, "everybody saw the last leave", shown((honestly+1)*watching))
	seen := o.Report(promised)
	if got := seen.Stale["first_10"] - before; got != watching {
		t.Errorf("%d views were stale, of %d people who saw one", got, watching)
	}
	s := &summary{Metrics: map[string]metric{"visitors_served": {Values: map[string]float64{"count": 1}}}}
	s.Settings.Profile.Limits = &limits{Staleness: promised, Offer: 1e9, Errors: 1}
	r := &report.Run{}
	check(r, s, &seen)
	if verdict(r); r.Passed || !strings.Contains(r.Verdict, "age of a shown place, first 10") {
		t.Errorf("the verdict is %q", r.Verdict)
	}
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for range 200 {
		time.Sleep(100 * time.Millisecond)
		if ok() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}
