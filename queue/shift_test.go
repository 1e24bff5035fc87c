package queue

import "testing"

func TestAPlanSaysUntilWhenAnAgentIsThere(t *testing.T) {
	t.Parallel()
	const hour, day = 3_600_000, 24 * 3_600_000
	early, late := Shift{8 * hour, 12 * hour, day}, Shift{12 * hour, 16 * hour, day}
	night := Shift{22 * hour, 30 * hour, day}
	once := Shift{From: 10 * hour, To: 11 * hour}
	tests := []struct {
		name   string
		shifts []Shift
		at     Stamp
		on     bool
		until  Stamp
	}{
		{"before it", []Shift{early}, 7 * hour, false, 8 * hour},
		{"as it begins", []Shift{early}, 8 * hour, true, 12 * hour},
		{"as it ends", []Shift{early}, 12 * hour, false, day + 8*hour},
		{"weeks later", []Shift{early}, 20*day + 9*hour, true, 20*day + 12*hour},
		{"two that follow each other", []Shift{late, early}, 9 * hour, true, 16 * hour},
		{"over midnight", []Shift{night}, day + 3*hour, true, day + 6*hour},
		{"of two the next", []Shift{night, early}, 17 * hour, false, 22 * hour},
		{"once", []Shift{once}, 10 * hour, true, 11 * hour},
		{"once, and over", []Shift{once}, 11 * hour, false, 0},
		{"no shift", nil, hour, false, 0},
	}
	for _, tt := range tests {
		if on, until := (&Planned{Shifts: tt.shifts}).At(tt.at); on != tt.on || until != tt.until {
			t.Errorf("%s: on %v until %d, want %v until %d", tt.name, on, until, tt.on, tt.until)
		}
	}
	if _, until := (&Planned{Shifts: []Shift{{0, day, day}}}).At(hour); until < 10*day {
		t.Errorf("whoever is always there leaves at %d", until)
	}
}
