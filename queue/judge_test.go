package queue

import (
	"cmp"
	"slices"
)

// judge looks at every step.
func (m *model) judge(step Step) {
	m.number = step.Number
	m.seen[string(step.Cause)]++
	for _, s := range step.Tickets {
		if s.After != nil {
			m.lived(step, s.Before, s.After)
		}
	}
	for _, q := range step.Queues {
		m.halted[q] = step.Cause == CausePaused
	}
	m.answered(step)
	m.standing(step)
	m.attending(step)
	m.holding()
	m.at = step.At
}

// lived judges what became of one ticket, and writes it into its book.
func (m *model) lived(step Step, before, after *Ticket) {
	if before == nil {
		m.joined(step, after)
		return
	}
	b := m.books[after.ID]
	switch {
	case step.Cause == CauseRaised || step.Cause == CauseLowered:
		if (after.HeadStart > b.headStart) != (step.Cause == CauseRaised) || after.HeadStartReason == "" || step.By == "" {
			m.Errorf("%s is %s from %d to %d by %q for %q", after.ID, step.Cause, b.headStart, after.HeadStart, step.By, after.HeadStartReason)
		}
		b.headStart = after.HeadStart
	case step.Cause == CauseTransferred:
		m.transferred(step, before, after, b)
	case after.Department != before.Department || after.Language != before.Language || !slices.Equal(after.Listed, before.Listed):
		m.Errorf("%s moved from %s to %s by %s", after.ID, before.Queue(), after.Queue(), step.Cause)
	}
	if after.JoinedAt != b.at || after.Joined != b.number || after.HeadStart != b.headStart || after.Weight != before.Weight || after.LanguageRequired != before.LanguageRequired {
		m.Errorf("%s, joined %d as %d with %d and weight %d, is by %s: joined %d as %d with %d and weight %d", after.ID, b.at, b.number, b.headStart, before.Weight,
			step.Cause, after.JoinedAt, after.Joined, after.HeadStart, after.Weight)
	}
	fresh := after.Status == Assigned && (before.Status != Assigned || before.Agent != after.Agent)
	if after.Token < b.token || fresh == (after.Token == b.token) {
		m.Errorf("%s went from %s of %q to %s of %q: token %d after %d", after.ID, before.Status, before.Agent, after.Status, after.Agent, after.Token, b.token)
	}
	b.token = after.Token
	if step.Cause == CauseWidened && !slices.Contains(m.department(after.Department).Languages, after.Language) && step.At >= after.WaitingSince+10_000 {
		m.seen["opened to other languages"]++
		b.opened = true
	}
	m.held(step, before, after)
	m.parted(step, before, after)
	if before.Status == Waiting && (after.Status == Offered || after.Status == Assigned) {
		m.seen["given"]++
		m.chosen(before, m.agents[owner(after)])
	}
	if before.Status == Offered && (step.Cause == CauseDeclined || step.Cause == CauseLapsed) {
		b.pass(before.Offer.Agent, step.At)
	}
	if before.Status == Assigned && after.Status == Closed {
		m.served[after.Visitor] = service{after.Agent, step.At}
		want := m.department(after.Department).WrapUp
		if m.agents[after.Agent].Status == Offline {
			want = 0
		}
		if after.WrapUp != want {
			m.Errorf("%s is wrapped up for %d, want %d", after.ID, after.WrapUp, want)
		}
	}
}

// parted judges how a conversation that was closing ends, and what is said of one
// that lost its agent.
func (m *model) parted(step Step, before, after *Ticket) {
	until := Stamp(0)
	if before.Closing != nil {
		until = before.Closing.At + Stamp(before.Closing.For)
	}
	back := before.Status == Assigned && after.Status == Waiting
	switch {
	case after.Closing != nil && (after.Status != Assigned || after.Agent != before.Agent || after.Token != before.Token):
		m.Errorf("%s is %s of %q and closing", after.ID, after.Status, after.Agent)
	case before.Closing != nil && after.Closing != nil && *before.Closing != *after.Closing:
		m.Errorf("%s closes at %+v instead of %+v by %s", after.ID, after.Closing, before.Closing, step.Cause)
	case before.Closing != nil && after.Closing == nil && step.Cause == CauseClosed && step.At >= until:
		m.seen["closed in time"]++
	case before.Closing != nil && back && step.Cause != CauseTransferred:
		m.Errorf("%s was closing, and waits by %s", after.ID, step.Cause)
	}
	switch {
	case back && step.Cause == CauseExpired:
		m.seen["lost its agent"]++
		if l := after.Loss; l == nil || l.Agent != before.Agent || l.Token != before.Token || l.Number != step.Number || l.At != step.At {
			m.Errorf("%s lost %s with token %d by %d; it says %+v", after.ID, before.Agent, before.Token, step.Number, l)
		}
	case (before.Loss == nil) != (after.Loss == nil) || before.Loss != nil && *before.Loss != *after.Loss:
		m.Errorf("%s lost %+v, and by %s %+v", after.ID, before.Loss, step.Cause, after.Loss)
	}
}

