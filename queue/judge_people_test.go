package queue

import (
	"fmt"
	"maps"
	"slices"
)

// standing works out every person's place and compares it with what is shown.
func (m *model) standing(step Step) {
	lines := map[QueueID][]*Ticket{}
	for t := range m.tickets.all() {
		if t.Status == Waiting || t.Status == Offered {
			lines[t.Queue()] = append(lines[t.Queue()], t)
		}
	}
	places := map[string]place{}
	for _, q := range m.Queues() {
		line := lines[q]
		delete(lines, q)
		if len(line) > 0 && !slices.Contains(m.site.Queues(), q) {
			m.seen["waits in a withdrawn queue"]++
		}
		slices.SortFunc(line, func(a, b *Ticket) int {
			if earlier(a, b) {
				return -1
			}
			return 1
		})
		if m.Size(q) != len(line) {
			m.Errorf("%s has %d tickets, shown %d", q, len(line), m.Size(q))
		}
		for i, t := range line {
			now, previous := place{q, i + 1}, m.places[t.ID]
			places[t.ID] = now
			if shown := m.Position(t); shown != now.rank {
				m.Errorf("%s stands at %d, shown %d", t.ID, now.rank, shown)
			}
			if previous.queue == q && now.rank > previous.rank && m.Worsened(t, step.Number-1) == "" {
				m.Errorf("%s went back from %d to %d by %s without a reason", t.ID, previous.rank, now.rank, step.Cause)
			}
		}
	}
	for q, line := range lines {
		m.Errorf("%d wait in %s, which is not shown", len(line), q)
	}
	m.places = places
}

// attending compares, for each ticket in line and each queue, whether an agent is
// there with what is shown, and looks whether a change was told.
func (m *model) attending(step Step) {
	there := map[string]bool{}
	for t := range m.tickets.all() {
		if t.Status != Waiting && t.Status != Offered {
			continue
		}
		there[t.ID] = m.attended(t)
		m.seen[map[bool]string{true: "attended", false: "unattended"}[there[t.ID]]]++
		if m.Unattended(t) == there[t.ID] {
			m.Errorf("%s of %s, held %+v, asks for %+v: attended: %v, shown unattended: %v", t.ID, t.Queue(), t.Hold, t.Requirements, there[t.ID], m.Unattended(t))
		}
		before, known := m.there[t.ID]
		if written := slices.ContainsFunc(step.Tickets, func(s TicketStep) bool { return s.After != nil && s.After.ID == t.ID }); known && before != there[t.ID] &&
			t.Hold == nil && !written && !slices.Contains(step.Attended, t.Queue()) {
			m.Errorf("that %s is attended: %v was told to nobody by %s", t.ID, there[t.ID], step.Cause)
		}
	}
	m.there = there
	for _, q := range m.site.Queues() {
		plain := &Ticket{Specification: &Specification{Department: q.Department, Language: q.Language, Weight: 1, Requirements: m.QueueRequirements(q)}, Progress: uneventful}
		if m.QueueUnattended(q) == m.attended(plain) {
			m.Errorf("%s is shown unattended: %v", q, m.QueueUnattended(q))
		}
	}
}

// holding compares who holds what with what is told, and looks whether each
// ticket is in one place and each visitor in one ticket.
func (m *model) holding() {
	held, open := 0, map[string]string{}
	for t := range m.tickets.all() {
		if owner(t) != "" {
			held++
		}
		if (t.Status == Offered) != (t.Offer != nil) || t.Status == Assigned && t.Agent == "" || t.Status != Assigned && len(t.Guests) > 0 {
			m.Errorf("%s is %s with offer %v, agent %q, guests %v", t.ID, t.Status, t.Offer, t.Agent, t.Guests)
		}
		if t.Status == Waiting || t.Status == Offered || t.Status == Assigned {
			if open[t.Visitor] != "" {
				m.Errorf("%s has two open tickets: %s and %s", t.Visitor, t.ID, open[t.Visitor])
			}
			open[t.Visitor] = t.ID
		}
	}
	for a, after := range m.agents {
		held -= len(m.Held(a))
		load := m.load(a)
		if m.Load(a) != load {
			m.Errorf("%s holds %d, counted %d", a, load, m.Load(a))
		}
		if load > after.Capacity && load > m.loads[a] { // a lower capacity takes nothing away
			m.Errorf("%s holds %d of %d", a, load, after.Capacity)
		}
		m.loads[a] = load
		if after.Status == Offline && load > 0 {
			m.Errorf("%s is offline and holds %d", a, load)
		}
	}
	if held != 0 {
		m.Errorf("%d tickets have no owner, or two", held)
	}
}

