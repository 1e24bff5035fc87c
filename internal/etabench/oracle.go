package main

import (
	"math/rand/v2"
	"slices"

	"nextup/queue"
	"nextup/queue/sim"
)

// steps returns an oracle that is exact where conversations and patience are
// exponential and every place is taken: with j ahead the next step comes at nμ+jθ
// (Whitt 1999), and arrivals that overtake take their part, as in the busy period of
// M/M/1. speed is the number of conversations that one agent ends per handling time.
func steps(patience, speed float64) func(*trialRun, sim.Arrival) (float64, float64) {
	return func(r *trialRun, v sim.Arrival) (float64, float64) {
		busy := 0.0
		for _, a := range v.State.Agents() {
			if a.Takes() {
				busy++
			}
		}
		rate, theta := busy*speed/handling, 0.0
		if patience > 0 {
			theta = 1 / patience
		}
		if d := &r.scenario.Queues[0]; len(d.Classes) > 0 && v.Ticket.HeadStart == 0 {
			rate -= d.PerHour / 3600 * d.Classes[0].Share
		}
		mean := 0.0
		for j := range v.State.Position(v.Ticket) {
			mean += 1 / (rate + float64(j)*theta)
		}
		return mean, 0
	}
}

// plays is the number of plays behind the mean of an oracle without a formula.
const plays = 100

// played returns an oracle for any distribution of conversations: it plays the lines
// forward with the true distribution and the true age of each conversation. It is
// written without the product's own rules, and so checks them.
//
// An agent takes some time to accept, which a place has still to spend where it is offered a ticket.
func played(draw, accept sim.Draw) func(*trialRun, sim.Arrival) (float64, float64) {
	return func(r *trialRun, v sim.Arrival) (float64, float64) {
		if r.rng == nil {
			r.rng = rand.New(rand.NewPCG(r.scenario.Seed, 99))
		}
		var places []place
		for _, a := range v.State.Agents() {
			for _, t := range v.State.Held(a.ID) {
				p := place{agent: a, age: float64(v.Now - t.AssignedAt)}
				if t.Status == queue.Offered {
					p.age, p.offered, p.waited = 0, true, float64(v.Now-t.Offer.At)
				}
				places = append(places, p)
			}
		}
		queues := v.State.Site().Queues()
		lines := make([][]queue.Stamp, len(queues))
		own := 0
		for i, q := range queues {
			if q == v.Ticket.Queue() {
				own = i
			}
			v.State.Sweep(q, 1, v.State.Size(q), func(_ int, t *queue.Ticket) bool {
				if t.Before(v.Ticket) && t.Status == queue.Waiting { // those who are offered have their place
					lines[i] = append(lines[i], t.Score())
				}
				return true
			})
		}
		for i := range places {
			for k, q := range queues {
				if places[i].agent.Serves(q) {
					places[i].serves = append(places[i].serves, k)
				}
			}
		}
		places = slices.DeleteFunc(places, func(p place) bool { return len(p.serves) == 0 })
		var sum, squares float64
		for range plays {
			w := r.playOnce(draw, accept, places, lines, own)
			sum, squares = sum+w, squares+w*w
		}
		mean := sum / plays
		return mean, (squares/plays - mean*mean) / (plays - 1)
	}
}

// place is an open conversation, or an offer that has waited for so long, and the queues that its agent
// may serve next. Times are in milliseconds.
type place struct {
	agent   *queue.Agent
	age     float64
	offered bool
	waited  float64
	serves  []int
}

// ending is a place and the time at which it is free, in milliseconds from now.
type ending struct {
	at     float64
	serves []int
}

// playOnce runs one play and returns the wait in seconds.
func (r *trialRun) playOnce(draw, accept sim.Draw, places []place, lines [][]queue.Stamp, own int) float64 {
	h := r.heap[:0]
	for _, p := range places {
		at := draw.Residual(p.age, r.rng)
		if p.offered {
			at += accept.Residual(p.waited, r.rng)
		}
		h = append(h, ending{at, p.serves})
	}
	for i := len(h)/2 - 1; i >= 0; i-- {
		sift(h, i)
	}
	next := make([]int, len(lines))
	for {
		e := h[0]
		best := -1
		mine := false
		for _, i := range e.serves {
			switch {
			case next[i] < len(lines[i]):
				if best < 0 || lines[i][next[i]] < lines[best][next[best]] {
					best = i
				}
			case i == own:
				mine = true
			}
		}
		if best < 0 && mine {
			r.heap = h
			return (e.at + accept.Next(r.rng)) / 1000
		}
		if best >= 0 {
			next[best]++
			h[0].at += accept.Next(r.rng) + draw.Next(r.rng)
		} else { // the other tickets that it serves come after ours and do not matter
			h[0].at += 1e12
		}
		sift(h, 0)
	}
}

func sift(h []ending, i int) {
	for {
		least := i
		for _, j := range [2]int{2*i + 1, 2*i + 2} {
			if j < len(h) && h[j].at < h[least].at {
				least = j
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}