func (b *book) pass(agent string, at Stamp) {
	b.passed = append(b.passed, Decline{Agent: agent, At: at})
	b.passed = b.passed[max(0, len(b.passed)-maxDeclines):]
}

// joined judges a new ticket by what was wished.
func (m *model) joined(step Step, after *Ticket) {
	r, topic := m.joining, m.site.Topics[m.joining.Topic]
	b := &book{at: step.At, number: step.Number, headStart: m.site.VisitorTiers[r.VisitorTier] + m.site.Urgencies[r.Urgency].HeadStart + topic.HeadStart}
	m.books[after.ID] = b
	language := ""
	for _, l := range r.Languages {
		if language == "" && slices.Contains(m.department(r.Department).Languages, l) {
			language = l
		}
	}
	others := slices.DeleteFunc(slices.Clone(r.Languages), func(l string) bool {
		return l == language || !slices.ContainsFunc(m.site.Queues(), func(q QueueID) bool { return q.Language == l })
	})
	if after.ID != r.Ticket || after.Visitor != r.Visitor || after.Department != r.Department || after.Language != language || !slices.Equal(after.Listed, others) || after.LanguageRequired != r.LanguageRequired {
		m.Errorf("%+v joins as %+v", r, after)
	}
	if after.JoinedAt != b.at || after.Joined != b.number || after.HeadStart != b.headStart || after.Weight != max(topic.Weight, r.Weight, 1) || after.Weight > m.site.MaxCapacity || after.Status != Waiting || after.Token != 0 {
		m.Errorf("at %d as %d, %+v joins as %+v; want a head start of %d", b.at, b.number, r, after, b.headStart)
	}
	last := m.served[r.Visitor]
	a := m.agents[last.agent]
	held := false
	if a != nil && m.at <= last.until.Add(m.site.StickyWindow) && m.asks(after).metBy(a, after.Department) && after.Weight <= a.Capacity {
		b.prefers, held = a.ID, a.Status == Available && a.Session.LostAt == 0
	}
	if after.Prefers != b.prefers || (after.Hold != nil) != held || held && (after.Hold.Agent != a.ID || after.Hold.For != m.site.StickyHold || after.Hold.Reason != HoldSticky) {
		m.Errorf("%s prefers %q, held %+v; served before by %+v, want %q, held: %v", after.ID, after.Prefers, after.Hold, last, b.prefers, held)
	}
}