// rests judges that the dispatcher, which has nothing to do, may rest for as long as it
// says, and does not look again before something has changed.
func (m *model) rests() {
	due, next := Dispatcher{}.ProposeUntil(m.State, m.now)
	if len(due) > 0 || next != 0 && next <= m.now {
		m.Errorf("at %d the dispatcher does not rest: %d batches, %d", m.now, len(due), next)
		return
	}
	last := m.now.Add(1000 * m.site.Retention)
	if next != 0 {
		last = next - 1
	}
	m.seen["rested"]++
	if early := (Dispatcher{}).Propose(m.State, last); len(early) > 0 {
		m.Errorf("at %d there is %s to do, and at %d nothing was said to come before %d", last, early[0][0].Cause, m.now, next)
	}
	if len(m.classes) > 0 && next != 0 && len(m.Match(next, 1)) > 0 {
		m.seen["rested until a cooldown was over"]++
	}
}

// sessioned judges that each node has the sessions that it holds, and no others.
func (m *model) sessioned() {
	want, counted := map[string][]string{}, map[string]int{}
	for v := range m.visitors.all() {
		if n := v.Session.Node; n != "" && v.Session.LostAt == 0 {
			want[n] = append(want[n], fmt.Sprint(v.Rev.Number, " ", v.ID))
			counted[n]++
		}
	}
	for _, a := range m.agents {
		if n := a.Session.Node; n != "" && a.Session.LostAt == 0 {
			counted[n]++
		}
	}
	if !maps.Equal(counted, m.sessionsOn) {
		m.Errorf("the nodes hold %v, counted %v", counted, m.sessionsOn)
	}
	for n, all := range want {
		var got []string
		for _, v := range m.visitors.marked(nodeMark(n)) {
			if v.Session.liveOn() == n {
				got = append(got, fmt.Sprint(v.Rev.Number, " ", v.ID))
			}
		}
		slices.Sort(all)
		slices.Sort(got)
		if !slices.Equal(got, all) {
			m.Errorf("on %s are %v, found %v", n, all, got)
		}
	}
}

// atRest judges the state after the dispatcher has nothing more to do.
func (m *model) atRest() {
	m.rests()
	m.sessioned()
	for v := range m.visitors.all() {
		t := m.tickets.get(v.Ticket)
		grace := m.site.VisitorGrace
		if t.Status == Assigned {
			grace = m.site.AssignedGrace
		}
		if gone := v.Session.LostAt; gone != 0 && t.Open() && m.now > gone.Add(grace) {
			m.Errorf("%s, gone since %d, still has %s, %s", v.ID, gone, t.ID, t.Status)
		}
	}
	for _, a := range m.agents {
		if gone := a.Session.LostAt; gone != 0 && a.Status != Offline && m.now > gone.Add(m.site.AgentGrace) {
			m.Errorf("%s, gone since %d, is %s", a.ID, gone, a.Status)
		}
	}
	for t := range m.tickets.all() {
		switch {
		case t.Status == Offered && m.now > t.Offer.At+20_000:
			m.Errorf("the offer of %s should have lapsed", t.ID)
		case t.Closing != nil && m.now >= t.Closing.At+Stamp(t.Closing.For):
			m.Errorf("%s should have been closed", t.ID)
		case t.Status == Closed && t.WrapUp > 0 && int64(m.now) >= int64(t.EndedAt)+int64(t.WrapUp):
			m.Errorf("%s should be wrapped up", t.ID)
		case t.Status != Waiting:
			continue
		case !m.asks(t).are(t.Requirements):
			m.Errorf("%s, since %d, asks for %+v, want %+v", t.ID, t.WaitingSince, t.Requirements, m.asks(t))
		}
		if t.Status != Waiting {
			continue
		}
		if t.Hold != nil {
			a := m.agents[t.Hold.Agent]
			if m.now > t.Hold.At+Stamp(t.Hold.For) || a == nil || a.Status != Available || a.Session.LostAt != 0 {
				m.Errorf("%s is still held for %s", t.ID, t.Hold.Agent)
			}
		}
		for _, a := range m.agents {
			if m.may(t, a, a.Capacity-m.load(a.ID)) {
				m.Errorf("%s waits while %s has room", t.ID, a.ID)
			}
		}
	}
}
