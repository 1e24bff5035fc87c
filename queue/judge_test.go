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
func (m *model) lived(step Step, was, is *Ticket) {
	if was == nil {
		m.joined(step, is)
		return
	}
	b := m.books[is.ID]
	switch {
	case step.Cause == CauseRaised || step.Cause == CauseLowered:
		if (is.HeadStart > b.headStart) != (step.Cause == CauseRaised) || is.HeadStartReason == "" || step.By == "" {
			m.Errorf("%s is %s from %d to %d by %q for %q", is.ID, step.Cause, b.headStart, is.HeadStart, step.By, is.HeadStartReason)
		}
		b.headStart = is.HeadStart
	case step.Cause == CauseTransferred:
		m.transferred(step, was, is, b)
	case is.Department != was.Department || is.Language != was.Language || !slices.Equal(is.Listed, was.Listed):
		m.Errorf("%s moved from %s to %s by %s", is.ID, was.Queue(), is.Queue(), step.Cause)
	}
	if is.JoinedAt != b.at || is.Joined != b.number || is.HeadStart != b.headStart || is.Weight != was.Weight || is.LanguageRequired != was.LanguageRequired {
		m.Errorf("%s, joined %d as %d with %d and weight %d, is by %s: joined %d as %d with %d and weight %d", is.ID, b.at, b.number, b.headStart, was.Weight,
			step.Cause, is.JoinedAt, is.Joined, is.HeadStart, is.Weight)
	}
	fresh := is.Status == Assigned && (was.Status != Assigned || was.Agent != is.Agent)
	if is.Token < b.token || fresh == (is.Token == b.token) {
		m.Errorf("%s went from %s of %q to %s of %q: token %d after %d", is.ID, was.Status, was.Agent, is.Status, is.Agent, is.Token, b.token)
	}
	b.token = is.Token
	if step.Cause == CauseWidened && !slices.Contains(m.department(is.Department).Languages, is.Language) && step.At >= is.WaitingSince+10_000 {
		m.seen["opened to other languages"]++
		b.opened = true
	}
	m.held(step, was, is)
	m.parted(step, was, is)
	if was.Status == Waiting && (is.Status == Offered || is.Status == Assigned) {
		m.seen["given"]++
		m.chosen(was, m.agents[owner(is)])
	}
	if was.Status == Offered && (step.Cause == CauseDeclined || step.Cause == CauseLapsed) {
		b.pass(was.Offer.Agent, step.At)
	}
	if was.Status == Assigned && is.Status == Closed {
		m.served[is.Visitor] = service{is.Agent, step.At}
		want := m.department(is.Department).WrapUp
		if m.agents[is.Agent].Status == Offline {
			want = 0
		}
		if is.WrapUp != want {
			m.Errorf("%s is wrapped up for %d, want %d", is.ID, is.WrapUp, want)
		}
	}
}

// parted judges how a conversation that was closing ends, and what is said of one
// that lost its agent.
func (m *model) parted(step Step, was, is *Ticket) {
	until := Stamp(0)
	if was.Closing != nil {
		until = was.Closing.At + Stamp(was.Closing.For)
	}
	back := was.Status == Assigned && is.Status == Waiting
	switch {
	case is.Closing != nil && (is.Status != Assigned || is.Agent != was.Agent || is.Token != was.Token):
		m.Errorf("%s is %s of %q and closing", is.ID, is.Status, is.Agent)
	case was.Closing != nil && is.Closing != nil && *was.Closing != *is.Closing:
		m.Errorf("%s closes at %+v instead of %+v by %s", is.ID, is.Closing, was.Closing, step.Cause)
	case was.Closing != nil && is.Closing == nil && step.Cause == CauseClosed && step.At >= until:
		m.seen["closed in time"]++
	case was.Closing != nil && back && step.Cause != CauseTransferred:
		m.Errorf("%s was closing, and waits by %s", is.ID, step.Cause)
	}
	switch {
	case back && step.Cause == CauseExpired:
		m.seen["lost its agent"]++
		if l := is.Loss; l == nil || l.Agent != was.Agent || l.Token != was.Token || l.Number != step.Number || l.At != step.At {
			m.Errorf("%s lost %s with token %d by %d; it says %+v", is.ID, was.Agent, was.Token, step.Number, l)
		}
	case (was.Loss == nil) != (is.Loss == nil) || was.Loss != nil && *was.Loss != *is.Loss:
		m.Errorf("%s lost %+v, and by %s %+v", is.ID, was.Loss, step.Cause, is.Loss)
	}
}

func (b *book) pass(agent string, at Stamp) {
	b.passed = append(b.passed, Decline{Agent: agent, At: at})
	b.passed = b.passed[max(0, len(b.passed)-maxDeclines):]
}