// transferred judges where a ticket went by what was wished.
func (m *model) transferred(step Step, before, after *Ticket, b *book) {
	if after.Status == Assigned { // handed over
		m.seen["handed over"]++
		if after.Agent != m.to.Agent || !slices.Contains(before.Guests, after.Agent) || after.Queue() != before.Queue() {
			m.Errorf("%s of %s is handed over to %s instead of %+v", after.ID, before.Queue(), after.Agent, m.to)
		}
		return
	}
	department := cmp.Or(m.to.Department, before.Department)
	language := m.to.Language
	b.opened = false
	if m.to.Department == "" && language == "" && !slices.Contains(m.department(department).Languages, before.Language) {
		language = before.Language // an agent or a tier is named
	}
	for _, l := range append([]string{before.Language}, before.Listed...) {
		if language == "" && slices.Contains(m.department(department).Languages, l) && (l == before.Language || !before.LanguageRequired) {
			language = l
		}
	}
	if after.Status != Waiting || after.Department != department || after.Language != language || after.Step != 0 || after.WaitingSince != step.At {
		m.Errorf("%s of %s is %s in %s since %d, at step %d; it was given to %+v at %d", after.ID, before.Queue(), after.Status, after.Queue(), after.WaitingSince, after.Step, m.to, step.At)
	}
	reads := append([]string{before.Language}, before.Listed...)
	for _, l := range reads {
		if l != after.Language && !slices.Contains(after.Listed, l) {
			m.Errorf("%s of %s, who reads %v, is in %s with %v", after.ID, before.Queue(), reads, after.Queue(), after.Listed)
		}
	}
	if by := owner(before); by != "" {
		b.pass(by, step.At)
	}
	b.tier, b.prefers = m.to.Tier, m.to.Agent
	held := after.Hold != nil && after.Hold.Agent == m.to.Agent && after.Hold.For == m.site.TransferHold && after.Hold.Reason == HoldTransfer
	if after.Prefers != m.to.Agent || held != (m.to.Agent != "") || !held && after.Hold != nil {
		m.Errorf("%s is given to %+v and prefers %q, held %+v", after.ID, m.to, after.Prefers, after.Hold)
	}
	b.passed = slices.DeleteFunc(b.passed, func(p Decline) bool { return p.Agent == m.to.Agent })
}

// held judges how a hold begins and ends.
func (m *model) held(step Step, before, after *Ticket) {
	switch h := before.Hold; {
	case step.Cause == CauseTransferred || h == nil && after.Hold == nil:
	case h == nil:
		m.Errorf("%s is held for %s by %s", after.ID, after.Hold.Agent, step.Cause)
	case after.Hold == nil && after.Status == Waiting && step.Cause == CauseHoldEnded:
		if a := m.agents[h.Agent]; step.At <= h.At.Add(h.For) && a != nil && a.Status == Available && a.Session.LostAt == 0 {
			m.Errorf("the hold of %s for %s, who is there, ended early", after.ID, h.Agent)
		}
	case after.Hold == nil && after.Status == Waiting && before.Status == Offered && before.Offer.Agent == h.Agent:
	case after.Hold == nil && after.Status == Waiting:
		m.Errorf("the hold of %s ended by %s", after.ID, step.Cause)
	}
}

// chosen judges that a waiting ticket is given to an agent, before it was.
func (m *model) chosen(t *Ticket, to *Agent) {
	room := to.Capacity - m.load(to.ID) + t.Weight // as it was
	if !m.may(t, to, room) {
		m.Errorf("%s, who is %s with room for %d, was given %s of %s, held %+v", to.ID, to.Status, room, t.ID, t.Queue(), t.Hold)
	}
	for u := range m.tickets.all() {
		if u.Status == Waiting && earlier(u, t) && m.may(u, to, room) {
			m.Errorf("%s was given %s before %s, which is earlier and could have been theirs", to.ID, t.ID, u.ID)
		}
	}
	b := m.books[t.ID]
	for _, other := range m.agents {
		if other.ID == to.ID || !m.may(t, other, other.Capacity-m.load(other.ID)) {
			continue
		}
		if b.declineCount(other.ID) < b.declineCount(to.ID) {
			m.Errorf("%s, who has passed on %s more often than %s, was given it", to.ID, t.ID, other.ID)
		}
		if b.declineCount(other.ID) == b.declineCount(to.ID) && other.ID == b.prefers {
			m.Errorf("%s was given %s, which prefers %s", to.ID, t.ID, other.ID)
		}
	}
}

// answered counts the lapses of agents in a row: the second sets them away.
func (m *model) answered(step Step) {
	for _, s := range step.Tickets {
		if s.Before == nil || s.Before.Status != Offered {
			continue
		}
		a := m.agents[s.Before.Offer.Agent]
		if step.Cause == CauseAccepted || step.Cause == CauseDeclined {
			m.lapses[a.ID] = 0
		}
		if step.Cause == CauseLapsed {
			if m.lapses[a.ID]++; m.lapses[a.ID] >= 2 && a.Status == Available {
				m.Errorf("%s let %d offers lapse in a row and is %s", a.ID, m.lapses[a.ID], a.Status)
			}
		}
	}
	for _, id := range step.Agents {
		if step.Cause == CauseStatus || m.agents[id].Status == Offline {
			m.lapses[id] = 0
		}
	}
}
