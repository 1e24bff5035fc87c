package main

import (
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
	mei := rulesOf(file.Sites[0]).Planned["mei"]
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
	shifts := shiftsOf(sitefile.Agent{Shifts: []sitefile.Shift{{Days: []int{6}, From: 22 * time.Hour, To: 6 * time.Hour}}})
	monday := queue.Stamp(time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC).UnixMilli())
	if on, until := (&queue.Planned{Shifts: shifts}).At(monday); !on || until != monday.Add(3_600_000) {
		t.Errorf("on Monday at five: on %v until %d", on, until)
	}
}
