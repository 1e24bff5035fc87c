package admin

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"nextup/app"
	"nextup/app/conversation"
	"nextup/queue"
)

// Command is what a command is asked for with. By and Reason are for the audit log.
type Command struct {
	Site   string `json:"site,omitzero"`
	By     string `json:"by"`
	Reason string `json:"reason"`
	// Ticket is for end and move; the others below for move or, a queue's, for pause.
	Ticket     string `json:"ticket,omitzero"`
	Agent      string `json:"agent,omitzero"`
	Department string `json:"department,omitzero"`
	Language   string `json:"language,omitzero"`
	Tier       int    `json:"tier,omitzero"`
}

// Done is what came of a command.
type Done struct {
	// Log is the number of the site's log at which it was done, 0 if nothing was to do.
	Log uint64 `json:"log"`
}

// Refusal is the body of an answer that is no success.
type Refusal struct {
	Error string `json:"error"`
	// Known is what would have been taken.
	Known []string `json:"known,omitzero"`
}

// commands are what an operator may ask for, by name.
var commands = map[string]func(Command) app.Command{
	"end": func(c Command) app.Command { return app.End{Ticket: c.Ticket, Reason: c.Reason} },
	"move": func(c Command) app.Command {
		to := queue.Target{Agent: c.Agent, Department: c.Department, Language: c.Language, Tier: c.Tier}
		return app.Transfer{Ticket: c.Ticket, To: to, Reason: c.Reason}
	},
	"pause": func(c Command) app.Command {
		return app.Pause{Queue: queue.QueueID{Department: c.Department, Language: c.Language}, Paused: true, Reason: c.Reason}
	},
	"resume": func(c Command) app.Command {
		return app.Pause{Queue: queue.QueueID{Department: c.Department, Language: c.Language}, Reason: c.Reason}
	},
}

// maxCommand bounds the body of a command, and maxWords what it gives to the audit log.
const (
	maxCommand = 16 << 10
	maxWords   = 500
)

func (p *port) command(r *http.Request) (any, error) {
	build := commands[r.PathValue("command")]
	if build == nil {
		return nil, badRequest("there is no such command")
	}
	c, err := commandOf(r)
	if err != nil {
		return nil, err
	}
	if c.By == "" || c.Reason == "" {
		return nil, errWords
	}
	if c.Tier < 0 || c.Tier > 3 {
		return nil, badRequest("tier: want 1 to 3")
	}
	s, err := p.site(c.Site)
	if err != nil {
		return nil, err
	}
	receipt, err := s.Execute(r.Context(), &app.Actor{Role: app.Admin, ID: c.By}, build(c))
	if err != nil {
		p.audit(r.Context(), r.PathValue("command"), c, outcome(err), true)
		return nil, err
	}
	return Done{receipt.Log}, nil
}

// outcome is what the audit log says of a command that failed: unclear where it may have been
// done, refused where it has not.
func outcome(err error) string {
	if errors.Is(err, queue.ErrUnavailable) && !errors.Is(err, app.ErrAway) {
		return "unclear"
	}
	return "refused"
}

// commandOf reads a command; an empty body is one without words for the audit log.
func commandOf(r *http.Request) (c Command, err error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxCommand))
	if err == nil && len(body) > 0 {
		err = json.Unmarshal(body, &c, json.RejectUnknownMembers(true))
	}
	if err != nil {
		return c, badRequest(err.Error())
	}
	c.By, c.Reason = strings.TrimSpace(c.By), strings.TrimSpace(c.Reason)
	if len(c.By)+len(c.Reason) > maxWords {
		return c, errWords
	}
	return c, nil
}

// site finds a site by its id, or the only one.
func (p *port) site(id string) (*app.Site, error) {
	ids := p.App().Sites()
	if id == "" && len(ids) == 1 {
		id = ids[0]
	}
	if s := p.App().Site(id); s != nil {
		return s, nil
	}
	if id == "" {
		return nil, &app.UnknownError{Err: badRequest("this gateway serves several sites: name one"), Known: ids}
	}
	return nil, &app.UnknownError{Err: errNoSite, Known: ids}
}

// badRequest is an error of what was asked.
type badRequest string

// Error implements error.
func (b badRequest) Error() string { return string(b) }

var (
	errWords    = badRequest("want who asks and a reason, for the audit log, of 500 bytes together at most")
	errNodes    = errors.New("the log does not answer: which gateways live is not known")
	errNoSite   = errors.New("this gateway does not serve the site")
	errStarting = errors.New("the gateway starts: /readyz says what it waits for")
)

// statuses maps what went wrong to a status; the first error that matches counts.
var statuses = []struct {
	err    error
	status int
	text   string // "" for the error's own
}{
	{errStarting, http.StatusServiceUnavailable, ""},
	{errNodes, http.StatusServiceUnavailable, errNodes.Error()},
	{errNoSite, http.StatusNotFound, ""},
	{queue.ErrUnknownTicket, http.StatusNotFound, "there is no such ticket"},
	{queue.ErrUnknownDepartment, http.StatusNotFound, "the site has no such department"},
	{queue.ErrUnknownLanguage, http.StatusNotFound, "the department has no such language"},
	{queue.ErrNoAgent, http.StatusConflict, "no such agent could take it"},
	{queue.ErrNoRoom, http.StatusConflict, "the agent has no room for it"},
	{queue.ErrEnded, http.StatusConflict, "the ticket has ended"},
	{queue.ErrForbidden, http.StatusConflict, "this is not possible where the ticket stands"},
	{app.ErrTooMany, http.StatusTooManyRequests, "too many commands at once"},
	{app.ErrBusy, http.StatusServiceUnavailable, "too many conflicts: try again"},
	{app.ErrAway, http.StatusServiceUnavailable, "the log takes nothing now: nothing was done"},
	{queue.ErrUnavailable, http.StatusServiceUnavailable, "it is not known whether this was done: look, or ask again"},
	{conversation.ErrUnavailable, http.StatusServiceUnavailable, "the conversation cannot be read now"},
}

// answer writes what a handler returns as JSON.
func (p *port) answer(handle func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var result any
		err := errStarting
		if p.App() != nil {
			result, err = handle(r)
		}
		status := http.StatusOK
		if err != nil {
			status, result = refusalOf(err)
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		_ = json.MarshalWrite(w, result) // the client has gone
	}
}

func refusalOf(err error) (int, Refusal) {
	refusal := Refusal{Error: err.Error()}
	if unknown := (*app.UnknownError)(nil); errors.As(err, &unknown) {
		refusal.Known = unknown.Known
	}
	if errors.As(err, new(badRequest)) {
		return http.StatusBadRequest, refusal
	}
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			if s.text != "" {
				refusal.Error = s.text
			}
			return s.status, refusal
		}
	}
	return http.StatusInternalServerError, refusal
}
