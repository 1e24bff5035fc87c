package eta

// kernel holds, for each span and each earlier one in which a place was taken, the
// probability that the place is not free again at the end of the later one. The row of a
// span is computed when it is asked for.
type kernel struct {
	rows  [spans][spans]float64
	known int // rows that are computed
	row   func(span int, row *[spans]float64)
}

// upTo returns the rows up to that of a span.
func (k *kernel) upTo(span int) *[spans][spans]float64 {
	for ; k.known <= span; k.known++ {
		k.row(k.known, &k.rows[k.known])
	}
	return &k.rows
}

// kernel mixes the kernels of the queues that a group serves.
func (e *Estimator) kernel(m *model, g *group) *kernel {
	if k := e.rates.kernels[g.kind]; k != nil {
		return k
	}
	const unseen = 0.1 // part of an end, so that there is a mix before any end was seen
	mix := map[string]float64{}
	total := 0.0
	for _, i := range g.serves {
		q := m.lines[i].queue.String()
		if mix[q] == 0 {
			mix[q] = e.rates.seen[q] + unseen
			total += mix[q]
		}
	}
	queues := keys(mix)
	parts := make([]*kernel, len(queues))
	for i, q := range queues {
		parts[i] = e.queueKernel(q, min(g.agent.Capacity, maxConcurrent))
	}
	k := &kernel{row: func(span int, row *[spans]float64) {
		for n, q := range queues {
			part := mix[q] / total
			for i, busy := range parts[n].upTo(span)[span][:span+1] {
				row[i] += part * busy
			}
		}
	}}
	e.rates.kernels[g.kind] = k
	return k
}

// queueKernel returns the kernel of agents who hold so many conversations of one queue.
func (e *Estimator) queueKernel(q string, held int) *kernel {
	by := e.rates.queueKernels[q]
	if by == nil {
		by = &[maxConcurrent + 1]*kernel{}
		e.rates.queueKernels[q] = by
	}
	if by[held] == nil {
		again, ends := e.cycle(q, e.rates.speeds[held]), &e.rates.ends
		by[held] = &kernel{row: func(span int, row *[spans]float64) {
			until := 0.0 // the integral from the end of span i to that of the row's span
			for i := span; i >= 0; i-- {
				more := again(ends[span] - ends.from(i))
				row[i] = (more - until) / (ends[i] - ends.from(i))
				until = more
			}
		}}
	}
	return by[held]
}

// cycle returns the integral of the probability that a place is not free again so
// long after a ticket of the queue took it.
func (e *Estimator) cycle(q string, speed float64) func(float64) float64 {
	z := e.rates.service[q]
	return func(t float64) float64 {
		sum := 0.0
		for _, d := range e.rates.delays {
			d += e.rates.accept + e.rates.wrapUp
			sum += min(t, d)
			if after := t - d; after > 0 {
				sum += z.survivalIntegral(after*speed) / speed
			}
		}
		return sum / float64(len(e.rates.delays))
	}
}
