package measure

import (
	"strings"
	"testing"
	"time"
)

// TestWhatCannotBeMeasuredIsRefusedBeforeAnythingStarts: there is no binary here to start.
func TestWhatCannotBeMeasuredIsRefusedBeforeAnythingStarts(t *testing.T) {
	t.Parallel()
	base := Options{Gateways: 2, Connections: 1000, Waiting: 100, Agents: 80, Tickets: 2, Handling: 2 * time.Minute, Lines: 8, Places: 3}
	for name, row := range map[string]struct {
		change func(*Options)
		want   string
	}{
		"more people than sockets": {func(o *Options) { o.Waiting = 700 }, "1000 sockets are too few for 700 in line, 240 who talk and 80 agents"},
		"a city":                   {func(o *Options) { o.Connections = 1_000_000 }, "take a smaller share"},
		"tickets without end":      {func(o *Options) { o.Ended = 1_000_000 }, "take a smaller share"},
		"more lines than the site": {func(o *Options) { o.Lines = 9 }, "9 lines: 1 to 8"},
	} {
		o := base
		row.change(&o)
		if _, err := Run(t.Context(), o); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", name, err, row.want)
		}
	}
}
