//go:build drill

package drill

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"
)

// TestAWaitInPrometheusLeadsToItsTrace has a real Prometheus keep the exemplars of the waits,
// each of which is the id of a trace that the collector got.
func TestAWaitInPrometheusLeadsToItsTrace(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	traces := map[string]bool{}
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body struct {
			ResourceSpans []struct {
				ScopeSpans []struct{ Spans []struct{ TraceID string } }
			}
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
			return
		}
		mu.Lock()
		defer mu.Unlock()
		for _, of := range body.ResourceSpans {
			for _, scope := range of.ScopeSpans {
				for _, span := range scope.Spans {
					traces[span.TraceID] = true
				}
			}
		}
	}))
	defer collector.Close()
	h := newHouse(t, drillCase{args: []string{"--trace-to", collector.URL, "--trace-share", "1"}})
	h.watch()
	h.until("waits in Prometheus lead to traces", 2*time.Minute, func() bool {
		ids := h.exemplars("nextup_wait_seconds_bucket")
		mu.Lock()
		defer mu.Unlock()
		for _, id := range ids {
			if !traces[id] {
				return false // its spans are on the way
			}
		}
		return len(ids) > 0
	})
}

// exemplars returns the ids of traces that Prometheus keeps of a metric.
func (h *house) exemplars(metric string) (ids []string) {
	ctx, cancel := context.WithTimeout(h.t.Context(), 10*time.Second)
	defer cancel()
	now := time.Now()
	ask := url.Values{"query": {metric}, "start": {now.Add(-time.Hour).Format(time.RFC3339)}, "end": {now.Add(time.Minute).Format(time.RFC3339)}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+h.prometheus+"/api/v1/query_exemplars?"+ask.Encode(), nil)
	if err != nil {
		h.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil
	}
	defer res.Body.Close()
	var answer struct {
		Data []struct {
			Exemplars []struct{ Labels map[string]string }
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		h.t.Fatal(err)
	}
	for _, series := range answer.Data {
		for _, e := range series.Exemplars {
			ids = append(ids, e.Labels["trace_id"])
		}
	}
	return ids
}
