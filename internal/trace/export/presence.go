package export

import (
	"cmp"
	"slices"
)

// maxCapacity is the most conversations of an agent that a trace may have.
const maxCapacity = 1_000

// openEnd is the end of a span that the export does not end.
const openEnd = int64(1) << 61

// measure finds how many contacts the agent may hold: so many that in a hundredth of the
// time with any they held more. A transfer, or a stamp of whole minutes, makes two of them
// overlap for a moment.
func (a *agent) measure() {
	type edge struct {
		at int64
		by int
	}
	edges := make([]edge, 0, 2*len(a.spans))
	for _, s := range a.spans {
		edges = append(edges, edge{s.from, 1}, edge{s.to, -1})
	}
	slices.SortFunc(edges, func(x, y edge) int { return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.by, y.by)) })
	times, total := make([]int64, maxCapacity+1), int64(0)
	held, since := 0, int64(0)
	for _, e := range edges {
		if held > 0 {
			times[min(held, maxCapacity)] += e.at - since
			total += e.at - since
		}
		held, since = held+e.by, e.at
	}
	above := int64(0)
	for a.capacity = maxCapacity; a.capacity > 1; a.capacity-- {
		if above += times[a.capacity]; above > total/100 {
			return
		}
	}
}

// presence returns when the agent was there, in order and without overlap. Where the
// export does not say, an agent is there from taking a contact to the end of the last one
// before so many milliseconds without any.
func (a *agent) presence(away int64) []span {
	all := a.said
	if len(all) == 0 {
		all = subtract(join(a.spans, away), a.away)
	}
	all = join(all, 0)
	outside := slices.DeleteFunc(slices.Clone(a.spans), func(s span) bool {
		i, _ := slices.BinarySearchFunc(all, s.from, func(x span, at int64) int { return cmp.Compare(x.to, at) })
		return i < len(all) && all[i].from <= s.from
	})
	// An agent who takes a contact is there, whatever the export says.
	return join(append(all, outside...), 0)
}

func sortSpans(all []span) {
	slices.SortFunc(all, func(x, y span) int { return cmp.Or(cmp.Compare(x.from, y.from), cmp.Compare(x.to, y.to)) })
}

// join returns the spans in order, with those as one that overlap or are less than so
// many milliseconds apart.
func join(all []span, gap int64) []span {
	all = slices.Clone(all)
	sortSpans(all)
	out := all[:0]
	for _, s := range all {
		if n := len(out); n > 0 && s.from <= out[n-1].to+gap {
			out[n-1].to = max(out[n-1].to, s.to)
		} else if s.to > s.from {
			out = append(out, s)
		}
	}
	return out
}

// subtract returns the spans without those that are taken away.
func subtract(all, away []span) []span {
	away = join(away, 0)
	var out []span
	for _, s := range all {
		for _, w := range away {
			if w.to <= s.from || w.from >= s.to {
				continue
			}
			if w.from > s.from {
				out = append(out, span{s.from, w.from})
			}
			if s.from = w.to; s.from >= s.to {
				break
			}
		}
		if s.from < s.to {
			out = append(out, s)
		}
	}
	return out
}