// joined judges a new ticket by what was wished.
func (m *model) joined(step Step, is *Ticket) {
	r, topic := m.joining, m.site.Topics[m.joining.Topic]
	b := &book{at: step.At, number: step.Number, headStart: m.site.VisitorTiers[r.VisitorTier] + m.site.Urgencies[r.Urgency].HeadStart + topic.HeadStart}
	m.books[is.ID] = b
	language := ""
	for _, l := range r.Languages {
		if language == "" && slices.Contains(m.department(r.Department).Languages, l) {
			language = l
		}
	}
	others := slices.DeleteFunc(slices.Clone(r.Languages), func(l string) bool {
		return l == language || !slices.ContainsFunc(m.site.Queues(), func(q QueueID) bool { return q.Language == l })
	})
	if is.ID != r.Ticket || is.Visitor != r.Visitor || is.Department != r.Department || is.Language != language || !slices.Equal(is.Listed, others) || is.LanguageRequired != r.LanguageRequired {
		m.Errorf("%+v joins as %+v", r, is)
	}
	if is.JoinedAt != b.at || is.Joined != b.number || is.HeadStart != b.headStart || is.Weight != max(topic.Weight, r.Weight, 1) || is.Weight > m.site.MaxCapacity || is.Status != Waiting || is.Token != 0 {
		m.Errorf("at %d as %d, %+v joins as %+v; want a head start of %d", b.at, b.number, r, is, b.headStart)
	}
	last := m.served[r.Visitor]
	a := m.agents[last.agent]
	held := false
	if a != nil && m.at <= last.until.Add(m.site.StickyWindow) && m.asks(is).metBy(a, is.Department) && is.Weight <= a.Capacity {
		b.prefers, held = a.ID, a.Status == Available && a.Session.LostAt == 0
	}
	if is.Prefers != b.prefers || (is.Hold != nil) != held || held && (is.Hold.Agent != a.ID || is.Hold.For != m.site.StickyHold || is.Hold.Reason != HoldSticky) {
		m.Errorf("%s prefers %q, held %+v; served before by %+v, want %q, held: %v", is.ID, is.Prefers, is.Hold, last, b.prefers, held)
	}
}

// transferred judges where a ticket went by what was wished.
func (m *model) transferred(step Step, was, is *Ticket, b *book) {
	if is.Status == Assigned { // handed over
		m.seen["handed over"]++
		if is.Agent != m.to.Agent || !slices.Contains(was.Guests, is.Agent) || is.Queue() != was.Queue() {
			m.Errorf("%s of %s is handed over to %s instead of %+v", is.ID, was.Queue(), is.Agent, m.to)
		}
		return
	}
	department := cmp.Or(m.to.Department, was.Department)
	language := m.to.Language
	b.opened = false
	if m.to.Department == "" && language == "" && !slices.Contains(m.department(department).Languages, was.Language) {
		language = was.Language // an agent or a tier is named
	}
	for _, l := range append([]string{was.Language}, was.Listed...) {
		if language == "" && slices.Contains(m.department(department).Languages, l) && (l == was.Language || !was.LanguageRequired) {
			language = l
		}
	}
	if is.Status != Waiting || is.Department != department || is.Language != language || is.Step != 0 || is.WaitingSince != step.At {
		m.Errorf("%s of %s is %s in %s since %d, at step %d; it was given to %+v at %d", is.ID, was.Queue(), is.Status, is.Queue(), is.WaitingSince, is.Step, m.to, step.At)
	}
	reads := append([]string{was.Language}, was.Listed...)
	for _, l := range reads {
		if l != is.Language && !slices.Contains(is.Listed, l) {
			m.Errorf("%s of %s, who reads %v, is in %s with %v", is.ID, was.Queue(), reads, is.Queue(), is.Listed)
		}
	}
	if by := owner(was); by != "" {
		b.pass(by, step.At)
	}
	b.tier, b.prefers = m.to.Tier, m.to.Agent
	held := is.Hold != nil && is.Hold.Agent == m.to.Agent && is.Hold.For == m.site.TransferHold && is.Hold.Reason == HoldTransfer
	if is.Prefers != m.to.Agent || held != (m.to.Agent != "") || !held && is.Hold != nil {
		m.Errorf("%s is given to %+v and prefers %q, held %+v", is.ID, m.to, is.Prefers, is.Hold)
	}
	b.passed = slices.DeleteFunc(b.passed, func(p Decline) bool { return p.Agent == m.to.Agent })
}

// held judges how a hold begins and ends.
func (m *model) held(step Step, was, is *Ticket) {
	switch h := was.Hold; {
	case step.Cause == CauseTransferred || h == nil && is.Hold == nil:
	case h == nil:
		m.Errorf("%s is held for %s by %s", is.ID, is.Hold.Agent, step.Cause)
	case is.Hold == nil && is.Status == Waiting && step.Cause == CauseHoldEnded:
		if a := m.agents[h.Agent]; step.At <= h.At.Add(h.For) && a != nil && a.Status == Available && a.Session.LostAt == 0 {
			m.Errorf("the hold of %s for %s, who is there, ended early", is.ID, h.Agent)
		}
	case is.Hold == nil && is.Status == Waiting && was.Status == Offered && was.Offer.Agent == h.Agent:
	case is.Hold == nil && is.Status == Waiting:
		m.Errorf("the hold of %s ended by %s", is.ID, step.Cause)
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
