package queue

import (
	"math"
	"slices"
)

// Band is a range of positions whose waits are judged together: what is learned at the
// front of a line says little of its end, and an average over both hides that.
type Band struct {
	Name     string
	From, To int
}

// Bands are in order and hold every position.
var Bands = [...]Band{
	{"1", 1, 1}, {"2-5", 2, 5}, {"6-20", 6, 20}, {"21-100", 21, 100}, {"over 100", 101, math.MaxInt},
}

// BandOf returns the index in Bands of a position of 1 or more.
func BandOf(position int) int {
	return slices.IndexFunc(Bands[:], func(b Band) bool { return position <= b.To })
}

// Coverage counts waits that ended with an agent: those judged, those of them that were
// inside the interval of 80 % that was published as the visitor joined, and those over
// the upper end that the visitor was shown then.
type Coverage struct {
	Judged float64 `json:"judged,omitzero"`
	Inside float64 `json:"inside,omitzero"`
	Over   float64 `json:"over,omitzero"`
}

// CoverageByBand counts waits by the index of Bands.
type CoverageByBand [len(Bands)]Coverage
