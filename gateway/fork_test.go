package gateway_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nextup/gateway"
	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/internal/eventlog"
	"nextup/test/people"
)

// forking is a backend with a memory for each log, and each can lose its newest
// records, as the shards of a Cluster do one by one.
type forking struct {
	*eventlog.Memory // leases, notes and the clock

	mu      sync.Mutex
	logs    map[string]*eventlog.Memory
	commits map[string][]eventlog.Commit // those accepted, in order
	calls   map[string]int               // of Commit
	hears   map[string]map[*func(eventlog.Signal)]bool
	// noSeals refuses to close conversations; seals hears of each that is closed,
	// or would have been.
	noSeals bool
	silent  bool // wakes no follower
	seals   chan string
}

func newForking(m *eventlog.Memory) *forking {
	return &forking{
		Memory: m, logs: map[string]*eventlog.Memory{}, commits: map[string][]eventlog.Commit{},
		calls: map[string]int{},
		hears: map[string]map[*func(eventlog.Signal)]bool{}, seals: make(chan string, 64),
	}
}

func (f *forking) of(log string) *eventlog.Memory {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.logs[log] == nil {
		f.logs[log] = eventlog.NewMemory()
	}
	return f.logs[log]
}

// named is the one log whose name begins so.
func (f *forking) named(prefix string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	for name := range f.logs {
		if strings.HasPrefix(name, prefix) {
			return name
		}
	}
	return ""
}

// lose makes a log forget all but its first n records.
func (f *forking) lose(t *testing.T, log eventlog.Log, n int) {
	t.Helper()
	fresh := eventlog.NewMemory()
	f.mu.Lock()
	f.commits[log.Name] = slices.Clone(f.commits[log.Name][:n])
	kept := f.commits[log.Name]
	f.mu.Unlock()
	for _, c := range kept {
		c.NotBefore, c.NotAfter = 0, 0
		if _, err := fresh.Commit(t.Context(), log, []eventlog.Commit{c}); err != nil {
			t.Fatal(err)
		}
	}
	f.mu.Lock()
	f.logs[log.Name] = fresh
	f.mu.Unlock()
	f.wake(log.Name)
}

func (f *forking) quiet(silent bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.silent = silent
}

func (f *forking) wake(log string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.silent {
		return
	}
	for h := range f.hears[log] {
		go (*h)(eventlog.Signal{})
	}
}

func (f *forking) Commit(ctx context.Context, log eventlog.Log, commits []eventlog.Commit) ([]eventlog.Outcome, error) {
	if seal := commits[0].Seal; seal {
		defer f.hearSeal(log.Name)
		f.mu.Lock()
		no := f.noSeals
		f.mu.Unlock()
		if no {
			return nil, eventlog.ErrUnavailable
		}
	}
	out, err := f.of(log.Name).Commit(ctx, log, commits)
	f.mu.Lock()
	f.calls[log.Name]++
	for i, o := range out {
		if o.Status == eventlog.Committed {
			f.commits[log.Name] = append(f.commits[log.Name], commits[i])
		}
	}
	f.mu.Unlock()
	f.wake(log.Name)
	return out, err
}

func (f *forking) hearSeal(log string) {
	select {
	case f.seals <- log:
	default:
	}
}

func (f *forking) refuseSeals(no bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.noSeals = no
}

func (f *forking) Heads(ctx context.Context, logs []eventlog.Log) ([]eventlog.Head, error) {
	var all []eventlog.Head
	for _, l := range logs {
		h, err := f.of(l.Name).Heads(ctx, []eventlog.Log{l})
		if err != nil {
			return nil, err
		}
		all = append(all, h...)
	}
	return all, nil
}

func (f *forking) Read(ctx context.Context, log eventlog.Log, after uint64, limit int) ([]eventlog.Record, error) {
	return f.of(log.Name).Read(ctx, log, after, limit)
}

func (f *forking) Scan(ctx context.Context, log eventlog.Log, cursor uint64) ([]eventlog.Entity, uint64, error) {
	return f.of(log.Name).Scan(ctx, log, cursor)
}

