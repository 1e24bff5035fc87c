package presence_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"nextup/presence"
)

// flaky is a registry that can be away.
type flaky struct {
	*presence.Memory
	away bool
}

func (f *flaky) Living(ctx context.Context, nodes []string) ([]bool, error) {
	if f.away {
		return nil, errors.New("away")
	}
	return f.Memory.Living(ctx, nodes)
}

func TestANodeIsLostOnlyWithCertainty(t *testing.T) {
	const look = 500 * time.Millisecond
	tests := []struct {
		name string
		// run gets the time since the start at each look and reports whether a renews
		// and whether the registry is away. b renews always.
		run   func(at time.Duration) (renews, away bool)
		until time.Duration
		lost  bool
	}{
		{"who renews lives", func(time.Duration) (bool, bool) { return true, false }, 10 * time.Second, false},
		{"who stops is lost", func(at time.Duration) (bool, bool) { return at == 0, false }, presence.TTL + presence.Certainty + 2*look, true},
		{"but not before certainty", func(at time.Duration) (bool, bool) { return at == 0, false }, presence.TTL + presence.Certainty - look, false},
		{"one late renewal harms nobody", func(at time.Duration) (bool, bool) { return at < time.Second || at > 4*time.Second, false }, 10 * time.Second, false},
		{"a registry that was away calls nobody lost", func(at time.Duration) (bool, bool) {
			back := 10 * time.Second
			return at < time.Second || at > back+time.Second, at > time.Second && at < back
		}, 14 * time.Second, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now := time.UnixMilli(1_000_000)
			start := now
			r := &flaky{Memory: presence.NewMemory(func() time.Time { return now })}
			w := presence.NewWatch(r)
			var everLost []string
			for ; now.Sub(start) <= tt.until; now = now.Add(look) {
				renews, away := tt.run(now.Sub(start))
				r.away = away
				if renews && !away {
					_ = r.Renew(t.Context(), "a", presence.TTL)
				}
				if !away {
					_ = r.Renew(t.Context(), "b", presence.TTL)
				}
				lost, err := w.Lost(t.Context(), []string{"a", "b"}, now)
				if (err != nil) != away {
					t.Fatal(err)
				}
				everLost = append(everLost, lost...)
			}
			if got := slices.Contains(everLost, "a"); got != tt.lost {
				t.Errorf("a is lost: %v, want %v", got, tt.lost)
			}
			if slices.Contains(everLost, "b") {
				t.Error("b lives and was called lost")
			}
		})
	}
}

func TestANodeThatLeavesIsMissedAtOnce(t *testing.T) {
	r := presence.NewMemory(nil)
	_ = r.Renew(t.Context(), "a", time.Minute)
	_ = r.Leave(t.Context(), "a")
	if living, _ := r.Living(t.Context(), []string{"a"}); living[0] {
		t.Error("it left and lives")
	}
}
