package queuetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"nextup/queue"
)

// Site returns the site of the suite; its times are short, so that offers lapse and
// graces run out during a test.
func Site(id string) *queue.Site {
	return &queue.Site{
		ID: id,
		Departments: []queue.Department{
			{ID: "support", Languages: []string{"en", "zh"}, QueueLimit: 10_000, OfferTTL: 60},
			{ID: "trading", Languages: []string{"en"}, QueueLimit: 10_000, OfferTTL: 60},
		},
		VisitorGrace: 80, AgentGrace: 80, AssignedGrace: 160, Retention: 3_600_000,
	}
}

// node is one gateway's replica of a site.
type node struct {
	name     string
	store    queue.Store
	site     *queue.Site
	follower queue.Follower
	*Replica
}

// follow starts a node over a store; it stops with the test. The judge may be nil.
func follow(t *testing.T, store queue.Store, site *queue.Site, name string, j *judge) *node {
	t.Helper()
	return followKnowing(t, store, site, name, j, queue.Newest(queue.Levels()))
}

// followKnowing is follow for a node that knows levels up to one.
func followKnowing(t *testing.T, store queue.Store, site *queue.Site, name string, j *judge, level queue.Level) *node {
	t.Helper()
	n := &node{name: name, store: store, site: site, Replica: NewReplica(site)}
	n.Level = level
	if j != nil {
		n.OnStep = j.observe
	}
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	n.follower = store.Follow(ctx, site.ID, n)
	return n
}

// ready waits until the node has read the log.
func (n *node) ready(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !n.follower.Ready(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s is not ready: %v", n.name, n.follower.Err())
		}
	}
}

// errGivenUp means that a decision met too many conflicts.
var errGivenUp = errors.New("too many conflicts")

// do decides, commits and replays, and decides again after a conflict, as a
// gateway does. It returns the log number of the effect, 0 for none.
func (n *node) do(ctx context.Context, decide func(s *queue.State) (queue.Change, error)) (uint64, error) {
	for range 100 {
		var c queue.Change
		var err error
		n.Read(func(s *queue.State) { c, err = decide(s) })
		if err != nil || c.Empty() {
			return 0, err
		}
		out, err := n.store.Commit(ctx, n.site.ID, []queue.Change{c})
		if err != nil {
			return 0, err
		}
		if err := n.follower.WaitFor(ctx, out[0].Number); err != nil {
			return 0, fmt.Errorf("waiting for record %d: %w", out[0].Number, err)
		}
		switch out[0].Verdict {
		case queue.Done:
			return out[0].Number, nil
		case queue.Late:
			return 0, nil
		case queue.Conflict, queue.IDConflict, queue.Early:
			time.Sleep(time.Duration(rand.IntN(500)) * time.Microsecond) // jitter, as a gateway has
		}
	}
	return 0, errGivenUp
}

// must is do for a decision that cannot fail.
func (n *node) must(t *testing.T, decide func(s *queue.State) (queue.Change, error)) uint64 {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 20*time.Second)
	defer stop()
	number, err := n.do(ctx, decide)
	if err != nil {
		t.Fatal(err)
	}
	return number
}

// dispatch commits what the dispatcher proposes until it proposes nothing.
func (n *node) dispatch(ctx context.Context) error {
	for {
		var due [][]queue.Change
		n.Read(func(s *queue.State) { due = queue.Dispatcher{}.Propose(s, n.store.Now(n.site.ID)) })
		if len(due) == 0 {
			return nil
		}
		var newest uint64
		for _, batch := range due {
			out, err := n.store.Commit(ctx, n.site.ID, batch)
			if err != nil {
				return err
			}
			for _, o := range out {
				newest = max(newest, o.Number)
			}
		}
		if err := n.follower.WaitFor(ctx, newest); err != nil {
			return err
		}
	}
}

// picture is all that a state holds, for comparing replicas.
type picture struct {
	Number  uint64
	Tickets map[string]queue.Ticket
	Agents  map[string]queue.Agent
	Lines   map[queue.QueueID][]string
	Loads   map[string]int
}

func (n *node) picture() picture {
	p := picture{Tickets: map[string]queue.Ticket{}, Agents: map[string]queue.Agent{}, Lines: map[queue.QueueID][]string{}, Loads: map[string]int{}}
	n.Read(func(s *queue.State) {
		p.Number = s.Number()
		for _, q := range n.site.Queues() {
			s.Sweep(q, 1, s.Size(q), func(position int, t *queue.Ticket) bool {
				p.Lines[q] = append(p.Lines[q], t.ID)
				p.Tickets[t.ID] = *t
				return true
			})
		}
		for _, a := range s.Agents() {
			p.Agents[a.ID], p.Loads[a.ID] = *a, s.Load(a.ID)
			for _, t := range s.Held(a.ID) {
				p.Tickets[t.ID] = *t
			}
		}
	})
	return p
}

// requireEqual waits until all nodes hold the record, and compares their pictures.
func requireEqual(t *testing.T, number uint64, nodes ...*node) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	first := picture{}
	for i, n := range nodes {
		if err := n.follower.WaitFor(ctx, number); err != nil {
			t.Fatalf("%s did not reach record %d: %v", n.name, number, err)
		}
		if p := n.picture(); i == 0 {
			first = p
		} else if !reflect.DeepEqual(first, p) {
			t.Fatalf("%s and %s disagree:\n%+v\n%+v", nodes[0].name, n.name, first, p)
		}
	}
}
