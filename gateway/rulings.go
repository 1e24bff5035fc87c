package gateway

import (
	"context"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"nextup/app/conversation"
	"nextup/gateway/protocol"
	"nextup/queue"
)

// copyRulings copies into their conversations that tickets lost their agents or
// ended, whoever brought that about. The dispatcher does it for all: who ended a
// ticket may not live to do so. What fails is tried again at the next tick.
func (d *dispatch) copyRulings() {
	d.mu.Lock()
	ruled := d.ruled
	d.ruled = nil
	d.mu.Unlock()
	d.read(func(st *queue.State) {
		for i, t := range ruled { // as they are now: a fork may have come between
			if is := st.Ticket(t.ID); is != nil {
				ruled[i] = is
			}
		}
	})
	ruled = slices.DeleteFunc(ruled, func(t *queue.Ticket) bool { return t.Open() && t.Loss == nil })
	if len(ruled) == 0 {
		return
	}
	failed := make([]*queue.Ticket, len(ruled))
	var all errgroup.Group
	all.SetLimit(16)
	for i, t := range ruled {
		all.Go(func() error {
			record := d.copyLoss
			if !t.Open() {
				record = d.copyEnd
			}
			if err := record(d.g.ctx, t); err != nil {
				failed[i] = t
			}
			return nil
		})
	}
	_ = all.Wait()
	failed = slices.DeleteFunc(failed, func(t *queue.Ticket) bool { return t == nil })
	d.mu.Lock()
	d.ruled = append(failed, d.ruled...)
	d.mu.Unlock()
}

// copyLoss copies into the conversation that its ticket lost an agent. Whatever
// else is copied comes after it, so that people read what happened in its order.
func (s *site) copyLoss(ctx context.Context, t *queue.Ticket) error {
	if t.Loss == nil {
		return nil
	}
	var who *protocol.Person
	s.read(func(st *queue.State) { who = agentPerson(st, t.Loss.Agent) })
	err := s.g.options.Conversations.AgentLost(ctx, s.id, t.ID, t.Loss.Number, *who, t.Loss.Token)
	if errors.Is(err, conversation.ErrFenced) || errors.Is(err, conversation.ErrClosed) {
		return nil // too late to be said
	}
	return err
}

// copyEnd copies into the conversation that its ticket ended.
func (s *site) copyEnd(ctx context.Context, t *queue.Ticket) error {
	if err := s.copyLoss(ctx, t); err != nil {
		return err
	}
	return s.g.options.Conversations.Closed(ctx, s.id, t.ID, t.Rev.Number)
}
