package trace

import (
	"fmt"
	"io"
	"math"

	"nextup/queue"
)

// Score judges the estimates at the joins of visitors who were served later, beside
// simpler methods. Waits are in seconds.
type Score struct {
	// Over leaves out waits of at most so many seconds, From visitors who joined
	// before that time, in milliseconds, and Until those who joined later; 0 is no bound.
	Over  float64
	From  int64
	Until int64
	// Strict lets the simpler methods learn only from waits that are scored. Otherwise
	// they learn from every wait, as the products that use them do.
	Strict bool
	// Hour returns the hour of the day of a stamp; nil counts from the first midnight in
	// UTC.
	Hour func(at int64) int

	open   map[string]*comparison
	queues map[string]*history
	all    []comparison
	// unknown counts the waits without an estimate.
	unknown int
	// watched counts the visitors who were estimated again, rose those of them that saw
	// a longer wait.
	watched, rose int
}

// Baselines names the simpler methods.
var Baselines = []string{"last 10", "LES", "EWMA", "long-run mean", "position × handling ÷ agents"}

// comparison holds one wait and what each method estimated.
type comparison struct {
	estimate  Estimate
	headStart queue.Millis
	baselines [5]float64
	wait      float64
	// last is the upper end that was shown last, watched and rose are as in Score.
	last          int
	watched, rose bool
}

// history is what the simpler methods remember of a queue.
type history struct {
	last           []float64
	ewma, sum, n   float64
	handling, done float64
}

func (s *Score) history(q string) *history {
	if s.queues == nil {
		s.queues, s.open = map[string]*history{}, map[string]*comparison{}
	}
	p := s.queues[q]
	if p == nil {
		p = &history{}
		s.queues[q] = p
	}
	return p
}

func (s *Score) estimate(st *queue.State, t *queue.Ticket, estimate Estimate) {
	p := s.history(t.Language)
	if !estimate.AtJoin {
		if o := s.open[t.ID]; o != nil && estimate.Known {
			o.watched, o.rose = true, o.rose || o.last > 0 && estimate.High > o.last
			o.last = estimate.High
		}
		return
	}
	o := &comparison{estimate: estimate, headStart: t.HeadStart, last: estimate.High}
	if n := len(p.last); n > 0 {
		for _, w := range p.last {
			o.baselines[0] += w / float64(n)
		}
		o.baselines[1], o.baselines[2], o.baselines[3] = p.last[n-1], p.ewma, p.sum/p.n
	}
	agents := 0.0
	for _, a := range st.Agents() {
		if a.Takes() && a.Serves(t.Queue()) {
			agents += float64(a.Capacity)
		}
	}
	handling := 300.0
	if p.done > 0 {
		handling = p.handling / p.done
	}
	o.baselines[4] = float64(estimate.Position) * handling / max(1, agents)
	s.open[t.ID] = o
}

func (s *Score) left(ticket string) {
	s.watch(s.open[ticket])
	delete(s.open, ticket)
}

// watch counts a visitor whose wait is over.
func (s *Score) watch(o *comparison) {
	if o != nil && o.watched && s.judges(o) {
		s.watched++
		if o.rose {
			s.rose++
		}
	}
}

// judges reports whether a visitor joined in the time that is judged.
func (s *Score) judges(o *comparison) bool {
	return o.estimate.At >= s.From && (s.Until == 0 || o.estimate.At < s.Until)
}

// Rises returns how many visitors were estimated again while they waited, and how many
// of them saw a longer wait than before.
func (s *Score) Rises() (watched, rose int) { return s.watched, s.rose }

func (s *Score) served(t *queue.Ticket) {
	o := s.open[t.ID]
	if o == nil {
		return
	}
	s.watch(o)
	delete(s.open, t.ID)
	o.wait = float64(t.AssignedAt-t.JoinedAt) / 1000
	if o.wait > s.Over && s.judges(o) {
		if o.estimate.Known {
			s.all = append(s.all, *o)
		} else {
			s.unknown++
		}
	}
	if p := s.history(t.Language); o.wait > s.Over || !s.Strict {
		if p.last = append(p.last, o.wait); len(p.last) > 10 {
			p.last = p.last[1:]
		}
		if p.n == 0 {
			p.ewma = o.wait
		}
		p.ewma += 0.1 * (o.wait - p.ewma)
		p.sum, p.n = p.sum+o.wait, p.n+1
	}
}

func (s *Score) closed(t *queue.Ticket) {
	p := s.history(t.Language)
	p.handling, p.done = p.handling+float64(t.EndedAt-t.AssignedAt)/1000, p.done+1
}

// Figures are the errors of one method, in seconds.
type Figures struct {
	Name            string
	N               int
	RMSE, MAE, Bias float64
}

func figures(name string, all []comparison, of func(*comparison) float64) Figures {
	f := Figures{Name: name, N: len(all)}
	for i := range all {
		d := of(&all[i]) - all[i].wait
		f.RMSE, f.MAE, f.Bias = f.RMSE+d*d, f.MAE+math.Abs(d), f.Bias+d
	}
	n := max(1, float64(f.N))
	f.RMSE, f.MAE, f.Bias = math.Sqrt(f.RMSE/n), f.MAE/n, f.Bias/n
	return f
}

// Figures returns the errors of Nextup first, then those of the Baselines.
func (s *Score) Figures() []Figures {
	out := []Figures{figures("Nextup", s.all, func(o *comparison) float64 { return o.estimate.Mean })}
	for i, name := range Baselines {
		out = append(out, figures(name, s.all, func(o *comparison) float64 { return o.baselines[i] }))
	}
	return out
}

// Coverage returns the share of waits between P10 and P90, and the share above the
// upper end that was shown.
func (s *Score) Coverage() (inside, over float64) {
	all := s.truth("all", s.all)
	return all.Inside, all.Over
}

// Print writes the summary.
func (s *Score) Print(out io.Writer) {
	fmt.Fprintf(out, "%d waits over %v s were scored", len(s.all), s.Over)
	if s.unknown > 0 {
		fmt.Fprintf(out, "; of %d more nothing was known", s.unknown)
	}
	fmt.Fprintln(out)
	for _, f := range s.Figures() {
		fmt.Fprintf(out, "%-30s RMSE %7.1f s   MAE %7.1f s   bias %+7.1f s\n", f.Name, f.RMSE, f.MAE, f.Bias)
	}
	s.printTruths(out)
}
