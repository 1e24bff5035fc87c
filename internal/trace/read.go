// Package trace replays a log of contacts against the wait estimator, to see what it
// would have estimated and how true that would have been:
//
//	log, err := trace.Open("contacts.csv.gz")
//	score := &trace.Score{Over: 5}
//	err = trace.Replay(log, trace.Options{Scores: []*trace.Score{score}})
//	score.Print(os.Stdout)
//
// The log is CSV
// with the columns at_ms, event, ticket, agent, queue, head_start_s, capacity;
// at the same stamp its events stand in the order agent_on, close, join, assign,
// abandon, agent_off. Open checks it; Replay turns its events into the records
// that a site's log would have had, and asks the estimator at every join, when it
// has seen only what came before.
package trace

import (
	"fmt"
	"hash/maphash"
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
	// Queue is the queue of a join; Serves are the queues of an agent.
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

// RowError names a row that cannot be read, and the reason.
type RowError struct {
	Line   int
	Reason string
}

func (e *RowError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// ExitCode returns the exit code of a command that met the row.
func (e *RowError) ExitCode() int { return 2 }

var columns = []string{"at_ms", "event", "ticket", "agent", "queue", "head_start_s", "capacity"}

// The limits of a trace.
const (
	maxRows      = 100_000_000
	maxQueues    = 1_000
	maxCapacity  = 1_000
	maxHeadStart = 1e9 // seconds
)

// columnIndexes holds the index of each column in a row, -1 for none.
type columnIndexes [7]int

// inOrder returns the indexes of a trace without a header.
func inOrder() columnIndexes { return columnIndexes{0, 1, 2, 3, 4, 5, 6} }

// needed is the number of columns that must be there; the others have defaults.
const needed = 5

// header finds the columns, in any order.
func header(row []string) (at columnIndexes, ignored []string, reason string) {
	for i, name := range columns {
		at[i] = slices.Index(row, name)
		if at[i] < 0 && i < needed {
			return at, nil, fmt.Sprintf("there is no column %s; needed are %s", name, strings.Join(columns[:needed], ", "))
		}
	}
	for i, name := range row {
		switch {
		case slices.Index(row, name) < i:
			return at, nil, fmt.Sprintf("column %q stands there twice", name)
		case !slices.Contains(columns, name):
			ignored = append(ignored, strings.Clone(name))
		}
	}
	return at, ignored, ""
}

// get returns the field of a column, "" where there is none.
func (p *columnIndexes) get(row []string, column int) string {
	if p[column] < 0 {
		return ""
	}
	return row[p[column]]
}

// parse reads one row and returns the reason if it is not valid.
func (e *Event) parse(row []string, p *columnIndexes) (reason string) {
	at, err := strconv.ParseInt(p.get(row, 0), 10, 64)
	if err != nil || at < 0 || at > math.MaxInt64/4 {
		return fmt.Sprintf("at_ms %q is no number of milliseconds", p.get(row, 0))
	}
	*e = Event{At: at, Kind: Kind(p.get(row, 1)), Ticket: p.get(row, 2), Agent: p.get(row, 3), Queue: p.get(row, 4)}
	need := func(names ...string) string {
		for _, n := range names {
			if p.get(row, slices.Index(columns, n)) == "" {
				return fmt.Sprintf("%s without %s", e.Kind, n)
			}
		}
		return ""
	}
	switch e.Kind {
	case AgentOn:
		if reason = need("agent", "queue"); reason != "" {
			return reason
		}
		serves := e.Queue
		e.Serves, e.Queue, e.Capacity = strings.Split(serves, "|"), "", 1
		if text := p.get(row, 6); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || n > maxCapacity {
				return fmt.Sprintf("capacity %q is no number from 1 to %d", text, maxCapacity)
			}
			e.Capacity = n
		}
		if slices.Contains(e.Serves, "") {
			return fmt.Sprintf("queue %q names an empty queue", serves)
		}
	case Join:
		if text := p.get(row, 5); text != "" {
			head, err := strconv.ParseFloat(text, 64)
			if err != nil || head < 0 || head > maxHeadStart || math.IsNaN(head) {
				return fmt.Sprintf("head_start_s %q is no number of seconds", text)
			}
			e.Head = int64(math.Round(head * 1000))
		}
		return need("ticket", "queue")
	case Assign, Close:
		return need("ticket", "agent")
	case Abandon:
		return need("ticket")
	case AgentOff:
		return need("agent")
	default:
		return fmt.Sprintf("unknown event %q", e.Kind)
	}
	return ""
}

// checker checks that each event may follow those before.
type checker struct {
	last    int64
	tickets map[string]Kind // the last event of a ticket that has not ended
	holder  map[string]string
	ended   map[uint64]struct{} // hashes of the tickets that have ended
	seed    maphash.Seed
	agents  map[string]bool
	queues  map[string]bool
}

func (c *checker) check(e *Event) string {
	if e.At < c.last {
		return fmt.Sprintf("at_ms %d is before the row above (%d)", e.At, c.last)
	}
	c.last = e.At
	for _, q := range append(e.Serves, e.Queue) {
		if q != "" && !c.queues[q] {
			c.queues[strings.Clone(q)] = true
		}
	}
	if len(c.queues) > maxQueues {
		return fmt.Sprintf("more than %d queues", maxQueues)
	}
	state, known := c.tickets[e.Ticket]
	switch e.Kind {
	case AgentOn:
		c.agents[strings.Clone(e.Agent)] = true
	case AgentOff:
		if !c.agents[e.Agent] {
			return fmt.Sprintf("agent %q goes off and was not on", e.Agent)
		}
	case Join:
		if _, ended := c.ended[maphash.String(c.seed, e.Ticket)]; known || ended {
			return fmt.Sprintf("ticket %q joins twice", e.Ticket)
		}
		c.tickets[strings.Clone(e.Ticket)] = Join
	case Assign:
		if state != Join {
			return fmt.Sprintf("ticket %q is assigned and does not wait", e.Ticket)
		}
		if !c.agents[e.Agent] {
			return fmt.Sprintf("agent %q was never on", e.Agent)
		}
		ticket := strings.Clone(e.Ticket)
		c.tickets[ticket], c.holder[ticket] = Assign, strings.Clone(e.Agent)
	case Close:
		if state != Assign || c.holder[e.Ticket] != e.Agent {
			return fmt.Sprintf("ticket %q is closed and not assigned to %q", e.Ticket, e.Agent)
		}
		c.end(e.Ticket)
	case Abandon:
		if state != Join {
			return fmt.Sprintf("ticket %q is abandoned and does not wait", e.Ticket)
		}
		c.end(e.Ticket)
	}
	return ""
}

func (c *checker) end(ticket string) {
	delete(c.tickets, ticket)
	delete(c.holder, ticket)
	c.ended[maphash.String(c.seed, ticket)] = struct{}{}
}
