package eta

// kernel holds, for each span and each earlier one in which a place was taken, the
// probability that the place is not free again at the end of the later one.
type kernel [spans][spans]float64

// newKernel mixes the kernels of the queues that a group serves.
func (e *Estimator) newKernel(m *model, g *group) *kernel {
	const unseen = 0.1 // part of an end, so that there is a mix before any end was seen
	mix := map[string]float64{}
	total := 0.0
	for _, i := range g.serves {
		q := m.lines[i].queue.String()
		if mix[q] == 0 {
			n, _ := e.known.service(q).totals()
			mix[q] = n + unseen
			total += n + unseen
		}
	}
	out := &kernel{}
	for _, q := range keys(mix) {
		k, part := e.queueKernel(m, q, min(g.agent.Capacity, maxConcurrent)), mix[q]/total
		for j := range spans {
			for i := range j + 1 {
				out[j][i] += part * k[j][i]
			}
		}
	}
	return out
}

// queueKernel returns the kernel of agents who hold so many conversations of one queue.
func (e *Estimator) queueKernel(m *model, q string, held int) *kernel {
	by := e.rates.queueKernels[q]
	if by == nil {
		by = &[maxConcurrent + 1]*kernel{}
		e.rates.queueKernels[q] = by
	}
	if by[held] != nil {
		return by[held]
	}
	k := &kernel{}
	by[held] = k
	again := e.cycle(q, e.known.speed(held))
	for j := range spans {
		until := 0.0 // the integral from the end of span i to that of span j
		for i := j; i >= 0; i-- {
			more := again(m.ends[j] - m.from(i))
			k[j][i] = (more - until) / (m.ends[i] - m.from(i))
			until = more
		}
	}
	return k
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
