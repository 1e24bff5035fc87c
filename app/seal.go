package app

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"nextup/app/conversation"
	"nextup/queue"
)

const (
	// sealRetry is how soon a record that could not be written is tried again.
	sealRetry = 100 * time.Millisecond
	// sealAgain is how far back a new worker looks for tickets whose conversations may
	// lack a record of the last one's.
	sealAgain queue.Millis = 60_000
)

// sealing is the worker that copies into their conversations that tickets lost their
// agents or ended, whatever brought that about: who ended a ticket may not live to do
// so.
type sealing struct {
	site  *Site
	woken chan struct{}

	mu      sync.Mutex
	elected bool
	tickets []*queue.Ticket // whose conversations are to have a record
}

func newSealing(s *Site) *sealing { return &sealing{site: s, woken: make(chan struct{}, 1)} }

// Elected implements Worker: what has ended or lost its agent lately is recorded
// again, or at last.
func (s *sealing) Elected(st *queue.State) {
	since := st.At().Add(-sealAgain)
	tickets := st.Ended(since)
	st.Tickets(func(t *queue.Ticket) {
		if t.Open() && t.Loss != nil && t.Loss.At >= since {
			tickets = append(tickets, t)
		}
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.elected, s.tickets = true, tickets
	s.wakeLocked()
}

// Dismissed implements Worker.
func (s *sealing) Dismissed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.elected, s.tickets = false, nil
}

// Steps implements Worker.
func (s *sealing) Steps(_ *queue.State, steps []queue.Step) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, step := range steps {
		for _, t := range step.Tickets {
			if t.After != nil && (!t.After.Open() && (t.Before == nil || t.Before.Open()) || t.After.LostSince(step.Number-1)) {
				s.tickets = append(s.tickets, t.After)
				s.wakeLocked()
			}
		}
	}
}

func (s *sealing) wakeLocked() {
	select {
	case s.woken <- struct{}{}:
	default:
	}
}

// Run implements Worker.
func (s *sealing) Run(ctx context.Context) {
	again := time.NewTimer(0)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.woken:
		case <-again.C:
		}
		s.mu.Lock()
		elected := s.elected
		s.mu.Unlock()
		if elected && (s.site.Takes() != nil || !s.seal(ctx)) {
			again.Reset(sealRetry)
		}
	}
}

// seal writes what is due and reports whether nothing is left to be tried again.
func (s *sealing) seal(ctx context.Context) bool {
	s.mu.Lock()
	due := s.tickets
	s.tickets = nil
	s.mu.Unlock()
	s.site.Read(func(st *queue.State) {
		for i, t := range due { // as they are now: a fork may have come between
			if now := st.Ticket(t.ID); now != nil {
				due[i] = now
			}
		}
	})
	due = slices.DeleteFunc(due, func(t *queue.Ticket) bool { return t.Open() && t.Loss == nil })
	if len(due) == 0 {
		return true
	}
	failed := make([]*queue.Ticket, len(due))
	var all errgroup.Group
	all.SetLimit(16)
	for i, t := range due {
		all.Go(func() error {
			record := s.site.recordLoss
			if !t.Open() {
				record = s.site.recordEnd
			}
			if err := record(ctx, t); err != nil {
				failed[i] = t
			}
			return nil
		})
	}
	_ = all.Wait()
	failed = slices.DeleteFunc(failed, func(t *queue.Ticket) bool { return t == nil })
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.elected {
		s.tickets = append(failed, s.tickets...)
	}
	return len(failed) == 0
}

// recordLoss copies into the conversation that its ticket lost an agent. Whatever
// else is copied comes after it, so that people read what happened in its order.
func (s *Site) recordLoss(ctx context.Context, t *queue.Ticket) error {
	if t.Loss == nil {
		return nil
	}
	agent := conversation.Person{Role: conversation.Role(Agent), ID: t.Loss.Agent}
	s.Read(func(st *queue.State) {
		if a := st.Agent(agent.ID); a != nil {
			agent.Name = a.DisplayName
		}
	})
	err := s.app.options.Conversations.AgentLost(ctx, s.id, t.ID, t.Loss.Number, agent, t.Loss.Token)
	if errors.Is(err, conversation.ErrFenced) || errors.Is(err, conversation.ErrClosed) {
		return nil // too late to be said
	}
	return err
}

// recordEnd copies into the conversation that its ticket ended, which seals it.
func (s *Site) recordEnd(ctx context.Context, t *queue.Ticket) error {
	if err := s.recordLoss(ctx, t); err != nil {
		return err
	}
	return s.app.options.Conversations.Closed(ctx, s.id, t.ID, t.Rev.Number)
}

// restoreEnd copies the end of a ticket into its conversation if that has lost it, as it
// may in a failover.
func (s *Site) restoreEnd(ctx context.Context, t *queue.Ticket) error {
	if ended, err := s.app.options.Conversations.Ended(ctx, s.id, t.ID); ended || err != nil {
		return err
	}
	return s.recordEnd(ctx, t)
}

// EndAgain ends a ticket whose conversation is closed, if it is open: a fork of the
// site's log lost the end that people have been told. Mostly it is only this replica that
// has not replayed it yet, and then there is nothing to do. It returns at once.
func (s *Site) EndAgain(ticket string) { s.app.work.Go(func() { s.endAgain(ticket) }) }

func (s *Site) endAgain(ticket string) {
	ctx, cancel := context.WithTimeout(s.ctx, 5*time.Second)
	defer cancel()
	err := s.Sync(ctx)
	if err == nil {
		_, err = s.Decide(ctx, Refusals{}, func(st *queue.State) (queue.Change, error) {
			t := st.Ticket(ticket)
			switch {
			case t == nil || !t.Open():
				return queue.Change{}, nil
			case t.Status == queue.Assigned:
				return st.Close(t.Agent, ticket)
			default:
				return st.Leave(t.Visitor, ticket)
			}
		})
	}
	if err != nil { // the next one who opens the conversation finds it
		s.log.Warn("a ticket is open beside its closed conversation", "ticket", ticket, "err", err)
	}
}
