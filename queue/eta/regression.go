package eta

import "math"

// features counts what the regression looks at: a constant, the estimate, the
// position twice, and the delay history of the queue (Ibrahim and Whitt 2009): the last delay to enter
// service, the mean of the last ten, and an exponential mean.
const features = 7

// regression corrects the estimate by recursive least squares over what else is
// known at the join (Plackett 1950; the form with forgetting is in Ljung, "System
// identification", 1999, section 11.2). It is for sites whose agents do not do
// what the model believes, such as take breaks without saying so. It is used only
// while it has been better than the model by a margin: where the model is right,
// the regression adds noise.
type regression struct {
	Weights    [features]float64           `json:"weights"`
	Covariance [features][features]float64 `json:"spread"`
	// UnadjustedError and AdjustedError are sums of squared errors, with decay, of
	// the forecasts without and with the regression.
	UnadjustedError float64 `json:"alone"`
	AdjustedError   float64 `json:"blended"`
	N               float64 `json:"n"`
}

const (
	regressionForgets = 0.9995
	regressionMargin  = 0.93
	regressionNeeds   = 500
)

// history holds the last waits of a queue, in seconds.
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

// featuresOf returns the features of a position in a queue. Waits are in hundreds
// of seconds, so that all features are of about one size.
func (e *Estimator) featuresOf(q string, position int, mean float64) (x [features]float64) {
	x = [features]float64{1, mean / 100, float64(position) / 10, math.Log(float64(max(1, position)))}
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

func (b *regression) reset() {
	b.Weights[1] = 100
	for i := range features {
		b.Covariance[i][i] = 100
	}
}

func (b *regression) predict(x *[features]float64) float64 {
	sum := 0.0
	for i, w := range b.Weights {
		sum += w * x[i]
	}
	return max(0, sum)
}

// trusted reports whether the regression may correct what is shown.
func (b *regression) trusted() bool {
	return b.N >= regressionNeeds && b.AdjustedError < regressionMargin*b.UnadjustedError
}

// learn takes how long a wait was, and what was forecast of it without and with
// the regression.
func (b *regression) learn(x *[features]float64, wait, unadjusted, adjusted float64) {
	if b.N == 0 {
		b.reset()
	}
	const keep = 0.999
	b.N += 1 / (1 + 10*(x[2]-0.1)) // each of many simultaneous waits tells less
	b.UnadjustedError = b.UnadjustedError*keep + sq(unadjusted-wait)
	b.AdjustedError = b.AdjustedError*keep + sq(adjusted-wait)
	var gain [features]float64
	size := regressionForgets
	for i := range features {
		for j := range features {
			gain[i] += b.Covariance[i][j] * x[j]
		}
		size += x[i] * gain[i]
	}
	miss := wait
	for i, w := range b.Weights {
		miss -= w * x[i]
	}
	for i := range features {
		b.Weights[i] += gain[i] / size * miss
		for j := range features {
			// It is bounded, or a feature that no wait tells anything of would grow for ever.
			b.Covariance[i][j] = max(-1e4, min(1e4, (b.Covariance[i][j]-gain[i]*gain[j]/size)/regressionForgets))
		}
	}
}

func sq(x float64) float64 { return x * x }
