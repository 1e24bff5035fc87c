package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/internal/tracing"
	"nextup/test/logtest"
	"nextup/test/redistest"
)

// One ticket is followed through two gateways by one id, in the logs of both and in one
// trace: its join at one, its offer and what its agent did at the other, and a message from one
// to the other.
func TestATicketIsFollowedThroughTwoGatewaysByItsID(t *testing.T) {
	t.Parallel()
	type seen struct{ trace, name, node string }
	spans := make(chan seen, 1000)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body struct {
			ResourceSpans []struct {
				ScopeSpans []struct {
					Spans []struct {
						TraceID, Name string
						Attributes    []struct {
							Key   string
							Value struct{ StringValue string }
						}
					}
				}
			}
		}
		data, _ := io.ReadAll(r.Body)
		if err := json.Unmarshal(data, &body); err != nil || strings.Contains(string(data), "my words") || strings.Contains(string(data), "vera") {
			t.Errorf("%v: the collector gets %s", err, data)
		}
		for _, s := range body.ResourceSpans[0].ScopeSpans[0].Spans {
			one := seen{trace: s.TraceID, name: s.Name}
			for _, a := range s.Attributes {
				if a.Key == "nextup.node" {
					one.node = a.Value.StringValue
				}
			}
			spans <- one
		}
	}))
	t.Cleanup(collector.Close)
	redis := redistest.Start(t)
	logs := &logtest.Buffer{}
	gateway := func(name string) *App {
		log := slog.New(slog.NewTextHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
		tracer, err := tracing.New(tracing.Options{Endpoint: collector.URL, Share: 1, Log: log})
		if err != nil {
			t.Fatal(err)
		}
		file, err := loadSites("")
		if err != nil {
			t.Fatal(err)
		}
		app, err := NewApp(t.Context(), appConfig{Listen: "127.0.0.1:0", Redis: redis, File: file, Node: name, DemoTokens: true, Logger: log, Tracer: tracer})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = app.Close(); tracer.Close() })
		readyz(t, app, "ready")
		return app
	}
	one, two := gateway("one"), gateway("two")
	offers, entries := make(chan string, 10), make(chan protocol.Entry, 10)
	dial := func(app *App, query string) *client.Conn {
		conn, err := client.Dial(t.Context(), socketURL(app.URL()), mint(t, app, query), func(f protocol.ServerFrame) {
			if desk, ok := f.(protocol.Desk); ok && len(desk.Offers) > 0 {
				offers <- desk.Offers[0].Offer
			}
			if entry, ok := f.(protocol.Entry); ok {
				entries <- entry
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(conn.Cut)
		return conn
	}
	visitor, agent := dial(one, "role=visitor&languages=en&sub=vera"), dial(two, "role=agent&languages=en&sub=ada")
	if _, err := agent.Status(t.Context(), protocol.Available); err != nil {
		t.Fatal(err)
	}
	joined, err := visitor.Join(t.Context(), "support")
	if err != nil {
		t.Fatal(err)
	}
	select {
	case offer := <-offers:
		if _, err := agent.Accept(t.Context(), offer); err != nil {
			t.Fatal(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("nothing was offered")
	}
	if _, err := agent.Open(t.Context(), joined.Ticket, 0); err != nil {
		t.Fatal(err)
	}
	select {
	case <-entries: // what comes after it is no history
	case <-time.After(time.Minute):
		t.Fatal("the agent sees nothing of the conversation")
	}
	if _, err := visitor.Send(t.Context(), joined.Ticket, "m1", "my words"); err != nil {
		t.Fatal(err)
	}
	want := []string{"Join on one", "replay joined on one", "replay joined on two", "replay offered on two", "Accept on two", "replay accepted on one", "Send on one", "deliver message on two"}
	deadline := time.After(time.Minute)
	for len(want) > 0 {
		select {
		case s := <-spans:
			if s.trace != strings.ReplaceAll(joined.Ticket, "-", "") {
				t.Errorf("%v is of another trace than ticket %s", s, joined.Ticket)
			}
			node, _, _ := strings.Cut(s.node, "-")
			want = slices.DeleteFunc(want, func(w string) bool { return w == fmt.Sprintf("%s on %s", s.name, node) })
		case <-deadline:
			t.Fatalf("these spans never came: %q", want)
		}
	}
	examples := ""
	for _, app := range []*App{one, two} { // that of the gateway that dispatched
		families, err := app.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			if f.GetName() == "nextup_wait_seconds" {
				examples += f.String()
			}
		}
	}
	if !strings.Contains(examples, strings.ReplaceAll(joined.Ticket, "-", "")) {
		t.Errorf("the waits have no example: %s", examples)
	}
	for _, node := range []string{"one-", "two-"} {
		if logs.Count(joined.Ticket, "node="+node) == 0 {
			t.Errorf("the log of %s does not have the ticket", node)
		}
	}
}
