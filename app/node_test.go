package app

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"nextup/app/conversation"
	"nextup/internal/eventlog"
	"nextup/presence"
	"nextup/queue"
)

// countedRegistry counts the looks at other nodes.
type countedRegistry struct {
	presence.Registry
	looks atomic.Int64
}

func (r *countedRegistry) Living(ctx context.Context, nodes []string) ([]bool, error) {
	r.looks.Add(1)
	return r.Registry.Living(ctx, nodes)
}

// A node that has gone is lost in every site that it held people of, and one look at the
// registry finds it for all of them.
func TestANodeThatHasGoneIsLostInEverySite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const sites, span = 5, 10 * time.Second
		log := eventlog.NewMemory()
		hub := conversation.New(log, conversation.Options{})
		registry := &countedRegistry{Registry: presence.NewMemory(nil)}
		o := manySites(log, hub, sites)
		o.Presence = registry
		a, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		a.Start()
		time.Sleep(time.Second) // of the bubble's clock
		for _, s := range a.sites {
			if _, err := s.Decide(t.Context(), Refusals{}, func(st *queue.State) (queue.Change, error) {
				return st.Join(queue.JoinRequest{Ticket: "t", Visitor: "v", Department: "support", Languages: []string{"en"}, Node: "gone"})
			}); err != nil {
				t.Fatal(err)
			}
		}
		before := registry.looks.Load()
		time.Sleep(span)
		if n := registry.looks.Load() - before; n > int64(span/nodeCheck)+1 {
			t.Errorf("the registry was asked %d times in %s for %d sites", n, span, sites)
		}
		for id, s := range a.sites {
			s.Read(func(st *queue.State) {
				if !st.NodeLost("gone") || !st.Visitor("v").Session.Lost() {
					t.Errorf("%s: a node that has gone is not lost", id)
				}
			})
		}
		a.Close()
		hub.Close()
		_ = log.Close()
	})
}

// A process that was taken for lost knows its former names, so that another site's log
// that calls one of them lost is not answered person by person.
func TestAProcessKnowsTheNamesThatItHad(t *testing.T) {
	a := &App{node: newNode("gateway")}
	first := a.Node()
	a.node.rename(first)
	for _, name := range []string{first, a.Node()} {
		if !a.IsOwnNode(name) {
			t.Errorf("%s is not known", name)
		}
	}
	for _, name := range []string{"", "gateway-of-another"} {
		if a.IsOwnNode(name) {
			t.Errorf("%q is taken for this process's", name)
		}
	}
}
