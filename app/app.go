package app

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nextup/app/commands"
	"nextup/app/conversation"
	"nextup/internal/lograte"
	"nextup/presence"
	"nextup/queue"
)

// SiteOptions is one site as the application knows it.
type SiteOptions struct {
	Rules *queue.Site
	// Digest names everything that the site file says of the site, so that processes
	// notice when theirs differ; "" stands for that of Rules alone.
	Digest string
}

// Options are what an App is made of. Store, Conversations and Sites are required.
type Options struct {
	// Node begins this process's name among the nodes, which ends in something
	// random; empty means "gateway".
	Node  string
	Store queue.Store
	// Conversations keep the messages.
	Conversations *conversation.Hub
	Sites         []SiteOptions
	// Presence keeps the nodes' leases; nil means that this is the only node.
	Presence presence.Registry
	// Levels are what this process knows; nil means queue.Levels. Fewer keep the way
	// back to an older release open.
	Levels []queue.LevelSpec
	Logger *slog.Logger
	// Audit hears of everything that supervisors do, one line each, with no word of
	// what people write; nil means the Logger, with audit=true.
	Audit *slog.Logger
	// Tracer records the spans of commands and tickets; nil for no tracing.
	Tracer Tracer
	// Registry takes the metrics; nil means a new one.
	Registry *prometheus.Registry
}

// App serves sites. New makes it, Start has it follow their logs, and Close ends it.
type App struct {
	options Options
	log     *slog.Logger
	metrics *metrics
	node    *node
	sites   map[string]*Site

	ctx  context.Context
	stop context.CancelFunc
	work sync.WaitGroup
	pool commands.Pool

	started  time.Time
	leaseLog lograte.Warning // of a lease that is not renewed
	leaving  atomic.Bool
	refusals chan struct{} // holds one: watchSites should look
	renewed  atomic.Int64  // when the node's lease was, as time since started

	comparing sync.Mutex // held while site files and levels are compared
	common    *common    // what all nodes knew at the last look; guarded by comparing
	looked    time.Time  // when that was; guarded by comparing
}

// Site is one tenant: its replica, and what this process does for it.
type Site struct {
	*Replica
	app       *App
	election  *Election
	digest    atomic.Pointer[string]
	withdrawn atomic.Pointer[string] // the withdrawn queues that were logged last, so that a change is logged once
	drift     drift
	late      overdue
	inHand    inHand
	// connections are the people who are connected here.
	connections connections
	members     members
	lossLog     lograte.Warning // of lost nodes that are not in the log yet
	levelLog    lograte.Warning // of a level that is not raised yet
	reached     atomic.Int64    // the highest level that the site has had; written under the replica's turn
}

