package conversation

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"nextup/internal/eventlog"
)

// Draft is an entry that is to be written.
type Draft struct {
	// Kind is Message, Note, Whisper or Read.
	Kind Kind
	From Person
	// MessageID and Body are those of the first three. The id is unique for its sender
	// and kind.
	MessageID string
	Body      Body
	// UpTo is a read mark's: the number of the last entry seen. What lies beyond
	// the log's head counts as the head.
	UpTo uint64
	// Token is the fencing token of an agent's assignment, 0 for a visitor.
	Token uint64
}

// Append writes the draft and returns the entry's number and time in Unix
// milliseconds. A message that was written before is answered with the first
// one's; a read mark not above the sender's last is answered with that one's,
// and with 0 where there is nothing to mark.
func (h *Hub) Append(ctx context.Context, site, ticket string, d Draft) (number uint64, atMS int64, err error) {
	log := h.log(site, ticket)
	switch d.Kind {
	case Message, Note, Whisper:
		if may := h.mayWrite.Load(); d.Body.Kind != "" && (may == nil || !(*may)(site, d.Body.Kind)) {
			return 0, 0, fmt.Errorf("%w: %q", ErrBodyKind, d.Body.Kind)
		}
		return h.appendMessage(ctx, log, d)
	case Read:
		return h.appendRead(ctx, log, d)
	default:
		return 0, 0, fmt.Errorf("conversation: an entry of kind %q cannot be drafted", d.Kind)
	}
}

func (h *Hub) appendMessage(ctx context.Context, log eventlog.Log, d Draft) (uint64, int64, error) {
	if d.MessageID == "" {
		return 0, 0, errors.New("conversation: a message needs an id")
	}
	if err := d.Body.check(); err != nil {
		return 0, 0, err
	}
	data, err := encode(&Entry{Kind: d.Kind, From: d.From, MessageID: d.MessageID, Body: d.Body}, 0)
	if err != nil {
		return 0, 0, err
	}
	return h.commit(ctx, log, eventlog.Commit{
		ID:     string(d.Kind) + ":" + digest(string(d.From.Role), d.From.ID, d.MessageID),
		Intent: d.Body.intent(),
		Fence:  d.Token,
		Data:   data,
	})
}

// Member copies from the site's log, where it has the number siteLog, that a person is in
// the conversation: the agent that took the ticket with the fencing token, or an invited
// agent, with the same token. Older tokens are refused from then on. A supervisor has
// none, 0. Only the first copy of each is written.
func (h *Hub) Member(ctx context.Context, site, ticket string, siteLog uint64, person Person, token uint64) error {
	data, err := encode(&Entry{Kind: Member, From: person}, siteLog)
	if err != nil {
		return err
	}
	// The token names the assignment, whatever record of the site's log the
	// caller saw it in. Guests have it too, and after a fork of that log it may
	// come again for another person, so the person is a part of the ID.
	_, _, err = h.commit(ctx, h.log(site, ticket), eventlog.Commit{
		ID:         "member:" + strconv.FormatUint(token, 10) + ":" + digest(string(person.Role), person.ID),
		Fence:      token,
		RaiseFence: token,
		Data:       data,
	})
	return err
}

// AgentLost copies from the site's log, where it has the number siteLog, that the agent
// that had the ticket with the fencing token was lost for good, and the ticket waits
// again. Once a later agent is a member, ErrFenced refuses it: it comes before that agent
// or not at all. Only the first copy is written.
func (h *Hub) AgentLost(ctx context.Context, site, ticket string, siteLog uint64, person Person, token uint64) error {
	data, err := encode(&Entry{Kind: AgentLost, From: person}, siteLog)
	if err != nil {
		return err
	}
	_, _, err = h.commit(ctx, h.log(site, ticket), eventlog.Commit{
		ID: "lost:" + strconv.FormatUint(token, 10) + ":" + digest(string(person.Role), person.ID), Fence: token, Data: data,
	})
	return err
}

// closedID is the only commit that seals a conversation, and so the last one's.
const closedID = "closed"

// Ended reports whether the conversation is closed. It reads and writes nothing.
func (h *Hub) Ended(ctx context.Context, site, ticket string) (bool, error) {
	heads, err := h.backend.Heads(ctx, []eventlog.Log{h.log(site, ticket)})
	return err == nil && heads[0].ID == closedID, err
}

// Closed copies from the site's log, where it has the number siteLog, that the ticket
// ended. Nothing can be written after it. Only the first copy is written.
func (h *Hub) Closed(ctx context.Context, site, ticket string, siteLog uint64) error {
	data, err := encode(&Entry{Kind: Closed}, siteLog)
	if err != nil {
		return err
	}
	_, _, err = h.commit(ctx, h.log(site, ticket), eventlog.Commit{ID: closedID, Seal: true, ReleasesMemory: true, Data: data})
	return err
}

// Signal passes a transient note to all subscribers of the conversation. It may
// be lost.
func (h *Hub) Signal(ctx context.Context, site, ticket string, payload []byte) error {
	return h.backend.Signal(ctx, h.log(site, ticket), payload)
}

func (h *Hub) commit(ctx context.Context, log eventlog.Log, c eventlog.Commit) (uint64, int64, error) {
	outcomes, err := h.backend.Commit(ctx, log, []eventlog.Commit{c})
	if err != nil {
		return 0, 0, err
	}
	switch o := outcomes[0]; o.Status {
	case eventlog.Committed, eventlog.Duplicate:
		return o.Head.Number, o.Head.At, nil
	case eventlog.Sealed:
		return 0, 0, ErrClosed
	case eventlog.Fenced:
		return 0, 0, ErrFenced
	case eventlog.IDConflict:
		return 0, 0, ErrIDConflict
	case eventlog.Conflict:
		return 0, 0, errConflict
	case eventlog.TooEarly, eventlog.TooLate: // no bound was set
	}
	return 0, 0, fmt.Errorf("conversation: the log answered with status %d", outcomes[0].Status)
}
