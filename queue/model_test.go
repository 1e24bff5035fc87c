package queue

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"pgregory.net/rapid"
)

// model judges a world by brute force: it looks at tickets and agents as they
// are told and works out by itself who may serve whom, who stands where and who
// holds what.
type model struct {
	*world
	offers int
	// asked is the tier that a transfer asked for, by ticket.
	asked map[string]int
	// lives makes the names of nodes new after each loss.
	lives map[string]int
	// places and tokens are what was seen last.
	places map[string]place
	tokens map[string]uint64
	number uint64
}

type place struct {
	queue QueueID
	rank  int
}

func newModel(rt *rapid.T) *model {
	m := &model{
		world: &world{tb: rt, State: NewState(exchangeSite()), now: 1_000_000},
		asked: map[string]int{}, lives: map[string]int{}, places: map[string]place{}, tokens: map[string]uint64{},
	}
	m.saw = m.judge
	return m
}

func (m *model) node(n string) string { return fmt.Sprint(n, "-", m.lives[n]) }

// try commits a wish that may be refused, and says whether it was done.
func (m *model) try(c Change, err error) bool {
	return err == nil && !c.Empty() && m.commit(c)
}

// asks is what a waiting ticket asks for by now, from the site's rules.
type asks struct {
	languages map[string]bool
	minimum   int
	tier      int
	skills    map[string]bool
}

func (m *model) asks(t *Ticket) asks {
	var dep Department
	for _, d := range m.site.Departments {
		if d.ID == t.Department {
			dep = d
		}
	}
	topic := m.site.Topics[t.Topic]
	a := asks{map[string]bool{t.Language: true}, max(dep.MinProficiency, 1), max(dep.Tier, topic.Tier, 1), map[string]bool{}}
	if m.asked[t.ID] != 0 {
		a.tier = m.asked[t.ID]
	}
	for _, s := range append(slices.Clone(dep.Skills), topic.Skills...) {
		a.skills[s] = true
	}
	for _, w := range dep.Widening {
		if int64(m.now)-int64(t.WaitingSince) < int64(w.After) {
			break
		}
		if !t.LanguageRequired && w.Languages == "listed" {
			for _, l := range t.Listed {
				a.languages[l] = true
			}
		}
		if !t.LanguageRequired && w.Languages == "fallback" {
			a.languages[m.site.Fallback] = true
		}
		for _, s := range w.DropSkills {
			delete(a.skills, s)
		}
		if w.MinProficiency != 0 {
			a.minimum = min(a.minimum, w.MinProficiency)
		}
	}
	return a
}

func (a asks) metBy(who *Agent, department string) bool {
	in, speaks := false, false
	for _, d := range who.Departments {
		in = in || d == department
	}
	for l, how := range who.Languages {
		speaks = speaks || a.languages[l] && how >= a.minimum
	}
	for s := range a.skills {
		if !slices.Contains(who.Skills, s) {
			return false
		}
	}
	return in && speaks && who.Tier >= a.tier
}

func (m *model) load(agent string) int {
	load := 0
	for _, t := range m.tickets {
		if t.Status == Offered && t.Offer.Agent == agent || t.Status == Assigned && t.Agent == agent || t.Status == Closed && t.WrapUp > 0 && t.Agent == agent {
			load += t.Weight
		}
	}
	return load
}

func (m *model) present(t *Ticket) bool { return m.visitors[t.Visitor].Session.LostAt == 0 }

// declined says whether the agent is not asked again for now.
func (m *model) declined(t *Ticket, agent string) bool {
	return slices.Contains(t.Passed, agent) && m.now <= t.PassedAt+20_000
}

// judge looks at every step.
func (m *model) judge(step Step) {
	m.number = step.Number
	for _, s := range step.Tickets {
		if s.Is == nil {
			continue
		}
		if was := m.tokens[s.Is.ID]; s.Is.Token < was || s.Is.Status == Assigned && (s.Was.Status != Assigned || s.Was.Agent != s.Is.Agent) && s.Is.Token == was {
			m.Errorf("ticket %s: token %d after %d", s.Is.ID, s.Is.Token, was)
		}
		m.tokens[s.Is.ID] = s.Is.Token
		if step.Cause == CauseOffered || step.Cause == CauseAccepted && s.Was.Status == Waiting {
			m.offers++
			m.chosen(s.Is, s.Was.Hold)
		}
	}
	m.standing(step)
}

