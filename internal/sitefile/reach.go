package sitefile

import (
	"fmt"
	"slices"
	"strings"

	"nextup/queue"
)

// A rule that can never match would leave visitors waiting for ever. This file
// compares what departments and topics require with the agents of the file: the
// known ones, and one with the defaults. Which agents may serve what is decided by
// queue.Agent.

// allAgents returns the known agents and one with the defaults.
func (s *Site) allAgents() []*queue.Agent {
	all := []*queue.Agent{s.Agents.Defaults.Agent()}
	for _, a := range s.Agents.Known {
		all = append(all, a.Agent())
	}
	return all
}

// maxCapacity returns the greatest capacity of any agent of the file.
func (s *Site) maxCapacity() int {
	most := 0
	for _, a := range s.allAgents() {
		most = max(most, a.Capacity)
	}
	return most
}

// serves reports whether the agent may serve a department's tickets that also
// require a tier and skills, whatever their language.
func serves(a *queue.Agent, d *queue.Department, tier int, skills []string) bool {
	return slices.Contains(a.Departments, d.ID) && a.Qualifies(max(d.Tier, tier), slices.Concat(d.Skills, skills))
}

// served reports whether any agent of the file may serve such tickets of the
// department.
func (s *Site) served(d *queue.Department, tier int, skills []string) bool {
	return slices.ContainsFunc(s.allAgents(), func(a *queue.Agent) bool { return serves(a, d, tier, skills) })
}

// confineTopics gives each topic the departments in which some agent of the file
// has the capacity, the tier and the skills for it; nil when that is everywhere.
func (s *Site) confineTopics() {
	agents := s.allAgents()
	for name, t := range s.Rules.Topics {
		ids := []string{}
		for i := range s.Rules.Departments {
			d := &s.Rules.Departments[i]
			if slices.ContainsFunc(agents, func(a *queue.Agent) bool { return a.Capacity >= t.Weight && serves(a, d, t.Tier, t.Skills) }) {
				ids = append(ids, d.ID)
			}
		}
		if len(ids) < len(s.Rules.Departments) {
			t.Departments = ids
			s.Rules.Topics[name] = t
		}
	}
}

// Unspoken lists the languages of a department that no agent of the file who may
// serve it speaks as well as its last step asks: a visitor who joins in one is
// served only in another language, once the department widens to it.
func (s *Site) Unspoken(d *queue.Department) []string {
	least := leastProficiency(d, d.Widening)
	return slices.DeleteFunc(slices.Clone(d.Languages), func(l string) bool {
		return slices.ContainsFunc(s.allAgents(), func(a *queue.Agent) bool {
			return serves(a, d, 1, nil) && (a.Languages == nil || a.Speaks([]string{l}, least))
		})
	})
}

// reachableDepartments reports departments and queues that no agent can serve.
func (v value) reachableDepartments(s *Site) {
	if !v.r.clean() {
		return
	}
	for i, item := range v.list("") {
		d := &s.Rules.Departments[i]
		if !s.served(d, 1, nil) {
			item.unreachable(s, d.Tier, d.Skills, "department")
			continue
		}
		if slices.ContainsFunc(d.Widening, func(w queue.Widening) bool { return w.Languages != queue.SpreadNone }) {
			continue
		}
		for _, l := range s.Unspoken(d) {
			if named := item.field("languages"); named.node != item.node {
				named.list("")[slices.Index(d.Languages, l)].bad("a language that some agent of the department speaks well enough: this rule can never match")
			} else {
				item.fault("no agent of the file speaks %s well enough for this department: this rule can never match", l)
			}
		}
	}
}

// reachableTopics reports topics that no agent can serve, whatever the department,
// and topics that are too heavy for every agent.
func (v value) reachableTopics(s *Site) {
	if !v.r.clean() {
		return
	}
	pairs, _ := v.pairs("")
	for _, p := range pairs {
		t := s.Rules.Topics[p.name]
		if most := s.maxCapacity(); t.Weight > most {
			p.field("weight").bad(fmt.Sprintf("at most the greatest capacity of any agent, %d", most))
		}
		if !slices.ContainsFunc(s.Rules.Departments, func(d queue.Department) bool { return s.served(&d, t.Tier, t.Skills) }) {
			p.unreachable(s, t.Tier, t.Skills, "topic")
		}
	}
}

// field returns the named field of a mapping, or the mapping if it has none.
func (v value) field(name string) value {
	pairs, _ := v.pairs("")
	for _, p := range pairs {
		if p.name == name {
			return p.value
		}
	}
	return v
}

// unreachable reports the tier or skill that no agent has, or the combination.
func (v value) unreachable(s *Site, tier int, skills []string, what string) {
	agents := s.allAgents()
	if !slices.ContainsFunc(agents, func(a *queue.Agent) bool { return a.Tier >= tier }) {
		v.field("tier").bad("a tier that some agent has: this rule can never match")
		return
	}
	for i, skill := range skills {
		if slices.ContainsFunc(agents, func(a *queue.Agent) bool { return slices.Contains(a.Skills, skill) }) {
			continue
		}
		if list := v.field("skills").list(""); i < len(list) {
			list[i].bad("a skill that some agent has: this rule can never match")
			return
		}
	}
	v.fault("no agent of the file may serve this %s (tier %d, skills [%s]): this rule can never match", what, tier, strings.Join(skills, ", "))
}
