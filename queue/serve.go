package queue

import "slices"

// This file decides which agents may serve a ticket. The rules ask it about
// agents who are there, the check of a site file about those that the file names.

// Agent returns an offline agent with these facts.
func (f AgentFacts) Agent() *Agent {
	return &Agent{
		ID: f.ID, DisplayName: f.Name, Languages: f.Languages, Departments: f.Departments,
		Skills: f.Skills, Tier: f.Tier, Capacity: f.Capacity, Status: Offline,
	}
}

// Qualifies reports whether the agent has at least the tier and every one of the
// skills. An agent without a tier counts as one of the first.
func (a *Agent) Qualifies(tier int, skills []string) bool {
	if max(a.Tier, 1) < tier {
		return false
	}
	for _, skill := range skills {
		if !slices.Contains(a.Skills, skill) {
			return false
		}
	}
	return true
}

// Speaks reports whether the agent speaks one of the languages at least that
// well.
func (a *Agent) Speaks(languages []string, least Proficiency) bool {
	for _, l := range languages {
		if a.Languages[l] >= max(least, 1) {
			return true
		}
	}
	return false
}