// chosen judges an offer, or an assignment without one.
func (m *model) chosen(t *Ticket, hold *Hold) {
	agent := m.agents[t.HeldBy()]
	if load := m.load(agent.ID); load > agent.Capacity {
		m.Errorf("%s holds %d of %d", agent.ID, load, agent.Capacity)
	}
	if agent.Status != Available || agent.Session.LostAt != 0 || m.paused[t.Queue()] != nil || m.declined(t, agent.ID) || !m.present(t) {
		m.Errorf("%s, %s, was given %s of %s", agent.ID, agent.Status, t.ID, t.Queue())
	}
	if hold != nil && hold.Agent != agent.ID || hold == nil && !m.asks(t).metBy(agent, t.Department) {
		m.Errorf("%s may not serve %s, held %+v", agent.ID, t.ID, hold)
	}
	for _, u := range m.tickets {
		if u.Status != Waiting || !earlier(u, t) || u.Queue() != t.Queue() || u.Weight != t.Weight || u.Hold != nil || hold != nil {
			continue
		}
		if same(m.asks(u), m.asks(t)) && m.present(u) && !m.declined(u, agent.ID) {
			m.Errorf("%s was served before %s, which asks for the same and is earlier", t.ID, u.ID)
		}
	}
}

func same(a, b asks) bool {
	return maps.Equal(a.languages, b.languages) && maps.Equal(a.skills, b.skills) && a.minimum == b.minimum && a.tier == b.tier
}

func earlier(t, u *Ticket) bool {
	return cmp.Or(cmp.Compare(int64(t.JoinedAt)-int64(t.HeadStart), int64(u.JoinedAt)-int64(u.HeadStart)), cmp.Compare(t.Joined, u.Joined)) < 0
}

// standing works out everybody's place and compares it with what is shown.
func (m *model) standing(step Step) {
	lines := map[QueueID][]*Ticket{}
	for _, t := range m.tickets {
		if t.Status == Waiting || t.Status == Offered {
			lines[t.Queue()] = append(lines[t.Queue()], t)
		}
	}
	places := map[string]place{}
	for q, line := range lines {
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
			now, was := place{q, i + 1}, m.places[t.ID]
			places[t.ID] = now
			if shown := m.Position(t); shown != now.rank {
				m.Errorf("%s stands at %d, shown %d", t.ID, now.rank, shown)
			}
			if was.queue == q && now.rank > was.rank && m.Worsened(t, step.Number-1) == "" {
				m.Errorf("%s went back from %d to %d by %s without a reason", t.ID, was.rank, now.rank, step.Cause)
			}
		}
	}
	m.places = places
	held := 0
	for _, t := range m.tickets {
		owner := ""
		switch {
		case t.Status == Offered:
			owner = t.Offer.Agent
		case t.Status == Assigned, t.Status == Closed && t.WrapUp > 0:
			owner = t.Agent
		}
		if owner != "" {
			held++
		}
		if (t.Status == Offered) != (t.Offer != nil) || t.Status == Assigned && t.Agent == "" || t.Status != Assigned && len(t.Guests) > 0 {
			m.Errorf("%s is %s with offer %v, agent %q, guests %v", t.ID, t.Status, t.Offer, t.Agent, t.Guests)
		}
	}
	for a := range m.agents {
		held -= len(m.Held(a))
		if m.Load(a) != m.load(a) {
			m.Errorf("%s holds %d, counted %d", a, m.load(a), m.Load(a))
		}
	}
	if held != 0 {
		m.Errorf("%d tickets have no owner, or two", held)
	}
}

// atRest judges the state after the dispatcher has nothing more to do.
func (m *model) atRest() {
	for _, t := range m.tickets {
		switch {
		case t.Status == Offered && m.now > t.Offer.At+20_000:
			m.Errorf("the offer of %s should have lapsed", t.ID)
		case t.Status == Closed && t.WrapUp > 0 && int64(m.now) >= int64(t.EndedAt)+int64(t.WrapUp):
			m.Errorf("%s should be wrapped up", t.ID)
		case t.Status != Waiting:
			continue
		}
		ask := m.asks(t)
		if t.Status == Waiting && t.Hold != nil {
			a := m.agents[t.Hold.Agent]
			if m.now > t.Hold.At+Stamp(t.Hold.For) || a == nil || a.Status != Available || a.Session.LostAt != 0 {
				m.Errorf("%s is still held for %s", t.ID, t.Hold.Agent)
			}
		}
		if t.Status != Waiting || m.paused[t.Queue()] != nil || !m.present(t) {
			continue
		}
		for _, a := range m.agents {
			may := t.Hold == nil && ask.metBy(a, t.Department) || t.Hold != nil && t.Hold.Agent == a.ID
			if may && a.Status == Available && a.Session.LostAt == 0 && m.load(a.ID)+t.Weight <= a.Capacity && !m.declined(t, a.ID) {
				m.Errorf("%s waits while %s has room", t.ID, a.ID)
			}
		}
	}
}
