// Package trace replays a log of contacts against the wait estimator, to see
// what it would have said and how true that would have been. The log is CSV
// with the columns at_ms, event, ticket, agent, queue, head_start_s, capacity;
// at the same stamp its events stand in the order agent_on, close, join, assign,
// abandon, agent_off. Read checks it; Replay turns its events into the records
// that a site's log would have had, and asks the estimator at every join, which
// has then seen nothing but what came before.
package trace

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Event is one row.
type Event struct {
	// At is in milliseconds since midnight of the first day.
	At     int64
	Kind   Kind
	Ticket string
	Agent  string
	// Queue is that of a join; Serves those of an agent.
	Queue    string
	Serves   []string
	Head     int64 // head start in milliseconds
	Capacity int
}

// Kind is what happened.
type Kind string

// The kinds of events.
const (
	AgentOn  Kind = "agent_on"
	Join     Kind = "join"
	Assign   Kind = "assign"
	Close    Kind = "close"
	Abandon  Kind = "abandon"
	AgentOff Kind = "agent_off"
)

// RowError says which row cannot be read, and why.
type RowError struct {
	Line   int
	Reason string
}

func (e *RowError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// ExitCode is that of a command that met the row.
func (e *RowError) ExitCode() int { return 2 }

var columns = []string{"at_ms", "event", "ticket", "agent", "queue", "head_start_s", "capacity"}

// maxRows and maxQueues bound a trace.
const (
	maxRows   = 20_000_000
	maxQueues = 1_000
)

// Read reads a trace, plain or gzipped. Errors of a row are *RowError.
func Read(r io.Reader) ([]Event, error) {
	plain := bufio.NewReader(r)
	if magic, _ := plain.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(plain)
		if err != nil {
			return nil, err
		}
		plain = bufio.NewReader(z)
	}
	rows := csv.NewReader(plain)
	rows.FieldsPerRecord = -1
	rows.ReuseRecord = true
	c := checker{tickets: map[string]Kind{}, holder: map[string]string{}, agents: map[string]bool{}, queues: map[string]bool{}}
	var events []Event
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		line, _ := rows.FieldPos(0)
		var bad *csv.ParseError
		switch {
		case errors.As(err, &bad):
			return nil, &RowError{bad.Line, bad.Err.Error()}
		case err != nil:
			return nil, err
		case len(row) != len(columns):
			return nil, &RowError{line, fmt.Sprintf("%d columns, want %d", len(row), len(columns))}
		case c.rows == 0 && row[0] == columns[0]:
			if !slices.Equal(row, columns) {
				return nil, &RowError{line, "the columns must be " + strings.Join(columns, ", ")}
			}
			c.rows++
			continue
		}
		if c.rows++; c.rows > maxRows {
			return nil, &RowError{line, fmt.Sprintf("more than %d rows", maxRows)}
		}
		e, reason := parse(row)
		if reason == "" {
			reason = c.check(&e)
		}
		if reason != "" {
			return nil, &RowError{line, reason}
		}
		events = append(events, e)
	}
	if len(events) == 0 {
		return nil, &RowError{1, "there is no event"}
	}
	return events, nil
}

// parse reads one row and says what is wrong with it, if anything is.
func parse(row []string) (e Event, reason string) {
	at, err := strconv.ParseInt(row[0], 10, 64)
	if err != nil || at < 0 || at > math.MaxInt64/4 {
		return e, fmt.Sprintf("at_ms %q is no number of milliseconds", row[0])
	}
	e = Event{At: at, Kind: Kind(row[1]), Ticket: strings.Clone(row[2]), Agent: strings.Clone(row[3]), Queue: strings.Clone(row[4])}
	need := func(names ...string) string {
		for _, n := range names {
			if row[slices.Index(columns, n)] == "" {
				return fmt.Sprintf("%s without %s", e.Kind, n)
			}
		}
		return ""
	}
	switch e.Kind {
	case AgentOn:
		if reason = need("agent", "queue"); reason != "" {
			return e, reason
		}
		e.Serves, e.Queue, e.Capacity = strings.Split(e.Queue, "|"), "", 1
		if row[6] != "" {
			n, err := strconv.Atoi(row[6])
			if err != nil || n < 1 || n > 1000 {
				return e, fmt.Sprintf("capacity %q is no number from 1 to 1000", row[6])
			}
			e.Capacity = n
		}
		if slices.Contains(e.Serves, "") {
			return e, fmt.Sprintf("queue %q names an empty queue", row[4])
		}
	case Join:
		if row[5] != "" {
			head, err := strconv.ParseFloat(row[5], 64)
			if err != nil || head < 0 || head > 1e9 || math.IsNaN(head) {
				return e, fmt.Sprintf("head_start_s %q is no number of seconds", row[5])
			}
			e.Head = int64(head * 1000)
		}
		return e, need("ticket", "queue")
	case Assign, Close:
		return e, need("ticket", "agent")
	case Abandon:
		return e, need("ticket")
	case AgentOff:
		return e, need("agent")
	default:
		return e, fmt.Sprintf("unknown event %q", row[1])
	}
	return e, ""
}

// checker knows what may happen next.
type checker struct {
	rows    int
	last    int64
	tickets map[string]Kind // the last event of a ticket that has not ended
	holder  map[string]string
	agents  map[string]bool
	queues  map[string]bool
}

func (c *checker) check(e *Event) string {
	if e.At < c.last {
		return fmt.Sprintf("at_ms %d is before the row above (%d)", e.At, c.last)
	}
	c.last = e.At
	for _, q := range append(e.Serves, e.Queue) {
		if q != "" {
			c.queues[q] = true
		}
	}
	if len(c.queues) > maxQueues {
		return fmt.Sprintf("more than %d queues", maxQueues)
	}
	state, known := c.tickets[e.Ticket]
	switch e.Kind {
	case AgentOn:
		c.agents[e.Agent] = true
	case AgentOff:
		if !c.agents[e.Agent] {
			return fmt.Sprintf("agent %q goes off and was not on", e.Agent)
		}
	case Join:
		if known {
			return fmt.Sprintf("ticket %q joins twice", e.Ticket)
		}
		c.tickets[e.Ticket] = Join
	case Assign:
		if state != Join {
			return fmt.Sprintf("ticket %q is assigned and does not wait", e.Ticket)
		}
		if !c.agents[e.Agent] {
			return fmt.Sprintf("agent %q was never on", e.Agent)
		}
		c.tickets[e.Ticket], c.holder[e.Ticket] = Assign, e.Agent
	case Close:
		if state != Assign || c.holder[e.Ticket] != e.Agent {
			return fmt.Sprintf("ticket %q is closed and not assigned to %q", e.Ticket, e.Agent)
		}
		c.tickets[e.Ticket] = Close
		delete(c.holder, e.Ticket)
	case Abandon:
		if state != Join {
			return fmt.Sprintf("ticket %q is abandoned and does not wait", e.Ticket)
		}
		c.tickets[e.Ticket] = Abandon
	}
	return ""
}
