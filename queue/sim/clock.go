package sim

import "nextup/queue"

// event is something that will happen in the run.
type event struct {
	at   float64 // milliseconds after Start
	n    uint64  // order among events at the same time
	kind kind
	// i is the index of a demand or an agent.
	i int
	// visitor and mark belong to a ticket's event; an event with an older mark than
	// the visitor's is void.
	visitor *visitor
	mark    int
}

type kind uint8

const (
	arrival kind = iota
	patienceEnds
	accepted
	offerEnds
	finished
	shiftBegins
	shiftEnds
	tick
)

// clock is a heap of events. (container/heap costs an allocation per event.)
type clock struct {
	heap []event
	n    uint64
	now  float64
}

func (a *event) before(b *event) bool { return a.at < b.at || a.at == b.at && a.n < b.n }

func (c *clock) push(e event) {
	c.n++
	e.n = c.n
	c.heap = append(c.heap, e)
	i := len(c.heap) - 1
	for i > 0 {
		up := (i - 1) / 2
		if !c.heap[i].before(&c.heap[up]) {
			break
		}
		c.heap[i], c.heap[up] = c.heap[up], c.heap[i]
		i = up
	}
}

func (c *clock) pop() event {
	top := c.heap[0]
	last := len(c.heap) - 1
	c.heap[0] = c.heap[last]
	c.heap[last] = event{}
	c.heap = c.heap[:last]
	for i := 0; ; {
		least := i
		for _, j := range [2]int{2*i + 1, 2*i + 2} {
			if j < last && c.heap[j].before(&c.heap[least]) {
				least = j
			}
		}
		if least == i {
			break
		}
		c.heap[i], c.heap[least] = c.heap[least], c.heap[i]
		i = least
	}
	c.now = top.at
	return top
}

// Start is the stamp at which every run begins.
const Start queue.Stamp = 1_000_000_000_000

func (c *clock) stamp() queue.Stamp { return Start + queue.Stamp(c.now) }
