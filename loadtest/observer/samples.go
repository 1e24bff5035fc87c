package observer

import (
	"maps"
	"slices"
)

// Second is what the log says at one moment.
type Second struct {
	Waiting int `json:"waiting"`
	Talking int `json:"talking"`
	// Wait is the median of the waits that ended with an agent since the sample
	// before, in seconds; 0 for none.
	Wait float64 `json:"wait_s"`
	// Offer is the longest from a free place to an offer since the sample before, in ms.
	Offer float64 `json:"offer_ms"`
	// Staleness is the worst since the sample before, in ms by band.
	Staleness map[string]float64 `json:"staleness_ms"`
	Number    uint64             `json:"log"`
	// Joins are those since the beginning.
	Joins uint64 `json:"joins"`
}

// Sample takes what has come since the last one.
func (o *Observer) Sample() Second {
	o.mu.Lock()
	defer o.mu.Unlock()
	slices.Sort(o.waits)
	s := Second{Waiting: o.waiting, Talking: o.talking, Offer: o.slowest, Staleness: maps.Clone(o.second), Number: o.state.Number(), Joins: o.tallies.Joins}
	if len(o.waits) > 0 {
		s.Wait = o.waits[len(o.waits)/2]
	}
	o.waits, o.slowest = o.waits[:0], 0
	clear(o.second)
	return s
}

// Quantiles sum up measured times in ms.
type Quantiles struct {
	Count int     `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

func quantiles(of []float64) Quantiles {
	s := slices.Sorted(slices.Values(of))
	if len(s) == 0 {
		return Quantiles{}
	}
	// The smallest value that at least the share q does not exceed.
	at := func(q float64) float64 { return s[max(0, min(len(s)-1, int(q*float64(len(s))+0.999999)-1))] }
	return Quantiles{Count: len(s), P50: at(0.5), P90: at(0.9), P99: at(0.99), Max: s[len(s)-1]}
}

// Report is what an observer found.
type Report struct {
	// Staleness is by band: first_10, first_100, others.
	Staleness map[string]Quantiles `json:"staleness_ms"`
	// Stale counts the views that came later than each band's promise.
	Stale map[string]int `json:"stale_views"`
	// Offer is from a free place and a waiting ticket to the offer.
	Offer   Quantiles `json:"offer_ms"`
	Tallies Tallies   `json:"tallies"`
}

// Mark is how much had been measured at a moment.
type Mark struct {
	offers int
	stale  map[string]int
}

// Mark marks the moment.
func (o *Observer) Mark() Mark {
	o.mu.Lock()
	defer o.mu.Unlock()
	m := Mark{offers: len(o.offers), stale: map[string]int{}}
	for band, ages := range o.stale {
		m.stale[band] = len(ages)
	}
	return m
}

// Between is the part of a report that was measured from one mark to another.
func (o *Observer) Between(from, to Mark) Report {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := Report{Staleness: map[string]Quantiles{}, Offer: quantiles(o.offers[from.offers:to.offers])}
	for band, ages := range o.stale {
		r.Staleness[band] = quantiles(ages[from.stale[band]:to.stale[band]])
	}
	return r
}

// Promise is the greatest age of a shown place in ms, by band.
type Promise map[string]float64

// Report sums up the run.
func (o *Observer) Report(p Promise) Report {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := Report{Staleness: map[string]Quantiles{}, Stale: map[string]int{}, Offer: quantiles(o.offers), Tallies: o.tallies}
	for _, b := range bands {
		r.Staleness[b.Name] = quantiles(o.stale[b.Name])
		for _, age := range o.stale[b.Name] {
			if age > p[b.Name] {
				r.Stale[b.Name]++
			}
		}
	}
	return r
}
