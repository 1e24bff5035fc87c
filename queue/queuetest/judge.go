package queuetest

import (
	"fmt"
	"sync"
	"testing"

	"nextup/queue"
)

// judge watches every step of one replica and keeps its own books of which agent
// holds which ticket. It knows the rules, and shares no code with what follows them.
type judge struct {
	mu      sync.Mutex
	number  uint64
	at      queue.Stamp
	open    map[string]string // visitor → open ticket
	owner   map[string]string // ticket → agent
	weight  map[string]int
	token   map[string]uint64
	ticket  map[string]*queue.Ticket
	commits map[string]uint64 // commit id → number
	served  int
	wrong   []string
}

func newJudge() *judge {
	return &judge{
		open: map[string]string{}, owner: map[string]string{}, weight: map[string]int{},
		token: map[string]uint64{}, ticket: map[string]*queue.Ticket{}, commits: map[string]uint64{},
	}
}

func (j *judge) fail(format string, args ...any) {
	if len(j.wrong) < 10 {
		j.wrong = append(j.wrong, fmt.Sprintf(format, args...))
	}
}

// observe judges one record after it was applied to s.
func (j *judge) observe(s *queue.State, step queue.Step) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if step.Number != j.number+1 {
		j.fail("record %d follows record %d", step.Number, j.number)
	}
	if step.At < j.at {
		j.fail("record %d is stamped before its predecessor", step.Number)
	}
	if first, twice := j.commits[step.ID]; twice {
		j.fail("commit %s is in the log as %d and as %d", step.ID, first, step.Number)
	}
	j.number, j.at, j.commits[step.ID] = step.Number, step.At, step.Number
	for _, ts := range step.Tickets {
		j.judge(step, ts)
	}
	loads := map[string]int{}
	for t, a := range j.owner {
		loads[a] += j.weight[t]
	}
	for a, load := range loads {
		if agent := s.Agent(a); agent == nil || load > agent.Capacity {
			j.fail("record %d: agent %s holds %d", step.Number, a, load)
		}
		if load != s.Load(a) {
			j.fail("record %d: agent %s holds %d by the judge, %d by the state", step.Number, a, load, s.Load(a))
		}
	}
}

func (j *judge) judge(step queue.Step, ts queue.TicketStep) {
	t := ts.After
	if t == nil {
		id := ts.Before.ID
		if before := j.ticket[id]; !queue.Legal(step.Cause, before, nil) {
			j.fail("record %d: ticket %s went by %s, from %+v", step.Number, id, step.Cause, before)
		}
		delete(j.ticket, id)
		return
	}
	before := j.ticket[t.ID]
	if !queue.Legal(step.Cause, before, t) {
		j.fail("record %d: ticket %s went from %+v to %s by %s", step.Number, t.ID, before, t.Status, step.Cause)
	}
	j.ticket[t.ID], j.weight[t.ID] = t, t.Weight
	switch {
	case t.Open():
		if other := j.open[t.Visitor]; other != "" && other != t.ID {
			j.fail("record %d: visitor %s has tickets %s and %s", step.Number, t.Visitor, other, t.ID)
		}
		j.open[t.Visitor] = t.ID
	case j.open[t.Visitor] == t.ID:
		delete(j.open, t.Visitor)
	}
	if t.Status == queue.Assigned && (before == nil || before.Status != queue.Assigned) {
		if t.Token <= j.token[t.ID] {
			j.fail("record %d: ticket %s has token %d after %d", step.Number, t.ID, t.Token, j.token[t.ID])
		}
		j.token[t.ID] = t.Token
		j.served++
	}
	if by := t.HeldBy(); by != "" {
		if had := j.owner[t.ID]; had != "" && had != by {
			j.fail("record %d: ticket %s went from agent %s straight to %s", step.Number, t.ID, had, by)
		}
		j.owner[t.ID] = by
	} else {
		delete(j.owner, t.ID)
	}
}

// verdict fails the test with what the judge found wrong.
func (j *judge) verdict(t *testing.T) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, w := range j.wrong {
		t.Error(w)
	}
	if j.served == 0 {
		t.Error("no ticket was served: the test shows nothing")
	}
}
