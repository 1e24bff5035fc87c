package queue

import (
	"slices"
	"strconv"
	"strings"
)

// Requirements is what a ticket asks of an agent. It is one value for all tickets of a
// class and is never modified.
type Requirements struct {
	// Languages are those it may be served in: any one of them will do.
	Languages []string `json:"languages"`
	// MinProficiency is how well the agent must speak it, 1 to 5.
	MinProficiency Proficiency `json:"min_proficiency,omitzero"`
	// Tier is the lowest tier that will do, 1 to 3.
	Tier int `json:"tier,omitzero"`
	// Skills must all be there; sorted.
	Skills  []string `json:"skills,omitzero"`
	Unknown Unknown  `json:",embed"`

	text string // the key, once the ticket is in a State
}

// Meets reports whether an agent has what is required, in a department.
func (a *Agent) Meets(n *Requirements, department string) bool {
	return slices.Contains(a.Departments, department) && a.suits(n)
}

// suits is Meets wherever it is.
func (a *Agent) suits(n *Requirements) bool {
	return a.Qualifies(n.Tier, n.Skills) && a.Speaks(n.Languages, n.MinProficiency)
}

// plain reports whether it asks for one language alone.
func (n *Requirements) plain(language string) bool {
	return n != nil && len(n.Languages) == 1 && n.Languages[0] == language && n.MinProficiency <= 1 && n.Tier <= 1 && len(n.Skills) == 0 && n.Unknown == nil
}

// key is equal for equal requirements.
func (n *Requirements) key() string {
	if n.text != "" {
		return n.text
	}
	return strings.Join(n.Languages, ",") + "|" + strconv.Itoa(n.MinProficiency) + "|" + strconv.Itoa(n.Tier) + "|" + strings.Join(n.Skills, ",")
}

// Spread says which languages a widening step adds.
type Spread string

// The languages that a step may add: those that the visitor reads too, and the
// site's fallback.
const (
	SpreadNone     Spread = ""
	SpreadListed   Spread = "listed"
	SpreadFallback Spread = "fallback"
)

// Widening is a step after which more agents may serve a waiting ticket. What
// was widened stays so. The ticket stays in its queue.
type Widening struct {
	// After is the wait since the ticket came to this department; it rises from
	// step to step.
	After Millis
	// Languages adds some, unless the visitor requires theirs.
	Languages Spread
	// DropSkills are required no longer.
	DropSkills []string
	// MinProficiency is lowered to this; 0 leaves it.
	MinProficiency Proficiency
}

// widened is what is required of an agent by t after a step; n itself if it changes nothing.
func (s *State) widened(n *Requirements, t *Ticket, w Widening) *Requirements {
	after := *n
	after.text = ""
	var more []string
	switch {
	case t.LanguageRequired:
	case w.Languages == SpreadListed:
		more = t.Listed
	case w.Languages == SpreadFallback && s.site.Fallback != "":
		more = []string{s.site.Fallback}
	}
	changed := false
	for _, l := range more {
		if !slices.Contains(after.Languages, l) {
			after.Languages, changed = append(slices.Clip(after.Languages), l), true
		}
	}
	if slices.ContainsFunc(w.DropSkills, func(d string) bool { return slices.Contains(n.Skills, d) }) {
		after.Skills = slices.DeleteFunc(slices.Clone(n.Skills), func(k string) bool { return slices.Contains(w.DropSkills, k) })
		changed = true
	}
	if w.MinProficiency > 0 && w.MinProficiency < n.MinProficiency {
		after.MinProficiency, changed = w.MinProficiency, true
	}
	if !changed {
		return n
	}
	return &after
}

// nextWidening is when the next step that changes anything for t is due, 0 for
// never. In a withdrawn queue, that more languages will do is one.
func (s *State) nextWidening(t *Ticket) Stamp {
	dep, _ := s.site.Department(t.Department)
	due := Stamp(0)
	for i := t.Step; i < len(dep.Widening) && due == 0; i++ {
		if s.widened(t.Requirements, t, dep.Widening[i]) != t.Requirements {
			due = t.WaitingSince.Add(dep.Widening[i].After)
		}
	}
	if s.Withdrawn(t.Queue()) && s.opened(t.Requirements, t) != t.Requirements {
		if opens := t.WaitingSince.Add(withdrawnAfter); due == 0 || opens < due {
			due = opens
		}
	}
	return due
}

// widen takes every step that is due.
func (s *State) widen(t *Ticket, now Stamp) Change {
	dep, _ := s.site.Department(t.Department)
	due := s.nextWidening(t)
	after := t.Copy()
	for after.Step < len(dep.Widening) && now >= t.WaitingSince.Add(dep.Widening[after.Step].After) {
		after.Requirements = s.widened(after.Requirements, t, dep.Widening[after.Step])
		after.Step++
	}
	if s.Withdrawn(t.Queue()) && now >= t.WaitingSince.Add(withdrawnAfter) {
		after.Requirements = s.opened(after.Requirements, t)
	}
	c := change(CauseWidened, t.ID, t.Rev.Version)
	c.Intent = intentID(after.Requirements.key())
	c.NotBefore = due
	c.write(t, after)
	return c
}
