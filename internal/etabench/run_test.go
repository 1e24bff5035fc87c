package main

import (
	"testing"

	"nextup/queue/sim"
)

// No trial of the table has a rise, so that one would be seen must be tested.
func TestARiseOfWhatIsShownIsCounted(t *testing.T) {
	t.Parallel()
	trial := trial{
		name: "nine of ten leave", fresh: 50,
		build: func(seed uint64, _ float64) *sim.Scenario {
			s := one(seed, 20, 1.1, exponential, sim.Draw{}, 3)
			rest := s.Staff[0]
			s.Staff[0].Count, rest.Count = 2, 18
			rest.Shifts = []sim.Shift{{From: 0, To: 2 * 3_600_000}}
			s.Staff = append(s.Staff, rest)
			return s
		},
		oracle: steps(0, 1),
	}
	s := trial.build(1, 0)
	s.Queues[0].Profile = sim.Profile{Steps: []sim.Step{{From: 0, Factor: 1}, {From: 2 * 3_600_000, Factor: 0}}}
	trial.build = func(uint64, float64) *sim.Scenario { return s }
	s.Length = 20 * 3_600_000 // until the two have served every person
	all, err := trial.once(1, 0)
	if err != nil {
		t.Fatal(err)
	}
	rises := 0
	for _, v := range all {
		rises += v.rises
	}
	if len(all) < 100 || rises == 0 {
		t.Errorf("%d visitors, %d rises, though nine of ten agents left", len(all), rises)
	}
}
