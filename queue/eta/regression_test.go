package eta

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Visitors of one line are lucky together, which is no reason to tell the next line another wait. A desk
// whose waits are all longer than the model has them is corrected, whatever the length of its lines.
func TestTheLuckOfALineIsNoProof(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name              string
		line              int
		bias, least, most float64
	}{
		{"lines of 60 with luck of their own", 60, 1, 1, 1.03},
		{"all wait half as long again, in lines of 6", 6, 1.5, 1.35, 1.65},
		{"all wait half as long again, in lines of 60", 60, 1.5, 1.2, 1.65},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const seeds, waits, learned = 10, 6000, 3000
			moved, n := 0.0, 0.0
			for seed := range uint64(seeds) {
				rng := rand.New(rand.NewPCG(seed, 6))
				e := New(nil)
				s := situation{queue: support.String(), places: 100, waiting: float64(tt.line)}
				luck := 0.0
				for i := range waits {
					position := 1 + i%tt.line
					if position == 1 {
						luck = .25 * rng.NormFloat64()
					}
					f := Forecast{Known: true, Position: position, center: 3 * float64(position), spread: float64(position)}
					e.calibrate(&s, &f)
					wait := f.center * tt.bias * math.Exp(luck+.2*rng.NormFloat64())
					e.known.Regression.learn(&f, wait)
					e.known.addRecent(s.queue, wait)
					if i >= learned {
						moved, n = moved+math.Abs(math.Log(f.Mean/f.center)), n+1
					}
				}
			}
			if by := math.Exp(moved / n); by < tt.least || by > tt.most {
				t.Errorf("the mean was moved by a factor of %.3f", by)
			}
		})
	}
}
