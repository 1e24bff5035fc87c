package tracing

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"nextup/app"
	"nextup/app/conversation"
	"nextup/internal/eventlog"
	"nextup/queue"
	"nextup/queue/logstore"
)

// follower takes the entries of a conversation, and gives the number of the last one.
type follower chan uint64

func (f follower) Ready() bool { return true }

func (f follower) Deliver(entries []conversation.Entry) (taken int, more bool) {
	f <- entries[len(entries)-1].Number
	return len(entries), true
}

func (follower) Note([]byte) {}

func (follower) Reset() {}

// served runs an application on a log in memory until the benchmark ends.
func served(b *testing.B, tracer app.Tracer) *app.Site {
	log := eventlog.NewMemory()
	hub := conversation.New(log, conversation.Options{})
	a, err := app.New(app.Options{
		Store: logstore.New(log), Conversations: hub, Tracer: tracer,
		Sites: []app.SiteOptions{{Rules: &queue.Site{
			ID:           "demo",
			Departments:  []queue.Department{{ID: "support", Languages: []string{"en"}, QueueLimit: 1000, OfferTTL: 20_000}},
			VisitorGrace: 60_000, AgentGrace: 20_000, AssignedGrace: 600_000, Retention: 1000,
		}}},
	})
	if err != nil {
		b.Fatal(err)
	}
	serves := make(chan bool, 100)
	s := a.Site("demo")
	s.OnAvailability(func(bool) { serves <- true })
	a.Start()
	b.Cleanup(func() {
		a.Close()
		hub.Close()
		_ = log.Close()
	})
	for deadline := time.Now().Add(20 * time.Second); s.Takes() != nil; {
		select {
		case <-serves:
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			b.Fatal(s.Takes())
		}
	}
	return s
}

// visit has a visitor join, write twenty messages that are delivered, and leave.
func visit(ctx context.Context, b *testing.B, s *app.Site, visitor string) time.Duration {
	begun := time.Now()
	a := &app.Actor{Role: app.Visitor, ID: visitor}
	joined, err := s.Execute(ctx, a, app.Join{Department: "support", Languages: []string{"en"}, Request: visitor})
	if err != nil {
		b.Fatal(err)
	}
	follows := make(follower, 100)
	subscription := s.Follow(joined.Ticket, conversation.Place{}, follows)
	defer subscription.Stop()
	for i := range 20 {
		sent, err := s.Execute(ctx, a, app.Send{Ticket: joined.Ticket, MessageID: fmt.Sprint(i), Text: "Is this the right counter?"})
		if err != nil {
			b.Fatal(err)
		}
		for number := uint64(0); number < sent.Number; {
			number = <-follows
		}
	}
	if _, err := s.Execute(ctx, a, app.Leave{Ticket: joined.Ticket}); err != nil {
		b.Fatal(err)
	}
	return time.Since(begun)
}

// BenchmarkVisit compares visits with tracing off, off once more and with a share of tickets
// followed, side by side: one of each in turn, the order changing, so that what the machine does
// meanwhile falls on all. The log is in memory, so nothing but our own work is counted. Each
// figure is the lower quartile of its visits, which the machine disturbed least, and the second
// one without tracing tells how far two that are alike differ.
func BenchmarkVisit(b *testing.B) {
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }))
	b.Cleanup(collector.Close)
	traced := func(share float64) *app.Site {
		e, err := New(Options{Endpoint: collector.URL, Share: share, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(e.Close)
		return served(b, e)
	}
	kinds := []struct {
		name string
		site *app.Site
		took []time.Duration
	}{{name: "off", site: served(b, nil)}, {name: "off-again", site: served(b, nil)}, {name: "1%", site: traced(0.01)}, {name: "100%", site: traced(1)}}
	visits := 0
	for b.Loop() {
		for i := range kinds {
			k := &kinds[(i+visits)%len(kinds)]
			k.took = append(k.took, visit(b.Context(), b, k.site, fmt.Sprint("visitor ", visits)))
		}
		visits++
	}
	quartile := func(took []time.Duration) float64 {
		slices.Sort(took)
		return float64(took[len(took)/4])
	}
	off := quartile(kinds[0].took)
	b.ReportMetric(off, "off-ns/visit")
	for _, k := range kinds[1:] {
		b.ReportMetric(quartile(k.took)/off, k.name+"/off")
	}
}
