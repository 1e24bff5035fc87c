package admission

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"

	"nextup/app"
	"nextup/app/conversation"
	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/queue"
)

// Errors of the gateway itself.
var (
	ErrHelloFirst = errors.New("gateway: hello comes first, and once")
	ErrTooMany    = errors.New("gateway: too many sockets")
	// ErrOrigin: a browser's page is not on the site's list.
	ErrOrigin = errors.New("gateway: the page's origin is not on the site's list")

	errTooOften = errors.New("gateway: too many requests")
)

// TooOftenError refuses one request too many, with the time after which a request may come
// again.
type TooOftenError struct{ Later time.Duration }

// Error implements error.
func (e TooOftenError) Error() string { return errTooOften.Error() }

func (e TooOftenError) Unwrap() error { return errTooOften }

// unknownFate is what is true of a change whose answer did not come in time: it may
// be in the log, or come into it.
const unknownFate = "It is not known whether this was done: send the same request again, it counts once."

// untried is what is true of a change that was not sent to a log that takes nothing.
const untried = "The service is interrupted: this was not tried, send it again."

// refusals maps what went wrong to the wire: the one table. The first error
// that matches counts.
var refusals = []struct {
	err     error
	code    protocol.Code
	message string
	retryMS int64
}{
	{ErrHelloFirst, protocol.CodeHelloFirst, "Send hello as the first frame, and only once.", 0},
	{auth.ErrTokenExpired, protocol.CodeTokenExpired, "The token has expired: get a new one.", 0},
	{auth.ErrWrongAudience, protocol.CodeWrongAudience, `The token's aud must be "nextup".`, 0},
	{auth.ErrWrongSite, protocol.CodeWrongSite, "The token's site is not served here, or its key may not speak for it.", 0},
	{auth.ErrForbiddenRole, protocol.CodeForbidden, "The token's key may not give this role.", 0},
	{auth.ErrUnavailable, protocol.CodeUnavailable, "The keys cannot be fetched now: try again.", 2000},
	{auth.ErrBadToken, protocol.CodeBadToken, "The token is not valid: check its claims, its signature, its algorithm and its key id.", 0},
	{ErrOrigin, protocol.CodeForbidden, "This page's origin is not on the site's list.", 0},
	{queue.ErrUnknownDepartment, protocol.CodeUnknownDepartment, "There is no such department: choose one of known.", 0},
	{queue.ErrTopicElsewhere, protocol.CodeUnknownDepartment, "No agent of this department serves the topic: choose one of known.", 0},
	{queue.ErrUnknownLanguage, protocol.CodeUnknownLanguage, "The department speaks none of the languages: choose one of known.", 0},
	{queue.ErrUnknownUrgency, protocol.CodeUnknownUrgency, "Choose an urgency of known, or none.", 0},
	{queue.ErrTooHeavy, protocol.CodeTooHeavy, "This topic takes more room than any agent has: choose another.", 0},
	{queue.ErrNoAgent, protocol.CodeUnknownAgent, "There is no such agent to pass it to: choose one of known.", 0},
	{queue.ErrNoRoom, protocol.CodeNoRoom, "The agent has no room for it: choose another, or a department.", 0},
	{queue.ErrTooManyGuests, protocol.CodeNoRoom, "The conversation has as many guests as it may.", 0},
	{queue.ErrUnknownTicket, protocol.CodeUnknownTicket, "There is no such ticket of yours.", 0},
	{app.ErrNotYours, protocol.CodeUnknownTicket, "There is no such conversation of yours.", 0},
	{queue.ErrUnknownOffer, protocol.CodeUnknownOffer, "The offer is gone: it was taken back, has lapsed, or was never yours.", 0},
	{queue.ErrEnded, protocol.CodeConversationClosed, "The ticket has ended: join again.", 0},
	{conversation.ErrClosed, protocol.CodeConversationClosed, "The conversation is closed.", 0},
	{conversation.ErrFenced, protocol.CodeUnknownTicket, "The conversation has gone to another agent.", 0},
	{conversation.ErrIDConflict, protocol.CodeIDReused, "This message_id was used for another text: choose a new one.", 0},
	{app.ErrIDConflict, protocol.CodeIDReused, "This id was used for another join: choose a new one.", 0},
	{queue.ErrQueueFull, protocol.CodeQueueFull, "The queue is full: try again later.", 30_000},
	{queue.ErrHolds, protocol.CodeForbidden, "Close your conversations before going offline, or go away instead.", 0},
	{queue.ErrForbidden, protocol.CodeForbidden, "You may not do that.", 0},
	{queue.ErrUnknownAgent, protocol.CodeForbidden, "You are not signed in as an agent.", 0},
	{ErrTooMany, protocol.CodeTooMany, "Too many sockets of this person, address or site are open: close some, or come back later.", 5000},
	{queue.ErrTooManyTickets, protocol.CodeTooMany, "Too many tickets are open: try again later.", 30_000},
	{queue.ErrTooManyOfVisitor, protocol.CodeTooMany, "You have made too many tickets lately: try again later.", 60_000},
	{app.ErrTooMany, protocol.CodeBusy, "Too many of your requests wait for their answer: wait for some, then try again.", 1000},
	{errTooOften, protocol.CodeRateLimited, "Too many requests of this address or with this token: come back after retry_after_ms.", 1000},
	{app.ErrBusy, protocol.CodeBusy, "Too many are changing this at once: try again.", 200},
	{queue.ErrFull, protocol.CodeUnavailable, "The service is full: nothing new is taken for now, but leaving and closing work.", 10_000},
	{conversation.ErrFull, protocol.CodeUnavailable, "The service is full: nothing new is taken for now, but leaving and closing work.", 10_000},
	{app.ErrAway, protocol.CodeUnavailable, untried, 1000},
	{conversation.ErrUntried, protocol.CodeUnavailable, untried, 1000},
	{queue.ErrUnavailable, protocol.CodeUnavailable, unknownFate, 1000},
	{conversation.ErrUnavailable, protocol.CodeUnavailable, unknownFate, 1000},
	{context.DeadlineExceeded, protocol.CodeUnavailable, unknownFate, 1000},
	{context.Canceled, protocol.CodeUnavailable, "The gateway is closing: send the same request again elsewhere.", 100},
}

