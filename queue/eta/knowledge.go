package eta

import (
	"math"
	"strconv"

	"nextup/queue"
)

// How long what was seen keeps its weight, and what stands in for it until
// there is something.
const (
	memory      = 20_000 // ends of conversations
	pickups     = 5_000  // ends of idling; staff change their ways sooner than visitors
	recent      = 1800   // seconds of half-life for arrivals of now
	arrivalDraw = 400    // arrivals that the long run is worth beside those of now
	dayDraw     = 50     // arrivals that it is worth beside those of a time of day
	slots       = 96     // of 15 minutes
	slotSeconds = 900
	slotDays    = 14 // days after which what a slot saw fades
	slotKeeps   = 0.9
	// maxStreams bounds the pairs of queue and head start told apart.
	maxStreams = 64
	// maxTogether bounds the conversations of one agent told apart by their
	// number; togetherDraw is how many "no slower together" is worth.
	maxTogether  = 8
	togetherDraw = 30
)

// knowledge is what an estimator has learned of a site; it is the checkpoint.
// Its maps are by queue and so bounded by the site file.
type knowledge struct {
	At queue.Stamp `json:"at"`
	// Service is how long conversations last, Patience when visitors leave the
	// line, Pickup the time until an agent with room takes somebody who waits.
	Service  map[string]*tally `json:"service"`
	Patience map[string]*tally `json:"patience"`
	Pickup   tally             `json:"pickup"`
	// Accept is the time from an offer to its acceptance, WrapUp that from the end
	// of a conversation until the place is free.
	Accept stage `json:"accept"`
	WrapUp stage `json:"wrap_up"`
	// Together tells how conversations go when an agent holds so many.
	Together [maxTogether + 1]together `json:"together"`
	// Staff is how the places of each queue come and go.
	Staff map[string]*drift `json:"staff"`
	// Streams are arrivals by queue and head start.
	Streams map[string]*stream `json:"streams"`
	// Errors is how true the forecasts were, History the last waits, Blend what is
	// made of them.
	Errors  map[string]*calibration `json:"errors"`
	History map[string]*history     `json:"history"`
	Blend   blend                   `json:"blend"`
	// Jumps are the newest jumps of the log's clock.
	Jumps []jump `json:"jumps,omitempty"`
}

// stage is the mean of a short time that everybody passes through.
type stage struct {
	N float64 `json:"n"`
	T float64 `json:"t"`
}

func (s *stage) add(seconds float64) { s.N, s.T = s.N*(1-1./memory)+1, s.T*(1-1./memory)+seconds }

// mean is 0 s until something was seen, which counts as one time seen.
func (s *stage) mean() float64 { return s.T / (s.N + 1) }

// together are the ends seen, and those expected had each conversation gone at
// full speed.
type together struct {
	N float64 `json:"n"`
	E float64 `json:"e"`
}

func (t *together) end() { t.N, t.E = t.N*(1-1./memory)+1, t.E*(1-1./memory) }

// speed is that of each conversation of an agent who holds n.
func (k *knowledge) speed(n int) float64 {
	if n <= 1 {
		return 1
	}
	t := &k.Together[min(n, maxTogether)]
	return min(1.5, max(0.1, (t.N+togetherDraw)/(t.E+togetherDraw)))
}

// stream counts arrivals: of now, in the long run, and by time of day.
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

// spend lets time pass for all streams.
func (k *knowledge) spend(at queue.Stamp, dt float64) {
	keep := math.Exp2(-dt / recent)
	slot := slotOf(at)
	for _, s := range k.Streams {
		s.Now *= keep
		s.NowT = s.NowT*keep + dt
		s.LongT += dt
		s.DayT[slot] += dt
	}
}

func slotOf(at queue.Stamp) int { return int(at / (slotSeconds * 1000) % slots) }

// joined counts an arrival.
func (k *knowledge) joined(q string, head queue.Millis, at queue.Stamp) {
	key := q + "+" + strconv.FormatInt(int64(head), 10)
	s := k.Streams[key]
	if s == nil {
		if len(k.Streams) >= maxStreams {
			return
		}
		s = &stream{Queue: q, Head: head, NowT: 60, LongT: 60} // the first comes after a minute, say
		k.Streams[key] = s
	}
	s.Now++
	s.Long, s.LongT = s.Long*(1-1./memory)+1, s.LongT*(1-1./memory)
	slot := slotOf(at)
	s.Day[slot]++
	if s.DayT[slot] > slotDays*slotSeconds {
		s.Day[slot] *= slotKeeps
		s.DayT[slot] *= slotKeeps
	}
}

// rate is the arrivals per second now: what was seen lately, mixed with what the
// long run says of this time of day.
func (s *stream) rate(at queue.Stamp) float64 {
	long := s.Long / s.LongT
	slot := slotOf(at)
	base := (s.Day[slot] + dayDraw) / (s.DayT[slot] + dayDraw/long)
	return (s.Now + arrivalDraw) / (s.NowT + arrivalDraw/base)
}

func (k *knowledge) service(q string) *tally  { return of(k.Service, q) }
func (k *knowledge) patience(q string) *tally { return of(k.Patience, q) }

func of[T any](m map[string]*T, key string) *T {
	v := m[key]
	if v == nil {
		v = new(T)
		m[key] = v
	}
	return v
}
