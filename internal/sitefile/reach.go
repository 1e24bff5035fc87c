package sitefile

import (
	"fmt"
	"slices"
	"strings"
)

// A rule that can never match would leave people waiting for ever. What follows
// compares what departments and topics ask for with the agents of the file: the
// known ones, and the one of whom nothing but the defaults is known.

// everyAgent lists the agents that the file speaks of.
func (s *Site) everyAgent() []Agent {
	all := []Agent{s.Agents.Defaults}
	for _, a := range s.Agents.Known {
		all = append(all, a)
	}
	return all
}

// MaxCapacity is the greatest capacity that any agent of the file has.
func (s *Site) MaxCapacity() int {
	most := 0
	for _, a := range s.everyAgent() {
		most = max(most, a.Capacity)
	}
	return most
}

// serves says whether the agent may serve a department's tickets that ask for
// this besides.
func (a Agent) serves(d Department, tier int, skills []string) bool {
	has := func(skill string) bool { return slices.Contains(a.Skills, skill) }
	for _, skill := range slices.Concat(d.Skills, skills) {
		if !has(skill) {
			return false
		}
	}
	return slices.Contains(a.Departments, d.ID) && a.Tier >= max(d.Tier, tier)
}

// served says whether anybody of the file may serve such tickets of the
// department.
func (s *Site) served(d Department, tier int, skills []string) bool {
	return slices.ContainsFunc(s.everyAgent(), func(a Agent) bool { return a.serves(d, tier, skills) })
}

// TopicDepartments lists the departments in which some agent of the file has the
// capacity, the tier and the skills for a topic; nil when that is everywhere.
func (s *Site) TopicDepartments(t Topic) []string {
	ids := []string{}
	for _, d := range s.Departments {
		if slices.ContainsFunc(s.everyAgent(), func(a Agent) bool { return a.Capacity >= t.Weight && a.serves(d, t.Tier, t.Skills) }) {
			ids = append(ids, d.ID)
		}
	}
	if len(ids) == len(s.Departments) {
		return nil
	}
	return ids
}

// Unspoken lists the languages of a department that no agent of the file who may
// serve it speaks as well as its last step asks: who joins in one is served only
// in another language, once the department widens to it.
func (s *Site) Unspoken(d Department) []string {
	least := max(d.leastProficiency(d.Widening), 1)
	return slices.DeleteFunc(slices.Clone(d.Languages), func(l string) bool {
		return slices.ContainsFunc(s.everyAgent(), func(a Agent) bool {
			return a.serves(d, 1, nil) && (a.Languages == nil || a.Languages[l] >= least)
		})
	})
}

// reachableDepartments reports departments that no agent can serve, and queues
// of which that is true.
func (v value) reachableDepartments(s *Site) {
	if !v.r.clean() {
		return
	}
	for i, item := range v.list("") {
		d := s.Departments[i]
		if !s.served(d, 1, nil) {
			item.unreachable(s, d.Tier, d.Skills, "department")
			continue
		}
		if slices.ContainsFunc(d.Widening, func(w Widening) bool { return w.Languages != "" }) {
			continue
		}
		for _, l := range s.Unspoken(d) {
			if named := item.part("languages"); named.node != item.node {
				named.list("")[slices.Index(d.Languages, l)].bad("a language that some agent of the department speaks well enough: this rule can never match")
			} else {
				item.fault("no agent of the file speaks %s well enough for this department: this rule can never match", l)
			}
		}
	}
}

// reachableTopics reports topics that no agent can serve, whatever the
// department, and those that are too heavy for everybody.
func (v value) reachableTopics(s *Site) {
	if !v.r.clean() {
		return
	}
	pairs, _ := v.pairs("")
	for _, p := range pairs {
		t := s.Topics[p.name]
		if most := s.MaxCapacity(); t.Weight > most {
			p.part("weight").bad(fmt.Sprintf("at most the greatest capacity of any agent, %d", most))
		}
		if !slices.ContainsFunc(s.Departments, func(d Department) bool { return s.served(d, t.Tier, t.Skills) }) {
			p.unreachable(s, t.Tier, t.Skills, "topic")
		}
	}
}

// part is the field of a mapping, where it stands.
func (v value) part(name string) value {
	pairs, _ := v.pairs("")
	for _, p := range pairs {
		if p.name == name {
			return p.value
		}
	}
	return v
}

// unreachable names what exactly no agent has.
func (v value) unreachable(s *Site, tier int, skills []string, what string) {
	agents := s.everyAgent()
	if !slices.ContainsFunc(agents, func(a Agent) bool { return a.Tier >= tier }) {
		v.part("tier").bad("a tier that some agent has: this rule can never match")
		return
	}
	for i, skill := range skills {
		if slices.ContainsFunc(agents, func(a Agent) bool { return slices.Contains(a.Skills, skill) }) {
			continue
		}
		if list := v.part("skills").list(""); i < len(list) {
			list[i].bad("a skill that some agent has: this rule can never match")
			return
		}
	}
	v.fault("no agent of the file may serve this %s (tier %d, skills [%s]): this rule can never match", what, tier, strings.Join(skills, ", "))
}