// Refusal finds an error's line; known is false for what is not in the table, which is a
// fault of the gateway's own.
func Refusal(err error) (e protocol.Error, known bool) {
	for _, r := range refusals {
		if !errors.Is(err, r.err) {
			continue
		}
		e := protocol.Error{Code: r.code, Message: r.message, RetryAfterMS: r.retryMS}
		var unknown *app.UnknownError
		if errors.As(err, &unknown) {
			e.Known = unknown.Known
		}
		var tickets *queue.TooManyOfVisitor
		if errors.As(err, &tickets) {
			e.RetryAfterMS = max(int64(tickets.RetryAfter), 1)
		}
		var keys *auth.Unavailable
		if errors.As(err, &keys) {
			e.RetryAfterMS = max(keys.RetryAfter.Milliseconds(), 1)
		}
		var often TooOftenError
		if errors.As(err, &often) {
			e.RetryAfterMS = max(often.Later.Milliseconds(), 1)
		}
		return e, true
	}
	return protocol.Error{Code: protocol.CodeInternal, Message: "Something went wrong on our side."}, false
}

// WriteRefusal answers a request over HTTP with the same codes that a socket uses.
func WriteRefusal(w http.ResponseWriter, err error) {
	e, _ := Refusal(err)
	e.Type = protocol.TypeError
	status := http.StatusUnauthorized
	switch {
	case errors.Is(err, ErrOrigin), errors.Is(err, auth.ErrForbiddenRole), errors.Is(err, queue.ErrForbidden):
		status = http.StatusForbidden
	case errors.Is(err, queue.ErrUnknownDepartment), errors.Is(err, queue.ErrUnknownLanguage):
		status = http.StatusNotFound
	case e.Code == protocol.CodeRateLimited:
		status = http.StatusTooManyRequests
	case e.RetryAfterMS > 0:
		status = http.StatusServiceUnavailable
	}
	h := w.Header()
	if e.RetryAfterMS > 0 {
		h.Set("Retry-After", strconv.FormatInt((e.RetryAfterMS+999)/1000, 10))
	}
	h.Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.MarshalWrite(w, e)
}