func (f *forking) Subscribe(log eventlog.Log, hear func(eventlog.Signal)) (stop func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hears[log.Name] == nil {
		f.hears[log.Name] = map[*func(eventlog.Signal)]bool{}
	}
	f.hears[log.Name][&hear] = true
	go hear(eventlog.Signal{})
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.hears[log.Name], &hear)
	}
}

// records is how many records a log has.
func (f *forking) records(log string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.commits[log])
}

// called is how often Commit was called for a log.
func (f *forking) called(log string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[log]
}

// conversationHouse is a house in which an agent and a visitor have begun a conversation.
type conversationHouse struct {
	*house
	logs           *forking
	url            string
	gateway        *gateway.Gateway
	visitor, agent *people.Person
	ticket         string
	site, messages eventlog.Log
}

func newConversationHouse(t *testing.T) *conversationHouse {
	h := newHouse(t)
	logs := newForking(h.memory)
	h.backend = logs
	url, g := h.open("one")
	k := &conversationHouse{house: h, logs: logs, url: url, gateway: g, visitor: h.come(url, protocol.Visitor, "v", "en")}
	k.ticket = k.visitor.MustJoin("support")
	k.agent = h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	k.agent.MustAccept()
	for _, p := range []*people.Person{k.visitor, k.agent} {
		p.MustOpen(k.ticket, 0)
	}
	k.visitor.MustSend(k.ticket, "m1", "hello")
	k.site = eventlog.Log{Name: "s:demo", Remember: 10 * time.Minute, Trim: 10 * time.Minute}
	k.messages = eventlog.Log{Name: logs.named("c:"), Keep: 48 * time.Hour}
	return k
}

// closes ends the ticket and waits until every client has heard the end.
func (k *conversationHouse) closes() {
	k.t.Helper()
	if _, err := k.agent.CloseTicket(k.ctx, k.ticket); err != nil {
		k.t.Fatal(err)
	}
	for _, p := range []*people.Person{k.visitor, k.agent} {
		people.Next(p, "the end", func(e protocol.Entry) bool { return e.Kind == protocol.EntryClosed })
	}
}

func (k *conversationHouse) hearsReset() {
	k.t.Helper()
	people.Next(k.visitor, "the reset", func(r protocol.Reset) bool { return r.Ticket == "" })
	for k.gateway.Ready(k.ctx) != nil && k.ctx.Err() == nil {
		runtime.Gosched()
	}
}

// sealing waits until the conversation of the log, or any, is to be closed.
func (k *conversationHouse) sealing(log string) string {
	k.t.Helper()
	for {
		select {
		case got := <-k.logs.seals:
			if log == "" || got == log {
				return got
			}
		case <-k.ctx.Done():
			k.t.Fatal("no conversation is closed")
		}
	}
}

// Reading what has ended writes nothing, so a full memory or a replica that is away is
// no hindrance.
func TestOpeningWhatHasEndedWritesNothing(t *testing.T) {
	k := newConversationHouse(t)
	k.closes()
	k.sealing(k.messages.Name)
	before := k.logs.called(k.messages.Name)
	for range 3 {
		for _, p := range []*people.Person{k.visitor, k.agent} {
			p.MustOpen(k.ticket, 0)
			people.Next(p, "the end again", func(e protocol.Entry) bool { return e.Kind == protocol.EntryClosed })
		}
	}
	if n := k.logs.called(k.messages.Name) - before; n > 0 {
		t.Errorf("it was opened six times, with %d commits", n)
	}
}

// A conversation that lost its end in a failover of its own shard, with a site's
// log that knows of it, gets it back for a person who opens it.
func TestAnEndThatAConversationLostIsWrittenAgain(t *testing.T) {
	k := newConversationHouse(t)
	k.closes()
	k.logs.lose(t, k.messages, k.logs.records(k.messages.Name)-1)
	k.visitor.MustOpen(k.ticket, 0)
	people.Next(k.visitor, "the end again", func(e protocol.Entry) bool { return e.Kind == protocol.EntryClosed })
}

// The same when both lost records, and no client asks: the dispatcher looks again
// at what has ended.
func TestAfterAForkTheEndsAreWrittenAgain(t *testing.T) {
	k := newConversationHouse(t)
	k.closes()
	end := k.logs.records(k.site.Name)
	late := k.come(k.url, protocol.Visitor, "late", "en")
	late.MustJoin("support")
	k.sealing(k.messages.Name)
	k.logs.lose(t, k.messages, k.logs.records(k.messages.Name)-1)
	k.logs.lose(t, k.site, end)
	k.hearsReset()
	k.sealing(k.messages.Name)
}