// New returns an App that follows no log yet, so that the caller can subscribe.
func New(o Options) (*App, error) {
	if o.Store == nil || o.Conversations == nil || len(o.Sites) == 0 {
		return nil, errors.New("app: a store, conversations and at least one site are required")
	}
	if o.Presence == nil {
		o.Presence = presence.NewMemory(nil)
	}
	if o.Levels == nil {
		o.Levels = queue.Levels()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Audit == nil {
		o.Audit = o.Logger.With("audit", true)
	}
	if o.Registry == nil {
		o.Registry = prometheus.NewRegistry()
	}
	a := &App{
		options: o, log: o.Logger, metrics: newMetrics(o.Registry), node: newNode(o.Node), sites: map[string]*Site{}, started: time.Now(),
		refusals: make(chan struct{}, 1),
	}
	a.metrics.tracer = o.Tracer
	a.ctx, a.stop = context.WithCancel(context.Background())
	for _, s := range o.Sites {
		a.sites[s.Rules.ID] = a.newSite(s)
	}
	o.Conversations.SetMayWrite(a.mayWrite)
	if o.Tracer != nil || o.Logger.Enabled(a.ctx, slog.LevelDebug) {
		o.Conversations.OnDelivered(func(site, ticket string, entries []conversation.Entry) {
			if s := a.sites[site]; s != nil {
				s.traceEntries(ticket, entries)
			}
		})
	}
	return a, nil
}

func (a *App) newSite(o SiteOptions) *Site {
	r := newReplica(a.ctx, a.options.Store, o.Rules, a.log, a.metrics)
	a.metrics.known(o.Rules.ID)
	r.levels, r.news = a.options.Levels, a.refusals
	s := &Site{Replica: r, app: a, election: newElection(r, a.Node)}
	s.digest.Store(&o.Digest)
	s.connections.init(s)
	r.OnSteps(func(st *queue.State, _ []queue.Step) { s.noticeLevel(st) })
	r.OnRestore(s.noticeLevel)
	r.OnSteps(s.noticeLoss)
	if s.traces() {
		r.OnSteps(s.traceSteps)
	}
	r.OnRestore(s.restored)
	r.OnRules(s.logWithdrawn)
	s.AddWorker(newDispatcher(r))
	s.AddWorker(newEstimates(r))
	s.AddWorker(newSealing(s))
	r.OnSteps(s.members.forgetEnded)
	r.OnReset(s.members.forgetAll)
	a.metrics.differ.WithLabelValues(r.id).Set(0)
	return s
}

// Site finds a site by its id, nil for one that is not served.
func (a *App) Site(id string) *Site { return a.sites[id] }

// AddWorker has a worker take part in the site's election, before Start.
func (s *Site) AddWorker(w Worker) { s.election.workers = append(s.election.workers, w) }

// OnElection has f called when this process becomes the site's elected one, and when it is
// no longer.
func (s *Site) OnElection(f func(elected bool)) {
	s.election.onChange = append(s.election.onChange, f)
}

// Elected reports whether this process is the site's elected one and the log takes
// changes.
func (s *Site) Elected() bool { return s.election.active() }

// Start begins to follow the logs.
func (a *App) Start() {
	if err := a.renewLease(); err != nil {
		a.leaseLog.Log(a.log, "the node's lease is not renewed", "err", err)
	}
	a.work.Go(a.holdLease)
	for _, s := range a.sites {
		s.start()
	}
	a.options.Registry.MustRegister(levelMetrics{a})
	a.work.Go(a.watchSites)
	a.work.Go(a.watchNodes)
	a.work.Go(a.watchDrift)
}

func (s *Site) start() {
	s.follower = s.store.Follow(s.ctx, s.id, storeReplica{s.Replica})
	s.follows.Store(true)
	s.app.work.Go(s.probe)
	s.app.work.Go(s.election.run)
	for _, w := range s.election.workers {
		s.app.work.Go(func() { w.Run(s.ctx) })
	}
}

// Wall is the wall clock of the logs, which all processes share.
func (a *App) Wall() time.Time { return time.UnixMilli(int64(a.options.Store.Wall())) }

// Pool has the goroutines that run commands. A transport runs there too what waits for
// the outside and is no command, such as a token that is checked.
func (a *App) Pool() *commands.Pool { return &a.pool }

// Stop ends the work without waiting for it.
func (a *App) Stop() { a.stop() }

// Close ends the work and returns when it has ended. No subscriber is called
// afterwards.
func (a *App) Close() {
	a.stop()
	for _, s := range a.sites {
		if s.follower != nil {
			<-s.follower.Done() // its subscribers start work of their own
		}
	}
	a.pool.Close()
	a.work.Wait()
}

// SetRules puts a site's new rules in force at once. What was decided under the old
// ones stays.
func (s *Site) SetRules(o SiteOptions) {
	s.digest.Store(&o.Digest)
	s.setRules(o.Rules)
	if !s.app.leaving.Load() {
		s.app.work.Go(func() { s.connections.bindAll(Agent) }) // what they can do may have changed
	}
}

// Sites lists the ids of the sites in order.
func (a *App) Sites() []string { return slices.Sorted(maps.Keys(a.sites)) }
