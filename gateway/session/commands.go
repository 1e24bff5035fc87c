package session

import (
	"context"
	"errors"

	"github.com/go-json-experiment/json"

	"nextup/app"
	"nextup/gateway/admission"
	"nextup/gateway/protocol"
	"nextup/queue"
)

// commandOf is what a request of a person asks the application for, nil for a renewal, which
// is the conn's own. Follows reports whether a conversation is followed already.
func commandOf(req protocol.Request, from protocol.Person, follows func(ticket string) bool) app.Command {
	switch r := req.(type) {
	case protocol.Join:
		return app.Join{
			Department: r.Department, Languages: r.Languages, LanguageRequired: r.LanguageRequired,
			Topic: r.Topic, Urgency: r.Urgency, Request: r.ID,
		}
	case protocol.Leave:
		return app.Leave{Ticket: r.Ticket}
	case protocol.Rate:
		return app.Rate{Ticket: r.Ticket, Score: r.Score, Comment: r.Comment}
	case protocol.Status:
		return app.SetStatus{Status: queue.AgentStatus(r.Status)}
	case protocol.Accept:
		return app.Accept{Offer: r.Offer}
	case protocol.Decline:
		return app.Decline{Offer: r.Offer}
	case protocol.Close:
		return app.Close{Ticket: r.Ticket, After: queue.Millis(r.AfterS) * 1000}
	case protocol.CancelClose:
		return app.CancelClose{Ticket: r.Ticket}
	case protocol.Finish:
		return app.Finish{Ticket: r.Ticket}
	case protocol.Transfer:
		to := queue.Target{Agent: r.To.Agent, Department: r.To.Department, Language: r.To.Language, Tier: r.To.Tier}
		return app.Transfer{Ticket: r.Ticket, To: to, Note: r.Note}
	case protocol.Consult:
		return app.Consult{Ticket: r.Ticket, Agent: r.Agent}
	case protocol.HeadStart:
		return app.SetHeadStart{Ticket: r.Ticket, HeadStart: queue.Millis(r.HeadStartS) * 1000, Reason: r.Reason}
	case protocol.Pause:
		return app.Pause{Queue: queue.QueueID{Department: r.Department, Language: r.Language}, Paused: r.Paused, Reason: r.Reason}
	case protocol.Open:
		return app.Open{Ticket: r.Ticket, Again: follows(r.Ticket)}
	case protocol.Send:
		return app.Send{Ticket: r.Ticket, MessageID: r.MessageID, Text: r.Text}
	case protocol.Note:
		return app.Note{Ticket: r.Ticket, MessageID: r.MessageID, Text: r.Text}
	case protocol.Whisper:
		return app.Whisper{Ticket: r.Ticket, MessageID: r.MessageID, Text: r.Text}
	case protocol.Read:
		return app.MarkRead{Ticket: r.Ticket, UpTo: r.UpTo}
	case protocol.Typing:
		r.From = &from
		if signal, err := json.Marshal(r); err == nil {
			return app.Typing{Ticket: r.Ticket, Signal: signal}
		}
	}
	return nil
}

// submit has a request done and answered.
func (c *Conn) submit(req protocol.Request, to Reply) {
	if !c.inHand.begin() { // a client that is sent elsewhere asks again there
		if to != nil {
			c.refuse(to, req.RequestID(), context.Canceled)
		}
		return
	}
	if r, ok := req.(protocol.Renew); ok {
		c.renew(r, to)
		return
	}
	if r, ok := req.(protocol.Open); ok && !c.hasRoom(r.Ticket) {
		c.inHand.end()
		c.refuse(to, r.ID, queue.ErrForbidden) // before a supervisor's reading is audited
		return
	}
	command := commandOf(req, c.person(), c.follows)
	if command == nil {
		c.inHand.end()
		c.refuse(to, req.RequestID(), errors.New("gateway: a frame without a command"))
		return
	}
	m, writes := messageOf(req)
	if writes {
		c.writing.begin(m)
	}
	c.site.Submit(c.server.ctx, &c.actor, command, func(r app.Receipt, err error) {
		if writes {
			c.writing.end(m) // before the answer is sent, which takes along what was kept
		}
		c.tell(to, req, r, err)
		c.inHand.end()
	})
}

// tell answers a request with what came of it.
func (c *Conn) tell(to Reply, req protocol.Request, r app.Receipt, err error) {
	switch req := req.(type) {
	case protocol.Typing:
		noAnswer(to)
		return
	case protocol.Open:
		if err == nil {
			err = c.follow(req)
		}
	case protocol.Join:
		if err == nil {
			c.Show() // the ticket may have been there, and nothing come by replay
		}
	}
	if err != nil {
		c.refuse(to, req.RequestID(), err)
		return
	}
	c.answer(to, protocol.OK{ID: req.RequestID(), Log: r.Log, Ticket: r.Ticket, MessageID: r.MessageID, Number: r.Number, AtMS: r.AtMS})
}

// retryable reports whether the same hello may succeed later.
func retryable(err error) bool {
	e, known := admission.Refusal(err)
	return !known || e.RetryAfterMS > 0
}
