package queue

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"pgregory.net/rapid"
)

// model judges a world by brute force: it keeps books of its own of what was
// wished and what happened, and works out from them and the site's rules who may
// serve which visitors, who stands where and who holds what. judge_test.go compares.
type model struct {
	*world
	// What is being wished, for the step that comes of it.
	joining JoinRequest
	to      Target

	books map[string]*book // by ticket
	// served is who served a visitor last; lapses counts an agent's in a row.
	served map[string]service
	lapses map[string]int
	loads  map[string]int
	halted map[QueueID]bool // those that were paused
	// lives makes the names of nodes new after each loss.
	lives map[string]int
	// places is what was seen last, at its stamp.
	places map[string]place
	// there says of each ticket in line whether an agent was available for it.
	there  map[string]bool
	at     Stamp
	number uint64
	// seen counts what happened: causes, and what has none of its own.
	seen map[string]int
}

// book is what the model knows of a ticket.
type book struct {
	at        Stamp
	number    uint64
	headStart Millis
	token     uint64
	tier      int // that a transfer asked for
	prefers   string
	passed    []Decline // each time anew
	opened    bool      // to other languages, in a queue that the rules had no more
}

type service struct {
	agent string
	until Stamp
}

type place struct {
	queue QueueID
	rank  int
}

func newModel(rt *rapid.T) *model {
	m := &model{
		world: &world{tb: rt, State: NewState(exchangeSite()), now: 1_000_000},
		books: map[string]*book{}, served: map[string]service{}, lapses: map[string]int{}, loads: map[string]int{}, halted: map[QueueID]bool{},
		lives: map[string]int{}, places: map[string]place{}, seen: map[string]int{},
	}
	m.saw = m.judge
	return m
}

func (m *model) node(n string) string { return fmt.Sprint(n, "-", m.lives[n]) }

// try commits a wish that may be refused, and reports whether it was done.
func (m *model) try(c Change, err error) bool {
	return err == nil && !c.Empty() && m.commit(c)
}

// takeOver goes on with a state that another gateway loaded from a snapshot.
func (m *model) takeOver() {
	var images []Image
	add := func(i Image) { images = append(images, i) }
	for t := range m.tickets.all() {
		add(t)
	}
	for v := range m.visitors.all() {
		add(v)
	}
	for _, a := range m.agents {
		add(a)
	}
	for _, n := range m.nodes {
		add(n)
	}
	for _, p := range m.paused {
		add(p)
	}
	fresh := NewState(m.site)
	fresh.Restore(m.Number(), m.At(), images)
	m.State = fresh
}

func (m *model) department(id string) Department {
	for _, d := range m.site.Departments {
		if d.ID == id {
			return d
		}
	}
	return Department{}
}

// asks is what a waiting ticket asks for by now, from the site's rules.
type asks struct {
	languages map[string]bool
	minimum   int
	tier      int
	skills    map[string]bool
}

func (m *model) asks(t *Ticket) asks {
	dep, topic := m.department(t.Department), m.site.Topics[t.Topic]
	a := asks{map[string]bool{t.Language: true}, max(dep.MinProficiency, 1), max(dep.Tier, topic.Tier, 1), map[string]bool{}}
	if b := m.books[t.ID]; b.tier != 0 {
		a.tier = b.tier
	}
	for _, s := range append(slices.Clone(dep.Skills), topic.Skills...) {
		a.skills[s] = true
	}
	if m.books[t.ID].opened || !slices.Contains(dep.Languages, t.Language) && m.now >= t.WaitingSince+10_000 {
		for _, l := range append(slices.Clone(t.Listed), m.site.Fallback) {
			if !t.LanguageRequired && l != "" {
				a.languages[l] = true
			}
		}
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

// are reports whether a need, as it is told, is what is asked for.
func (a asks) are(n *Requirements) bool {
	told := needed(n)
	return maps.Equal(a.languages, told.languages) && maps.Equal(a.skills, told.skills) && a.minimum == told.minimum && a.tier == told.tier
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
	return in && speaks && max(who.Tier, 1) >= a.tier
}

// may reports whether a waiting ticket may be given to the agent, who has room for
// so much more.
func (m *model) may(t *Ticket, a *Agent, room int) bool {
	meets := t.Hold != nil && t.Hold.Agent == a.ID || t.Hold == nil && m.asks(t).metBy(a, t.Department)
	return meets && a.Status == Available && a.Session.LostAt == 0 && t.Weight <= room &&
		m.visitors.get(t.Visitor).Session.LostAt == 0 && !m.halted[t.Queue()] && !m.declined(t, a.ID)
}

// attended reports whether an agent is there for a ticket in line, free or not.
func (m *model) attended(t *Ticket) bool {
	for _, a := range m.agents {
		meets := t.Hold != nil && t.Hold.Agent == a.ID || needed(t.Requirements).metBy(a, t.Department) && a.Capacity >= t.Weight
		if meets && a.Status == Available { // also one who is in grace
			return true
		}
	}
	return false
}

// needed is what a need asks for.
func needed(n *Requirements) asks {
	a := asks{map[string]bool{}, max(n.MinProficiency, 1), max(n.Tier, 1), map[string]bool{}}
	for _, l := range n.Languages {
		a.languages[l] = true
	}
	for _, s := range n.Skills {
		a.skills[s] = true
	}
	return a
}

// declined reports whether the agent is not asked again for now.
func (m *model) declined(t *Ticket, agent string) bool {
	for _, p := range m.books[t.ID].passed {
		if p.Agent == agent && m.now <= p.At+20_000 {
			return true
		}
	}
	return false
}

func (b *book) declineCount(agent string) int {
	n := 0
	for _, p := range b.passed {
		if p.Agent == agent {
			n++
		}
	}
	return n
}

// owner is whose capacity the ticket takes, or "".
func owner(t *Ticket) string {
	switch {
	case t.Status == Offered:
		return t.Offer.Agent
	case t.Status == Assigned, t.Status == Closed && t.WrapUp > 0:
		return t.Agent
	}
	return ""
}

func (m *model) load(agent string) int {
	load := 0
	for t := range m.tickets.all() {
		if owner(t) == agent {
			load += t.Weight
		}
	}
	return load
}

func earlier(t, u *Ticket) bool {
	return cmp.Or(cmp.Compare(int64(t.JoinedAt)-int64(t.HeadStart), int64(u.JoinedAt)-int64(u.HeadStart)), cmp.Compare(t.Joined, u.Joined)) < 0
}
