// Package observer follows a site's log beside the load, with a few visitors of its own
// in line, and measures how old what people are shown is: from the stamp of a record
// that moved a visitor to the first frame that shows it. The log's stamps also tell how
// long a free place waited for its next offer, and how many wait and are in conversation
// at any second.
//
// It writes nothing but what its visitors ask for, through the same protocol as all
// others:
//
//	o, err := observer.Follow(ctx, redisURL, "demo", departments)
//	crowd := &observer.Crowd{Targets: sockets, Token: mint, Observer: o, Begun: time.Now()}
//	crowd.Run(ctx, time.Second, end)
//	report := o.Report(promise)
package observer

import (
	"context"
	"errors"
	"slices"
	"sync"

	"nextup/internal/eventlog/redislog"
	"nextup/queue"
	"nextup/queue/logstore"
)

// The bands of a line, as people are promised them; see cadence-1 of the wire.
var bands = []struct {
	Name string
	To   int
}{{"first_10", 10}, {"first_100", 100}, {"others", 1 << 30}}

// bandOf names the band of a position, from 1 on.
func bandOf(position int) string {
	for _, b := range bands {
		if position <= b.To {
			return b.Name
		}
	}
	return ""
}

// maxSamples bounds each list of measured times; a run has a few thousand.
const maxSamples = 200_000

// Observer is one run's. Its methods may be called from many goroutines.
type Observer struct {
	store   queue.Store
	site    string
	backend *redislog.Backend // of its own, or nil
	stop    context.CancelFunc
	done    <-chan struct{}

	mu       sync.Mutex
	state    *queue.State
	own      map[string]*place // by visitor
	free     map[string][]queue.Stamp
	room     map[string]int // by agent: capacity less load, while available
	queuedAt map[string]queue.Stamp
	stale    map[string][]float64 // ms by band
	offers   []float64            // ms
	waiting  int
	talking  int
	second   map[string]float64 // worst staleness since the last sample, by band
	slowest  float64            // ms to an offer since the last sample, the worst
	waits    []float64          // seconds of waits that ended since the last sample
	tallies  Tallies
}

// Tallies count what the log says happened.
type Tallies struct {
	Records, Joins, Offers, Assigned, Closed, Abandoned, Returned uint64
}

// place is where one of the observer's own visitors stands.
type place struct {
	position int          // by the log, 0 for not in line
	shown    int          // what the last frame said, 0 for none
	behind   []move       // what no frame has shown yet, oldest first
	frames   []frameStamp // not judged yet: the log is behind them
}

// move is a record that moved a visitor.
type move struct {
	number uint64
	at     queue.Stamp
	band   string
}

// maxBehind bounds the moves of one place that no frame shows.
const maxBehind = 10_000

type frameStamp struct {
	log      uint64
	position int
	at       int64
}

// Follow begins with a log in Redis. Departments are the site's, as its welcome
// says.
func Follow(ctx context.Context, url, site string, departments []queue.Department) (*Observer, error) {
	backend, err := redislog.Open(ctx, url, redislog.Options{})
	if err != nil {
		return nil, err
	}
	o, err := New(ctx, logstore.New(backend), site, departments)
	if err != nil {
		return nil, errors.Join(err, backend.Close())
	}
	o.backend = backend
	return o, nil
}

// New follows a site's log wherever it is kept.
func New(ctx context.Context, store queue.Store, site string, departments []queue.Department) (*Observer, error) {
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	o := &Observer{
		store: store, site: site, stop: stop,
		state: queue.NewState(&queue.Site{ID: site, Departments: departments}),
		own:   map[string]*place{}, free: map[string][]queue.Stamp{}, room: map[string]int{}, queuedAt: map[string]queue.Stamp{},
		stale: map[string][]float64{}, second: map[string]float64{},
	}
	f := store.Follow(run, site, o)
	o.done = f.Done()
	if err := f.Sync(ctx); err != nil {
		o.Close()
		return nil, err
	}
	return o, nil
}

// Close follows no more.
func (o *Observer) Close() {
	o.stop()
	<-o.done
	if o.backend != nil {
		_ = o.backend.Close()
	}
}

// Now is the log's time in milliseconds.
func (o *Observer) Now() int64 { return int64(o.store.Now(o.site)) }

// Notify implements queue.Replica.
func (o *Observer) Notify() {}

// Reset implements queue.Replica; Restore follows.
func (o *Observer) Reset() {}

// Knows implements queue.Replica.
func (o *Observer) Knows() queue.Level { return queue.Newest(queue.Levels()) }

// Restore implements queue.Replica: what was measured stays, what was under way
// begins anew.
func (o *Observer) Restore(number uint64, at queue.Stamp, images []queue.Image) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.state.Restore(number, at, images)
	o.waiting, o.talking = 0, 0
	clear(o.free)
	clear(o.room)
	for _, i := range images {
		switch t := i.(type) {
		case *queue.Ticket:
			o.count(t, 1)
		case *queue.Agent:
			o.placesOf(t.ID, at)
		}
	}
	for _, p := range o.own {
		*p = place{}
	}
}

// Apply implements queue.Replica.
func (o *Observer) Apply(records []queue.Record) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range records {
		o.step(o.state.Apply(r))
	}
	for _, p := range o.own {
		for len(p.frames) > 0 && p.frames[0].log <= o.state.Number() {
			o.judge(p, p.frames[0])
			p.frames = p.frames[1:]
		}
	}
}