// A site's log that lost a close, beside a conversation that did not: the end
// stands, since people have been told.
func TestAnEndThatTheSiteLostIsMadeAgain(t *testing.T) {
	k := newConversationHouse(t)
	before := k.logs.records(k.site.Name)
	k.closes()
	k.logs.lose(t, k.site, before)
	k.hearsReset()
	people.Next(k.visitor, "the ticket open again", func(f protocol.Ticket) bool { return f.Status == protocol.Assigned })
	k.visitor.MustOpen(k.ticket, 0)
	people.Next(k.visitor, "the end of the ticket", func(f protocol.Ticket) bool { return f.Status == protocol.Closed })
	people.Next(k.agent, "an empty desk", func(d protocol.Desk) bool { return d.Load == 0 })
}

// A fork has lost what was acknowledged: an operator sees it counted, by whose log it
// was, from the first one on.
func TestAForkIsCountedForTheOperator(t *testing.T) {
	k := newConversationHouse(t)
	counted := func(log string, n int) {
		t.Helper()
		if want := fmt.Sprintf(`nextup_log_forks_total{log=%q,site="demo"} %d`, log, n); !strings.Contains(metricsOf(t, k.url), want+"\n") {
			t.Errorf("no %s", want)
		}
	}
	counted("site", 0)
	counted("conversation", 0)
	k.logs.lose(t, k.messages, k.logs.records(k.messages.Name)-1)
	for _, p := range []*people.Person{k.visitor, k.agent} {
		people.Next(p, "the reset of the conversation", func(r protocol.Reset) bool { return r.Ticket == k.ticket })
	}
	counted("site", 0)
	counted("conversation", 2) // by each client that follows it
	before := k.logs.records(k.site.Name)
	k.come(k.url, protocol.Visitor, "late", "en").MustJoin("support") // which the gateway has replayed, as it may not have what came last
	k.logs.lose(t, k.site, before)
	k.hearsReset()
	counted("site", 1)
}

// What was to be closed before a fork and is open after it stays open.
func TestAForkThatOpensATicketAgainLeavesItsConversationOpen(t *testing.T) {
	k := newConversationHouse(t)
	before := k.logs.records(k.site.Name)
	k.logs.refuseSeals(true)
	if _, err := k.agent.CloseTicket(k.ctx, k.ticket); err != nil {
		t.Fatal(err)
	}
	k.sealing(k.messages.Name)
	k.logs.lose(t, k.site, before)
	k.hearsReset()
	people.Next(k.visitor, "the ticket open again", func(f protocol.Ticket) bool { return f.Status == protocol.Assigned })
	k.logs.refuseSeals(false)
	late := k.come(k.url, protocol.Visitor, "late", "en")
	if _, err := late.Leave(k.ctx, late.MustJoin("support")); err != nil {
		t.Fatal(err)
	}
	for k.sealing("") == k.messages.Name { // tries of before; then it is the other's turn
	}
	k.visitor.MustSend(k.ticket, "m2", "still there?")
}

// A log that has forked unnoticed gives numbers that this replica has already
// seen; the answer waits until it has seen the new ones.
func TestAJoinInTheMomentOfAForkIsAnsweredWithItsTicket(t *testing.T) {
	k := newConversationHouse(t)
	late := k.come(k.url, protocol.Visitor, "late", "en")
	before := k.logs.records(k.site.Name)
	for range 3 { // numbers that the log will give again
		if _, err := k.agent.Status(k.ctx, protocol.Away); err != nil {
			t.Fatal(err)
		}
		k.agent.MustBe(protocol.Available)
	}
	k.logs.quiet(true)
	k.logs.lose(t, k.site, before)
	joined, err := late.Join(k.ctx, "support")
	for client.Later(k.ctx, err) { // the fork was noticed before: nothing was tried
		joined, err = late.Join(k.ctx, "support")
	}
	if err != nil || joined.Ticket == "" {
		t.Errorf("joined with ticket %q: %v", joined.Ticket, err)
	}
}
