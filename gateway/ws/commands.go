package ws

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"nextup/app"
	"nextup/app/commands"
	"nextup/app/conversation"
	"nextup/gateway/admission"
	"nextup/gateway/protocol"
	"nextup/gateway/socket"
	"nextup/queue"
)

// commandOf is what a request asks the application for, nil for a renewal, which is the
// socket's own.
func (c *conn) commandOf(req protocol.Request) app.Command {
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
		return app.Open{Ticket: r.Ticket, Again: c.subs.follows(r.Ticket)}
	case protocol.Send:
		return app.Send{Ticket: r.Ticket, MessageID: r.MessageID, Text: r.Text}
	case protocol.Note:
		return app.Note{Ticket: r.Ticket, MessageID: r.MessageID, Text: r.Text}
	case protocol.Whisper:
		return app.Whisper{Ticket: r.Ticket, MessageID: r.MessageID, Text: r.Text}
	case protocol.Read:
		return app.MarkRead{Ticket: r.Ticket, UpTo: r.UpTo}
	case protocol.Typing:
		from := c.person()
		r.From = &from
		if signal, err := json.Marshal(r); err == nil {
			return app.Typing{Ticket: r.Ticket, Signal: signal}
		}
	}
	return nil
}

// messageOf is the message that a request writes; ok is false for one that writes none.
func messageOf(req protocol.Request) (m message, ok bool) {
	switch r := req.(type) {
	case protocol.Send:
		return message{conversation.Message, r.Ticket, r.MessageID}, true
	case protocol.Note:
		return message{conversation.Note, r.Ticket, r.MessageID}, true
	case protocol.Whisper:
		return message{conversation.Whisper, r.Ticket, r.MessageID}, true
	}
	return message{}, false
}

// submit has a request done and answered.
func (c *conn) submit(req protocol.Request) {
	if !c.inHand.begin() {
		return // one who is sent elsewhere asks again there
	}
	if r, ok := req.(protocol.Renew); ok {
		c.submitRenewal(r)
		return
	}
	if r, ok := req.(protocol.Open); ok && !c.subs.hasRoom(r.Ticket) {
		c.inHand.end()
		c.refuse(r.ID, queue.ErrForbidden) // before a supervisor's reading is audited
		return
	}
	command := c.commandOf(req)
	if command == nil {
		c.inHand.end()
		c.refuse(req.RequestID(), errors.New("gateway: a frame without a command"))
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
		c.answer(req, r, err)
		c.inHand.end()
	})
}

// answer sends what came of a request.
func (c *conn) answer(req protocol.Request, r app.Receipt, err error) {
	switch req := req.(type) {
	case protocol.Typing:
		return // it is worth no answer
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
		c.refuse(req.RequestID(), err)
		return
	}
	c.send(protocol.OK{ID: req.RequestID(), Log: r.Log, Ticket: r.Ticket, MessageID: r.MessageID, Number: r.Number, AtMS: r.AtMS})
}

// submitRenewal has the token of a live conn replaced. A slow key server holds up
// nothing else.
func (c *conn) submitRenewal(r protocol.Renew) {
	deadline := time.Now().Add(app.CommandTimeout)
	err := c.renewals.Submit(c.server.app.Pool(), commands.Keys{}, func() {
		defer c.inHand.end()
		ctx, cancel := context.WithDeadline(c.server.ctx, deadline)
		defer cancel()
		if expires, err := c.renew(ctx, r); err != nil {
			c.refuse(r.ID, err)
		} else {
			c.send(protocol.OK{ID: r.ID, ExpiresAtMS: expires})
		}
	})
	if err != nil {
		c.refuse(r.ID, err)
		c.inHand.end()
	}
}

// inHand counts the requests of a conn that are not answered.
type inHand struct {
	mu      sync.Mutex
	n       int
	stopped bool
	last    func() // what stop was given
}

// begin notes one more, and returns false after stop.
func (i *inHand) begin() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !i.stopped {
		i.n++
	}
	return !i.stopped
}

// end notes that one is answered.
func (i *inHand) end() {
	i.mu.Lock()
	i.n--
	var last func()
	if i.n == 0 {
		last, i.last = i.last, nil
	}
	i.mu.Unlock()
	if last != nil {
		last()
	}
}

// stop takes no more requests, and calls last when those in hand are answered. Only the
// first call counts.
func (i *inHand) stop(last func()) {
	i.mu.Lock()
	if i.stopped {
		i.mu.Unlock()
		return
	}
	i.stopped = true
	if i.n > 0 {
		i.last, last = last, func() {}
	}
	i.mu.Unlock()
	last()
}

// writing names the messages that a conn has asked for and not been answered, by
// kind, ticket and id.
type writing struct {
	sync.Mutex
	messages []message
}

type message struct {
	kind       conversation.Kind
	ticket, id string
}

func (w *writing) begin(m message) {
	w.Lock()
	defer w.Unlock()
	w.messages = append(w.messages, m)
}

func (w *writing) end(m message) {
	w.Lock()
	defer w.Unlock()
	i := slices.Index(w.messages, m)
	w.messages = slices.Delete(w.messages, i, i+1)
}

// sendWithAnswer buffers the conn's own entry so that it shares one write with the answer, which is
// about to come: that write is the dearest that a message costs. What is sent meanwhile
// takes the entry along, so entries keep their order. It returns false for any other
// entry.
func (c *conn) sendWithAnswer(ticket string, e *conversation.Entry) bool {
	w := &c.writing
	w.Lock()
	defer w.Unlock()
	if e.From.ID != c.id.Subject || !slices.Contains(w.messages, message{e.Kind, ticket, e.MessageID}) {
		return false
	}
	c.sendEntry(ticket, e, (*socket.Socket).Keep)
	return true
}

// refuse answers a request with an error frame.
func (c *conn) refuse(id string, err error) {
	e, known := admission.Refusal(err)
	e.ID = id
	if !known {
		c.server.log.Error("a request failed", "err", err)
	}
	c.server.metrics.refusals.WithLabelValues(string(e.Code)).Inc()
	c.send(e)
}

// retryable reports whether the same hello may succeed later.
func retryable(err error) bool {
	e, known := admission.Refusal(err)
	return !known || e.RetryAfterMS > 0
}
