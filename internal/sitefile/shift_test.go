package sitefile_test

import (
	"strings"
	"testing"
	"time"

	"nextup/internal/sitefile"
	"nextup/queue"
)

func TestAShiftOfTheFileIsThatTimeOfTheWeek(t *testing.T) {
	t.Parallel()
	file, err := sitefile.Load("../../docs/examples/exchange.yaml")
	if err != nil {
		t.Fatal(err)
	}
	mei := file.Sites[0].Rules.Planned["mei"]
	if mei == nil || mei.Facts.Capacity != 4 || mei.Facts.Languages["zh"] != 5 {
		t.Fatalf("planned is %+v", mei)
	}
	stamp := func(text string) queue.Stamp {
		at, err := time.Parse("Mon 2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return queue.Stamp(at.UnixMilli())
	}
	for _, tt := range []struct {
		at    string
		on    bool
		until string
	}{
		{"Mon 2026-11-23 00:59", false, "Mon 2026-11-23 01:00"},
		{"Mon 2026-11-23 01:00", true, "Mon 2026-11-23 09:30"},
		{"Fri 2026-11-27 09:30", false, "Mon 2026-11-30 01:00"},
		{"Sat 2026-11-28 05:00", false, "Mon 2026-11-30 01:00"},
	} {
		if on, until := mei.At(stamp(tt.at)); on != tt.on || until != stamp(tt.until) {
			t.Errorf("%s: on %v until %d, want %v until %s", tt.at, on, until, tt.on, tt.until)
		}
	}
}

func TestAShiftOverMidnightEndsOnTheDayAfter(t *testing.T) {
	t.Parallel()
	site := parse(t, strings.Replace(small, "  keys:\n", "  agents: {known: {mei: {shifts: [{days: [sun], from: '22:00', to: '06:00'}]}}}\n  keys:\n", 1))
	monday := queue.Stamp(time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC).UnixMilli())
	if on, until := site.Rules.Planned["mei"].At(monday); !on || until != monday.Add(3_600_000) {
		t.Errorf("on Monday at five: on %v until %d", on, until)
	}
}
