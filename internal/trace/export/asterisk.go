package export

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// asterisk is the file queue_log: one event a line, its fields between |, in the order
// time, call, queue, agent, event, parameters. Whole seconds.
var asterisk = format{
	name: "asterisk", desk: "Asterisk (queue_log)", read: readQueueLog, lacks: asteriskLacks,
}

// asteriskTable is the same as a table of a database, written as CSV.
var asteriskTable = format{
	name: "asterisk-table", desk: "Asterisk (the table queue_log)", read: readQueueTable, lacks: asteriskLacks,
	needed: []string{"time", "callid", "queuename", "agent", "event"}, stamps: []string{"time"},
}

var asteriskLacks = []string{
	"A member that queues.conf names has no login: such an agent counts as there from taking a call to the end of the last one before --away without any, less the pauses.",
	"An agent counts for every queue that the file ever shows them in.",
	"Calls have no head start: the penalty of a member and the weight of a queue are not in the file.",
}

// queueLine is one line of queue_log.
type queueLine struct {
	at           int64
	line         int
	call         string
	queue, agent int32 // -1 for NONE
	event        string
}

// maxLines bounds the lines that are kept.
const maxLines = 4 * maxContacts

// queueEvents are the events that matter; a desk's own ones are passed over.
var queueEvents = []string{
	"ENTERQUEUE", "CONNECT",
	"COMPLETEAGENT", "COMPLETECALLER", "TRANSFER", "BLINDTRANSFER", "ATTENDEDTRANSFER", "AGENTDUMP",
	"ABANDON", "EXITWITHTIMEOUT", "EXITWITHKEY", "EXITEMPTY", "SYSCOMPAT",
	"QUEUESTART",
	"ADDMEMBER", "REMOVEMEMBER", "AGENTLOGIN", "AGENTLOGOFF", "AGENTCALLBACKLOGIN", "AGENTCALLBACKLOGOFF",
	"PAUSE", "UNPAUSE", "PAUSEALL", "UNPAUSEALL",
}

func readQueueLog(t *table, b *book) error {
	var q queueLog
	err := t.rows(func(r *row) error {
		if len(r.fields) < 5 {
			return r.error(fmt.Sprintf("%d fields between |, want at least 5: time, call, queue, agent and event", len(r.fields)))
		}
		at, ok := sinceEpoch(strings.TrimSpace(r.fields[0]))
		if !ok {
			return r.error(fmt.Sprintf("%q is no time in seconds since 1970", r.fields[0]))
		}
		return q.keep(b, r, at, r.fields[1], r.fields[2], r.fields[3], r.fields[4])
	})
	if err != nil {
		return err
	}
	return q.contacts(b)
}

func readQueueTable(t *table, b *book) error {
	var q queueLog
	err := t.rows(func(r *row) error {
		at, err := r.stamp("time")
		if err != nil {
			return err
		}
		if at == 0 {
			return r.error(`column "time" is empty`)
		}
		return q.keep(b, r, at, r.get("callid"), r.get("queuename"), r.get("agent"), r.get("event"))
	})
	if err != nil {
		return err
	}
	return q.contacts(b)
}

// queueLog holds the lines, since files that were joined are not in order.
type queueLog struct {
	lines []queueLine
	calls names
}

func (q *queueLog) keep(b *book, r *row, at int64, call, queue, agent, event string) error {
	known := slices.Index(queueEvents, strings.TrimSpace(event))
	if known < 0 {
		return nil
	}
	if len(q.lines) >= maxLines {
		return r.error(fmt.Sprintf("more than %d lines: split the file by time", maxLines))
	}
	l := queueLine{at: at, line: r.line, call: q.calls.all[q.calls.number(call)], queue: -1, agent: -1, event: queueEvents[known]}
	if queue != "" && queue != "NONE" {
		l.queue = b.queues.number(queue)
	}
	if agent != "" && agent != "NONE" {
		l.agent = b.agent(agent)
	}
	q.lines = append(q.lines, l)
	return nil
}

// openCall is a call that waits or is talked with.
type openCall struct {
	contact
	talker string
	n      int // contacts of the call
	open   bool
}

