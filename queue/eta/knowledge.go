package eta

import (
	"math"
	"strconv"

	"nextup/queue"
)

// How long evidence keeps its weight, and how much the priors weigh beside it.
const (
	rememberedEnds    = 20_000 // ends of conversations
	rememberedPickups = 5_000  // ends of idling; staff change their habits sooner than visitors
	arrivalHalfLife   = 1800   // seconds; half-life of recent arrivals
	arrivalPrior      = 400    // weight of the long run, in arrivals, beside recent ones
	dayPrior          = 50     // weight of the long run, in arrivals, beside those of a time of day
	slots             = 96     // of 15 minutes
	slotSeconds       = 900
	slotDays          = 14 // days after which the evidence of a slot fades
	slotKeeps         = 0.9
	// maxStreams bounds the pairs of queue and head start that are counted apart.
	maxStreams = 64
	// maxConcurrent bounds the numbers of concurrent conversations of an agent that
	// are learned apart; concurrencyPrior is the weight, in ends, of the prior that
	// they are no slower than single ones.
	maxConcurrent    = 8
	concurrencyPrior = 30
)

// knowledge is what an estimator has learned about a site; it is the checkpoint.
// Its maps are by queue and so bounded by the site file.
type knowledge struct {
	At queue.Stamp `json:"at"`
	// Service is how long conversations last, Patience when visitors leave the
	// line, Pickup the time until an agent with room takes a ticket that waits.
	Service  map[string]*tally `json:"service"`
	Patience map[string]*tally `json:"patience"`
	Pickup   tally             `json:"pickup"`
	// Pace is how much faster conversations end now.
	Pace pace `json:"pace,omitzero"`
	// Accept is the time from an offer to its acceptance, WrapUp that from the end
	// of a conversation until the place is free.
	Accept runningMean `json:"accept"`
	WrapUp runningMean `json:"wrap_up"`
	// Concurrency is how fast conversations go when an agent holds so many.
	Concurrency [maxConcurrent + 1]concurrency `json:"together"`
	// Staff is how the places of each queue come and go.
	Staff map[string]*drift `json:"staff"`
	// Streams are arrivals by queue and head start.
	Streams map[string]*stream `json:"streams"`
	// Recent is the mean of the newest waits, Stretches are the factors of the quantiles by kind of
	// wait, Regression the correction of the mean.
	Recent     map[string]float64    `json:"recent,omitzero"`
	Stretches  map[string]*stretches `json:"stretches"`
	Regression regression            `json:"correction,omitzero"`
	// Jumps are the newest jumps of the log's clock.
	Jumps []jump `json:"jumps,omitempty"`
}

// runningMean is the mean of a short time that every ticket passes through.
type runningMean struct {
	N float64 `json:"n"`
	T float64 `json:"t"`
}

func (s *runningMean) add(seconds float64) {
	s.N, s.T = s.N*(1-1./rememberedEnds)+1, s.T*(1-1./rememberedEnds)+seconds
}

// mean returns the mean. The prior is one observation of 0 s.
func (s *runningMean) mean() float64 { return s.T / (s.N + 1) }

// concurrency counts the ends that were seen, and the ends that would be expected
// if each conversation went at full speed.
type concurrency struct {
	N float64 `json:"n"`
	E float64 `json:"e"`
}

func (t *concurrency) addEnd() { t.N, t.E = t.N*(1-1./rememberedEnds)+1, t.E*(1-1./rememberedEnds) }

// speed returns the speed of each conversation of an agent who holds n, where a
// single one has 1.
func (k *knowledge) speed(n int) float64 {
	if n <= 1 {
		return 1
	}
	t := &k.Concurrency[min(n, maxConcurrent)]
	return min(1.5, max(0.1, (t.N+concurrencyPrior)/(t.E+concurrencyPrior)))
}

// stream counts arrivals: recent ones, in the long run, and by time of day.
type stream struct {
	Queue string       `json:"queue"`
	Head  queue.Millis `json:"head"`
	Now   float64      `json:"now"`
	NowT  float64      `json:"now_t"`
	Long  float64      `json:"long"`
	LongT float64      `json:"long_t"`
	// Day counts the arrivals of each 15 minutes, DayT their seconds.
	Day  [slots]float64 `json:"day"`
	DayT [slots]float64 `json:"day_t"`
}

// passTime lets time pass for all streams.
func (k *knowledge) passTime(at queue.Stamp, dt float64) {
	keep := math.Exp2(-dt / arrivalHalfLife)
	slot := slotOf(at)
	for _, s := range k.Streams {
		s.Now *= keep
		s.NowT = s.NowT*keep + dt
		s.LongT += dt
		s.DayT[slot] += dt
	}
}

func slotOf(at queue.Stamp) int { return int(at / (slotSeconds * 1000) % slots) }

// addArrival counts an arrival.
func (k *knowledge) addArrival(q string, head queue.Millis, at queue.Stamp) {
	key := q + "+" + strconv.FormatInt(int64(head), 10)
	s := k.Streams[key]
	if s == nil {
		if len(k.Streams) >= maxStreams {
			return
		}
		s = &stream{Queue: q, Head: head, NowT: 60, LongT: 60} // as if the first came after a minute
		k.Streams[key] = s
	}
	s.Now++
	s.Long, s.LongT = s.Long*(1-1./rememberedEnds)+1, s.LongT*(1-1./rememberedEnds)
	slot := slotOf(at)
	s.Day[slot]++
	if s.DayT[slot] > slotDays*slotSeconds {
		s.Day[slot] *= slotKeeps
		s.DayT[slot] *= slotKeeps
	}
}

// rate returns the arrivals per second now: recent ones, mixed with the long run
// at this time of day.
func (s *stream) rate(at queue.Stamp) float64 {
	long := s.Long / s.LongT
	slot := slotOf(at)
	base := (s.Day[slot] + dayPrior) / (s.DayT[slot] + dayPrior/long)
	return (s.Now + arrivalPrior) / (s.NowT + arrivalPrior/base)
}

func (k *knowledge) service(q string) *tally  { return entry(k.Service, q) }
func (k *knowledge) patience(q string) *tally { return entry(k.Patience, q) }

func entry[T any](m map[string]*T, key string) *T {
	v := m[key]
	if v == nil {
		v = new(T)
		m[key] = v
	}
	return v
}
