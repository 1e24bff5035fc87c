package gateway

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nextup/queue"
)

// [cadence-1] A line that changes all the time is shown within the promise of
// each band, and one that changed once is shown once.
func TestTheCadenceKeepsItsPromise(t *testing.T) {
	promise := [len(bands)]time.Duration{250 * time.Millisecond, time.Second, 3 * time.Second}
	tests := []struct {
		name  string
		pause time.Duration // between two changes; 0 is one change only
	}{
		{"one change", 0},
		{"a busy line", 10 * time.Millisecond},
		{"a change a second", time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithCancel(t.Context())
				q := queue.QueueID{Department: "support", Language: "en"}
				rules := &queue.Site{ID: "demo", Departments: []queue.Department{{ID: "support", Languages: []string{"en"}}}}
				g := &Gateway{ctx: ctx, log: slog.New(slog.DiscardHandler), metrics: newMetrics(prometheus.NewRegistry())}
				s := &site{g: g, state: queue.NewState(rules)}
				s.file.Store(&Site{Rules: rules})
				p := newPush(s)
				var mu sync.Mutex
				var oldest [len(bands)]time.Time // of the changes not shown yet
				var shown [len(bands)]int
				p.swept = func(band int) {
					mu.Lock()
					defer mu.Unlock()
					if age := time.Since(oldest[band]); age > promise[band] {
						t.Errorf("%s: a change is shown after %s, promised within %s", bands[band].name, age, promise[band])
					}
					oldest[band] = time.Time{}
					shown[band]++
				}
				done := make(chan struct{})
				go func() { p.run(); close(done) }()
				for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(tt.pause) {
					mu.Lock()
					for i := range oldest {
						if oldest[i].IsZero() {
							oldest[i] = time.Now()
						}
					}
					mu.Unlock()
					p.changed(map[queue.QueueID]bool{q: true}, false)
					if tt.pause == 0 {
						time.Sleep(10 * time.Second)
						break
					}
				}
				stop()
				<-done
				for i, n := range shown {
					if tt.pause == 0 && n != 1 || n == 0 {
						t.Errorf("%s: shown %d times", bands[i].name, n)
					}
				}
			})
		})
	}
}