// contacts turns the lines into contacts and statuses.
func (q *queueLog) contacts(b *book) error {
	slices.SortStableFunc(q.lines, func(x, y queueLine) int { return cmp.Compare(x.at, y.at) })
	calls := map[string]*openCall{}
	statuses := make([]memberState, len(b.agents))
	end := func(c *openCall, at int64) error {
		c.open = false
		c.ended = at
		return b.add(&c.contact, b.queueName(c.queue), c.talker)
	}
	for i := range q.lines {
		l := &q.lines[i]
		c := calls[l.call]
		waits, talks := c != nil && c.open && c.taken == 0, c != nil && c.open && c.taken != 0
		var err error
		switch l.event {
		case "ENTERQUEUE":
			if waits || talks { // it went on to another queue
				err = end(c, l.at)
			}
			if c == nil {
				c = &openCall{}
				calls[l.call] = c
			}
			c.contact = contact{id: l.call, line: l.line, queue: l.queue, joined: l.at}
			if c.n > 0 {
				c.id = fmt.Sprintf("%s/%d", l.call, c.n+1)
			}
			c.n, c.open, c.talker = c.n+1, true, ""
		case "CONNECT":
			if waits && l.agent >= 0 {
				c.taken, c.talker = l.at, b.agents[l.agent].name
			} else {
				b.report.leaveOut(whyBefore, l.line)
			}
		case "COMPLETEAGENT", "COMPLETECALLER", "TRANSFER", "BLINDTRANSFER", "ATTENDEDTRANSFER", "AGENTDUMP":
			if talks {
				err = end(c, l.at)
			}
		case "ABANDON", "EXITWITHTIMEOUT", "EXITWITHKEY", "EXITEMPTY", "SYSCOMPAT":
			if waits {
				err = end(c, l.at)
			} else {
				b.report.leaveOut(whyBefore, l.line)
			}
		case "QUEUESTART": // the server restarted: its calls are gone
			for _, c := range byLine(calls) {
				if c.open && err == nil {
					err = end(c, l.at)
				}
			}
		default:
			if l.agent >= 0 {
				statuses[l.agent].change(l)
			}
		}
		if err != nil {
			return err
		}
		if c != nil && !c.open && l.event != "ENTERQUEUE" {
			c.contact = contact{} // only the number of its contacts is needed from here
		}
	}
	for _, c := range byLine(calls) {
		if c.open {
			if err := b.add(&c.contact, b.queueName(c.queue), c.talker); err != nil {
				return err
			}
		}
	}
	for i := range statuses {
		statuses[i].close(b.agents[i])
	}
	return nil
}

func (b *book) queueName(i int32) string {
	if i < 0 {
		return ""
	}
	return b.queues.all[i]
}

// byLine returns the calls that are open in the order of their lines.
func byLine(calls map[string]*openCall) []*openCall {
	var open []*openCall
	for _, c := range calls {
		if c.open {
			open = append(open, c)
		}
	}
	slices.SortFunc(open, func(x, y *openCall) int { return cmp.Compare(x.line, y.line) })
	return open
}

// memberState is what the lines said of an agent so far.
type memberState struct {
	member map[int32]bool // queues, -1 for a login to all
	since  int64          // of being there, 0 for not
	pause  int64          // since when, 0 for none
	said   bool           // there was a login or a membership
	spans  []span
	pauses []span
}

func (m *memberState) change(l *queueLine) {
	if m.member == nil {
		m.member = map[int32]bool{}
	}
	switch l.event {
	case "ADDMEMBER", "AGENTLOGIN", "AGENTCALLBACKLOGIN":
		m.said = true
		if m.member[l.queue] = true; m.since == 0 {
			m.since = l.at
		}
	case "REMOVEMEMBER", "AGENTLOGOFF", "AGENTCALLBACKLOGOFF":
		m.said = true
		if delete(m.member, l.queue); len(m.member) == 0 && m.since != 0 {
			m.spans, m.since = append(m.spans, span{m.since, l.at}), 0
		}
	case "PAUSEALL", "PAUSE":
		if m.pause == 0 && (l.event == "PAUSEALL" || l.queue < 0) {
			m.pause = l.at
		}
	case "UNPAUSEALL", "UNPAUSE":
		if m.pause != 0 && (l.event == "UNPAUSEALL" || l.queue < 0) {
			m.pauses, m.pause = append(m.pauses, span{m.pause, l.at}), 0
		}
	}
}

// close gives the agent what was said.
func (m *memberState) close(a *agent) {
	if m.pause != 0 {
		m.pauses = append(m.pauses, span{m.pause, openEnd})
	}
	if !m.said {
		a.away = m.pauses
		return
	}
	if m.since != 0 {
		m.spans = append(m.spans, span{m.since, openEnd})
	}
	a.said = subtract(join(m.spans, 0), m.pauses)
}