func (o *Observer) step(s queue.Step) {
	o.tallies.Records++
	moved := map[queue.QueueID]bool{}
	agents := slices.Clone(s.Agents)
	for _, t := range s.Tickets {
		o.count(t.Before, -1)
		o.count(t.After, 1)
		for _, i := range []*queue.Ticket{t.Before, t.After} {
			if i != nil {
				moved[i.Queue()] = true
				if by := i.HeldBy(); by != "" {
					agents = append(agents, by)
				}
			}
		}
		o.tally(t, s.At)
	}
	for _, a := range agents {
		o.placesOf(a, s.At)
	}
	for v, p := range o.own {
		t := o.state.TicketOf(v)
		if t == nil || !t.Queued() {
			p.position, p.behind = 0, nil
			continue
		}
		if !moved[t.Queue()] {
			continue
		}
		before := p.position
		p.position = o.state.Position(t)
		switch {
		case p.position == p.shown:
			p.behind = nil // it is what they see
		case p.position != before && len(p.behind) < maxBehind:
			p.behind = append(p.behind, move{s.Number, s.At, bandOf(p.position)})
		}
	}
}

// count keeps how many wait and how many are in conversation.
func (o *Observer) count(t *queue.Ticket, by int) {
	switch {
	case t == nil:
	case t.Queued():
		o.waiting += by
	case t.Status == queue.Assigned:
		o.talking += by
	}
}

// tally notes what a step of a ticket means.
func (o *Observer) tally(t queue.TicketStep, at queue.Stamp) {
	before := queue.Status("")
	if t.Before != nil {
		before = t.Before.Status
	}
	if t.After == nil || t.After.Status == before {
		return
	}
	switch t.After.Status {
	case queue.Waiting:
		o.queuedAt[t.After.ID] = at
		if before == "" {
			o.tallies.Joins++
		} else if before == queue.Assigned {
			o.tallies.Returned++
		}
	case queue.Offered:
		o.tallies.Offers++
		o.offered(t.After, at)
	case queue.Assigned:
		o.tallies.Assigned++
		o.waits = append(o.waits, float64(at-t.After.JoinedAt)/1000)
		delete(o.queuedAt, t.After.ID)
	case queue.Closed:
		o.tallies.Closed++
	case queue.Abandoned:
		o.tallies.Abandoned++
		delete(o.queuedAt, t.After.ID)
	}
}

// placesOf keeps since when each free place of an agent has been free.
func (o *Observer) placesOf(agent string, at queue.Stamp) {
	room := 0
	if a := o.state.Agent(agent); a != nil && a.Takes() {
		room = max(0, a.Capacity-o.state.Load(agent))
	}
	free := o.free[agent]
	for len(free) < room {
		free = append(free, at)
	}
	o.free[agent], o.room[agent] = free, room
	// A place that goes without an offer (a break, a lost agent) goes here; one
	// that an offer takes was taken from the front by offered.
	if len(free) > room {
		o.free[agent] = free[len(free)-room:]
	}
}

// offered measures from when both were there, the ticket and the place.
func (o *Observer) offered(t *queue.Ticket, at queue.Stamp) {
	since := o.queuedAt[t.ID]
	if free := o.free[t.Offer.Agent]; len(free) > 0 {
		since = max(since, free[0])
		o.free[t.Offer.Agent] = free[1:]
	}
	if since > 0 {
		o.slowest = max(o.slowest, float64(at-since))
		if len(o.offers) < maxSamples {
			o.offers = append(o.offers, float64(at-since))
		}
	}
}

// watch begins to watch a visitor of the observer's own.
func (o *Observer) watch(visitor string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.own[visitor] = &place{}
}

// unwatch ends the watch.
func (o *Observer) unwatch(visitor string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.own, visitor)
}

// blind notes that the visitor has no socket: nothing is promised meanwhile.
func (o *Observer) blind(visitor string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if p := o.own[visitor]; p != nil {
		*p = place{position: p.position}
	}
}

// shownTo takes a frame that the visitor was shown at a time of the log.
func (o *Observer) shownTo(visitor string, log uint64, position int, at int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	p := o.own[visitor]
	if p == nil {
		return
	}
	f := frameStamp{log, position, at}
	if log > o.state.Number() {
		p.frames = append(p.frames, f)
		return
	}
	o.judge(p, f)
}

// judge ends what a frame has shown: the moves up to its number. Those after it
// go on ageing, for the log may have come here before the gateway had it.
func (o *Observer) judge(p *place, f frameStamp) {
	shows := 0
	for shows < len(p.behind) && p.behind[shows].number <= f.log {
		shows++
	}
	// What moved a visitor before their first frame was no change to them.
	if shows > 0 && p.shown > 0 {
		oldest := p.behind[0]
		age := max(0, float64(f.at-int64(oldest.at)))
		o.second[oldest.band] = max(o.second[oldest.band], age)
		if len(o.stale[oldest.band]) < maxSamples {
			o.stale[oldest.band] = append(o.stale[oldest.band], age)
		}
	}
	p.shown, p.behind = f.position, p.behind[shows:]
	if p.position == p.shown {
		p.behind = nil
	}
}

// Number is the newest record that the observer has replayed.
func (o *Observer) Number() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.state.Number()
}

var _ queue.Replica = (*Observer)(nil)

// Watching is how many of the observer's own visitors stand in line.
func (o *Observer) Watching() (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range o.own {
		if p.shown > 0 {
			n++
		}
	}
	return n
}
