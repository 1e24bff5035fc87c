package lograte_test

import (
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"nextup/internal/lograte"
)

func TestWhatGoesOnIsLoggedOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var text strings.Builder
		log := slog.New(slog.NewTextHandler(&text, nil))
		var one, other lograte.Warning
		for range 5 * 60 * 10 { // ten a second for five minutes
			one.Log(log, "one", "err", "full")
			time.Sleep(100 * time.Millisecond) // of the bubble's clock
		}
		other.Log(log, "other")
		lines := strings.Split(strings.TrimSpace(text.String()), "\n")
		if len(lines) != 6 {
			t.Fatalf("%d lines: %s", len(lines), text.String())
		}
		for i, line := range lines {
			said := strings.Contains(line, "left_out=599")
			if want := i > 0 && i < 5; said != want {
				t.Errorf("line %d says how many were left out: %v, want %v: %s", i, said, want, line)
			}
		}
	})
}
