package export

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
	"time"

	"nextup/internal/trace"
)

// maxContacts bounds a book.
const maxContacts = 2_000_000

// contact is one visitor who waited. Times are in milliseconds since 1970, 0 for none.
type contact struct {
	id                   string
	line                 int
	queue, agent         int32 // agent is -1 for none
	joined, taken, ended int64
}

// span is a time in which an agent was there.
type span struct{ from, to int64 }

// agent is what is known of one.
type agent struct {
	name string
	// said are the times that the export gives; away are pauses of an agent whose times
	// it does not give.
	said, away []span
	spans      []span // of contacts
	capacity   int
	queues     map[int32]bool
}

// book collects the contacts of an export.
type book struct {
	format   *format
	options  *Options
	contacts []contact
	seen     map[string]bool
	queues   names
	names    names
	agents   []*agent
	report   Report
}

// names numbers names.
type names struct {
	all   []string
	index map[string]int32
}

func (n *names) number(name string) int32 {
	i, known := n.index[name]
	if !known {
		if n.index == nil {
			n.index = map[string]int32{}
		}
		i = int32(len(n.all))
		name = string([]byte(name)) // a field is valid until the next row only
		n.all, n.index[name] = append(n.all, name), i
	}
	return i
}

func newBook(f *format, o *Options) *book {
	return &book{format: f, options: o, seen: map[string]bool{}, report: Report{Desk: f.desk, Format: f.name, Lacks: f.lacks}}
}

// agent returns the number of an agent.
func (b *book) agent(name string) int32 {
	i := b.names.number(name)
	if int(i) == len(b.agents) {
		b.agents = append(b.agents, &agent{name: b.names.all[i], queues: map[int32]bool{}})
	}
	return i
}

// Why contacts are left out.
const (
	whyTwice     = "stand there twice"
	whyBackwards = "end before they begin"
	whyUntimed   = "do not say when they begin"
	whyUnasked   = "were begun by an agent"
	whyBefore    = "began before the file does"
	whyEmpty     = "are of other kinds"
)

// add takes a contact of a row, with "" for no agent.
func (b *book) add(c *contact, queue, agent string) error {
	switch {
	case c.joined == 0:
		b.report.leaveOut(whyUntimed, c.line)
		return nil
	case b.seen[c.id]:
		b.report.leaveOut(whyTwice, c.line)
		return nil
	case c.taken != 0 && c.taken < c.joined || c.ended != 0 && c.ended < max(c.joined, c.taken):
		b.report.leaveOut(whyBackwards, c.line)
		return nil
	case len(b.contacts) >= maxContacts:
		return &trace.RowError{Line: c.line, Reason: fmt.Sprintf("more than %d contacts: split the file by time", maxContacts)}
	}
	c.id = string([]byte(c.id))
	b.seen[c.id] = true
	if c.agent = -1; c.taken != 0 {
		if agent == "" {
			agent = "unknown"
		}
		c.agent = b.agent(agent)
	}
	c.queue = b.queues.number(cmp.Or(queue, "none"))
	b.contacts = append(b.contacts, *c)
	return nil
}

// event is an event of the trace, with the number of a contact or an agent.
type event struct {
	at   int64
	i    int32
	kind uint8
}

// The kinds in the order of events at the same stamp.
const (
	kindOn uint8 = iota
	kindClose
	kindJoin
	kindAssign
	kindAbandon
	kindOff
)

var kinds = [...]trace.Kind{trace.AgentOn, trace.Close, trace.Join, trace.Assign, trace.Abandon, trace.AgentOff}

// log returns the trace of the contacts.
func (b *book) log() (*trace.Log, *Report, error) {
	b.seen = nil
	if len(b.contacts) == 0 {
		return nil, nil, &trace.RowError{Line: 1, Reason: "there is no contact that waited for an agent" + b.report.leftOut()}
	}
	slices.SortStableFunc(b.contacts, func(x, y contact) int { return cmp.Compare(x.joined, y.joined) })
	events, first := b.events()
	begin := time.UnixMilli(first).In(b.options.Zone)
	begin = time.Date(begin.Year(), begin.Month(), begin.Day(), 0, 0, 0, 0, b.options.Zone)
	serves := make([][]string, len(b.agents))
	for i, a := range b.agents {
		for q := range a.queues {
			serves[i] = append(serves[i], b.queues.all[q])
		}
		sort.Strings(serves[i])
	}
	zero := begin.UnixMilli()
	log, err := trace.New(func(each func(int, *trace.Event) error) error {
		for _, e := range events {
			out := trace.Event{At: e.at - zero, Kind: kinds[e.kind], Capacity: 1}
			line := 0
			switch e.kind {
			case kindOn, kindOff:
				a := b.agents[e.i]
				if out.Agent = a.name; e.kind == kindOn {
					out.Serves, out.Capacity = serves[e.i], a.capacity
				}
			default:
				c := &b.contacts[e.i]
				line, out.Ticket = c.line, c.id
				switch e.kind {
				case kindJoin:
					out.Queue = b.queues.all[c.queue]
				case kindAssign, kindClose:
					out.Agent = b.agents[c.agent].name
				}
			}
			if err := each(line, &out); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	log.Begin = begin
	b.report.count(b, begin.Add(time.Duration(log.First)*time.Millisecond), begin.Add(time.Duration(log.Last)*time.Millisecond))
	return log, &b.report, nil
}

// events returns the events in order, and the first stamp.
func (b *book) events() ([]event, int64) {
	events := make([]event, 0, 3*len(b.contacts))
	first, last := b.contacts[0].joined, int64(0)
	for i := range b.contacts {
		c := &b.contacts[i]
		events = append(events, event{c.joined, int32(i), kindJoin})
		last = max(last, c.joined, c.taken, c.ended)
		switch {
		case c.agent >= 0:
			events = append(events, event{c.taken, int32(i), kindAssign})
			if c.ended != 0 {
				c.ended = max(c.ended, c.taken+1) // a stamp of whole minutes may be the same for both
				events = append(events, event{c.ended, int32(i), kindClose})
			}
		case c.ended != 0:
			events = append(events, event{c.ended, int32(i), kindAbandon})
		}
	}
	for i := range b.contacts {
		if c := &b.contacts[i]; c.agent >= 0 {
			a, end := b.agents[c.agent], c.ended
			if end == 0 {
				end = last + 1
			}
			a.spans = append(a.spans, span{c.taken, end})
			a.queues[c.queue] = true
		}
	}
	for i, a := range b.agents {
		if len(a.queues) == 0 {
			continue // logged in, and took no contact of a queue
		}
		a.measure()
		for _, s := range a.presence(b.options.Away.Milliseconds()) {
			first = min(first, s.from)
			events = append(events, event{s.from, int32(i), kindOn})
			if s.to <= last {
				events = append(events, event{s.to, int32(i), kindOff})
			}
		}
	}
	slices.SortFunc(events, func(x, y event) int {
		return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.kind, y.kind), cmp.Compare(x.i, y.i))
	})
	return events, first
}
