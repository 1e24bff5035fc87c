package eta

import "math"

// What a blend looks at: a constant, the estimate, the position twice, and the
// delay history of the queue (Ibrahim and Whitt 2009): the last delay to enter
// service, the mean of the last ten, and an exponential mean.
const traits = 7

// blend corrects the estimate by recursive least squares over what else is
// known at the join (Plackett 1950; the form with forgetting is in Ljung, "System
// identification", 1999, section 11.2). It is for sites whose agents do not do
// what the model believes, such as take breaks without saying so. It is used only
// while it has been better by a margin: where the model is right it adds noise.
type blend struct {
	Weights [traits]float64         `json:"weights"`
	Spread  [traits][traits]float64 `json:"spread"`
	// Alone and Blended are squared errors, with decay, each of what was said
	// before the wait was known.
	Alone   float64 `json:"alone"`
	Blended float64 `json:"blended"`
	N       float64 `json:"n"`
}

const (
	blendForgets = 0.9995
	blendMargin  = 0.93
	blendNeeds   = 500
)

// history is what a queue's last waits were, in seconds.
type history struct {
	Last []float64 `json:"last"` // oldest first, at most ten
	Mean float64   `json:"mean"`
}

func (h *history) add(wait float64) {
	if len(h.Last) == 0 {
		h.Mean = wait
	}
	h.Mean += 0.1 * (wait - h.Mean)
	if h.Last = append(h.Last, wait); len(h.Last) > 10 {
		h.Last = h.Last[1:]
	}
}

// traitsOf are in hundreds of seconds, to be of one size.
func (e *Estimator) traitsOf(q string, position int, mean float64) (x [traits]float64) {
	x = [traits]float64{1, mean / 100, float64(position) / 10, math.Log(float64(max(1, position)))}
	h := e.known.History[q]
	if h == nil || len(h.Last) == 0 {
		x[4], x[5], x[6] = mean/100, mean/100, mean/100
		return x
	}
	sum := 0.0
	for _, w := range h.Last {
		sum += w
	}
	x[4], x[5], x[6] = h.Last[len(h.Last)-1]/100, sum/float64(len(h.Last))/100, h.Mean/100
	return x
}

func (b *blend) begin() {
	b.Weights[1] = 100
	for i := range traits {
		b.Spread[i][i] = 100
	}
}

func (b *blend) says(x *[traits]float64) float64 {
	sum := 0.0
	for i, w := range b.Weights {
		sum += w * x[i]
	}
	return max(0, sum)
}

// earned says whether the blend may speak.
func (b *blend) earned() bool {
	return b.N >= blendNeeds && b.Blended < blendMargin*b.Alone
}

// learn takes what a wait has become; alone and blended were said of it.
func (b *blend) learn(x *[traits]float64, wait, alone, blended float64) {
	if b.N == 0 {
		b.begin()
	}
	const keep = 0.999
	b.N += 1 / (1 + 10*(x[2]-0.1)) // of many who wait at once each tells less
	b.Alone = b.Alone*keep + sq(alone-wait)
	b.Blended = b.Blended*keep + sq(blended-wait)
	var gain [traits]float64
	size := blendForgets
	for i := range traits {
		for j := range traits {
			gain[i] += b.Spread[i][j] * x[j]
		}
		size += x[i] * gain[i]
	}
	miss := wait
	for i, w := range b.Weights {
		miss -= w * x[i]
	}
	for i := range traits {
		b.Weights[i] += gain[i] / size * miss
		for j := range traits {
			// Bounded: what no wait tells anything of must not grow for ever.
			b.Spread[i][j] = max(-1e4, min(1e4, (b.Spread[i][j]-gain[i]*gain[j]/size)/blendForgets))
		}
	}
}

func sq(x float64) float64 { return x * x }
