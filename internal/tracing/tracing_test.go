package tracing

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nextup/app"
	"nextup/test/logtest"
)

// body is what a collector understands, by the names of OTLP's specification.
type body struct {
	ResourceSpans []struct {
		Resource struct {
			Attributes []struct {
				Key   string
				Value struct{ StringValue string }
			}
		}
		ScopeSpans []struct {
			Spans []struct {
				TraceID      string `json:"traceId"`
				SpanID       string `json:"spanId"`
				ParentSpanID string `json:"parentSpanId"`
				Name         string
				Kind         int
				Start        string `json:"startTimeUnixNano"`
				End          string `json:"endTimeUnixNano"`
				Status       struct {
					Code    int
					Message string
				}
			}
		}
	}
}

const ticket = "0c6e7a1e-8f3b-4c58-9a53-0d6bb6a1f001"

// The id of the ticket is that of the trace, the join is the root, and what failed says so.
func TestACollectorGetsTheWayOfATicket(t *testing.T) {
	t.Parallel()
	got := make(chan body, 1)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var b body
		if err := json.NewDecoder(r.Body).Decode(&b); err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %v", r.URL, err)
		}
		got <- b
	}))
	defer collector.Close()
	e, err := New(Options{Endpoint: collector.URL + "/", Share: 1, Version: "v1.2.3", Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Unix(1_800_000_000, 0)
	e.Command(app.CommandTrace{Site: "shop", Node: "a", Ticket: ticket, Command: "Join", Role: app.Visitor, Start: begun, Took: time.Millisecond, Log: 7})
	e.Step(app.StepTrace{Site: "shop", Node: "b", Ticket: ticket, Cause: "joined", After: "waiting", Number: 7, At: begun.Add(time.Second), Replayed: begun})
	e.Command(app.CommandTrace{Site: "shop", Node: "b", Ticket: ticket, Command: "Send", Role: app.Agent, Start: begun, Took: time.Millisecond, Err: errors.New("the log is away")})
	e.Close()
	b := <-got
	spans := b.ResourceSpans[0].ScopeSpans[0].Spans
	if len(spans) != 3 {
		t.Fatalf("%d spans came", len(spans))
	}
	for _, s := range spans {
		if s.TraceID != strings.ReplaceAll(ticket, "-", "") || len(s.SpanID) != 16 || s.End < s.Start {
			t.Errorf("a span is %+v", s)
		}
	}
	join, replay, failed := spans[0], spans[1], spans[2]
	if join.ParentSpanID != "" || replay.ParentSpanID != join.SpanID || failed.ParentSpanID != join.SpanID || replay.SpanID == failed.SpanID {
		t.Errorf("the join is not the root: %+v", spans)
	}
	if join.Name != "Join" || replay.Name != "replay joined" || failed.Status.Code != 2 || failed.Status.Message != "the log is away" {
		t.Errorf("the spans are %+v", spans)
	}
	if about := fmt.Sprint(b.ResourceSpans[0].Resource); !strings.Contains(about, "v1.2.3") {
		t.Errorf("they are of %s", about)
	}
}

// All gateways follow the same tickets, as many as the share says.
func TestTheShareOfTicketsIsFollowedAndTheSameEverywhere(t *testing.T) {
	t.Parallel()
	for share, want := range map[float64][2]int{0: {0, 0}, 0.1: {850, 1150}, 1: {10_000, 10_000}} {
		one, other := &Exporter{options: Options{Share: share}}, &Exporter{options: Options{Share: share}}
		followed := 0
		for i := range 10_000 {
			id := fmt.Sprintf("0c6e7a1e-8f3b-4c58-9a53-%012d", i)
			if one.Follows(id) != other.Follows(id) {
				t.Fatal("two gateways disagree")
			}
			if one.Follows(id) {
				followed++
			}
		}
		if followed < want[0] || followed > want[1] {
			t.Errorf("of 10,000 tickets %d are followed at %g, want %v", followed, share, want)
		}
	}
	if (&Exporter{options: Options{Share: 1}}).Follows("") {
		t.Error("what concerns no ticket is followed")
	}
}

// A collector that hangs or refuses holds up nothing, and is told of once. In the bubble, no
// time passes while a request is on its way, so a busy machine ends none before its answer.
func TestACollectorThatIsAwayHoldsUpNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log logtest.Buffer
		given := make(chan struct{}) // until then it hangs
		refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			<-given
			w.WriteHeader(http.StatusTooManyRequests)
		}))
		defer refuses.Close()
		e, err := New(Options{Endpoint: refuses.URL, Share: 1, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 * maxWaiting {
			e.Step(app.StepTrace{Ticket: ticket, Cause: "joined"})
		}
		close(given)
		e.Close()
		for _, words := range []string{"spans could not be sent", "spans are left out"} {
			if n := log.Count(words); n != 1 {
				t.Errorf("that %s is logged %d times:\n%s", words, n, &log)
			}
		}
		if log.Count("429") == 0 {
			t.Errorf("the collector's answer is not told:\n%s", &log)
		}
	})
}

// What is no address of a collector, and no share, is refused at the start.
func TestTheOptionsOfTracingAreChecked(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "collector:4318", "ftp://collector"} {
		if _, err := New(Options{Endpoint: address}); err == nil {
			t.Errorf("%q is taken for an address", address)
		}
	}
	if _, err := New(Options{Endpoint: "http://collector:4318", Share: 2}); err == nil {
		t.Error("a share of two is taken")
	}
}
