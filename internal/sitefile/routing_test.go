package sitefile_test

import (
	"strings"
	"testing"
)

// TestRulesThatCannotHoldAreProblems changes one place of the small site at a
// time, as TestProblemsNameTheFieldTheValueAndWhatIsAllowed does.
func TestRulesThatCannotHoldAreProblems(t *testing.T) {
	t.Parallel()
	const (
		capacity = "a whole number from 1 to 50"
		rank     = "a whole number from 1 to 3"
		level    = "a whole number from 1 to 5"
		never    = ": this rule can never match"
		clock    = "a time of day in UTC from 00:00 to 23:59, in quotes"
		language = "a BCP 47 language tag, such as en, zh or pt-BR"
		start    = "a duration from -24h to 24h"
	)
	at := func(where, got, want string) string { return where + ": got " + got + "; want " + want }
	add := func(lines string) [2]string { return [2]string{"  keys:\n", lines + "\n  keys:\n"} }
	dep := func(lines string) [2]string { return [2]string{"- id: support", "- id: support\n    " + lines} }
	steps := func(list string) [2]string { return dep("widening: [" + list + "]") }
	site, support := "line 6: sites[0].", "line 6: sites[0].departments[0]."
	tests := []struct {
		name   string
		change [2]string
		want   string
	}{
		{"a fallback language that is no tag", add("  fallback_language: englishh"), at(site+"fallback_language", `"englishh"`, language)},
		{"a fallback language that the site lacks", add("  fallback_language: fr"), at(site+"fallback_language", `"fr"`, "one of the site's languages: en, zh")},
		{"a visitor tier without a head start", add("  visitor_tiers: {vip: }"), at(site+"visitor_tiers.vip", "nothing", "a head start, such as 120s")},
		{"a head start of two days", add("  visitor_tiers: {vip: 48h}"), at(site+"visitor_tiers.vip", `"48h"`, start)},
		{"a head start without a unit", add("  urgencies: {high: {head_start: 60}}"), at(site+"urgencies.high.head_start", "60", start)},
		{"an urgency that visitors perhaps may", add("  urgencies: {high: {visitors_may: maybe}}"), at(site+"urgencies.high.visitors_may", `"maybe"`, "true or false")},
		{"a long urgency", add("  urgencies: {" + strings.Repeat("u", 65) + ": {}}"), site + `urgencies."` + strings.Repeat("u", 64) + `"...: got the name "` + strings.Repeat("u", 64) + `"...; want 1 to 64 bytes without control characters`},
		{"an unknown field of a topic", add("  topics: {cards: {colour: red}}"), site + `topics.cards: unknown field "colour"; known: head_start, weight, skills, wishes, tier`},
		{"a weight of 0", add("  topics: {cards: {weight: 0}}"), at(site+"topics.cards.weight", "0", capacity)},
		{"a weight over every capacity", add("  topics: {cards: {weight: 4}}"), at(site+"topics.cards.weight", "4", "at most the greatest capacity of any agent, 3")},
		{"a topic's skill that no agent has", add("  topics: {cards: {skills: [kyc]}}"), at(site+"topics.cards.skills[0]", `"kyc"`, "a skill that some agent has"+never)},
		{"a topic's tier that no agent has", add("  topics: {cards: {tier: 2}}"), at(site+"topics.cards.tier", "2", "a tier that some agent has"+never)},
		{
			"a topic whose tier and skill no one agent has",
			add("  topics: {cards: {tier: 2, skills: [kyc]}}\n  agents: {known: {mei: {tier: 2}, noor: {skills: [kyc]}}}"),
			site + "topics.cards: no agent of the file may serve this topic (tier 2, skills [kyc])" + never,
		},
		{"a tier of 4", dep("tier: 4"), at(support+"tier", "4", rank)},
		{"a department's tier that no agent has", dep("tier: 3"), at(support+"tier", "3", "a tier that some agent has"+never)},
		{"a department's skill that no agent has", dep("skills: [api]"), at(support+"skills[0]", `"api"`, "a skill that some agent has"+never)},
		{"a skill twice", dep("skills: [api, api]"), at(support+"skills[1]", `"api"`, "each of them once")},
		{"a department that no agent serves", [2]string{"- id: support", "- id: support\n  - id: empty\n  agents: {defaults: {departments: [support]}}"}, "line 6: sites[0].departments[1]: no agent of the file may serve this department (tier 1, skills [])" + never},
		{
			"a language that nobody of a department speaks",
			[2]string{"- id: support", "- id: support\n  - id: vip\n    languages: [en, zh]\n  agents: {defaults: {departments: [support]}, known: {mei: {departments: [vip], languages: [en]}}}"},
			at("line 7: sites[0].departments[1].languages[1]", `"zh"`, "a language that some agent of the department speaks well enough"+never),
		},
		{
			"a language that nobody speaks well enough",
			[2]string{"- id: support", "- id: support\n  - id: vip\n    min_proficiency: 4\n    widening: [{after: 60s, min_proficiency: 3}]\n  agents: {defaults: {departments: [support]}, known: {mei: {departments: [vip], languages: {en: 5, zh: 2}}}}"},
			"line 6: sites[0].departments[1]: no agent of the file speaks zh well enough for this department" + never,
		},
		{"a proficiency of 0", dep("min_proficiency: 0"), at(support+"min_proficiency", "0", level)},
		{"a proficiency of 6", dep("min_proficiency: 6"), at(support+"min_proficiency", "6", level)},
		{"a wrap-up of a day", dep("wrap_up: 24h"), at(support+"wrap_up", `"24h"`, "a duration from 0s to 1h")},
		{"accepting by a word", dep("auto_accept: always"), at(support+"auto_accept", `"always"`, "true or false")},

		{"a step without a time", steps("{languages: listed}"), at(support+"widening[0].after", "nothing", "a time, such as 60s")},
		{"steps that do not rise", steps("{after: 60s, languages: listed}, {after: 60s, languages: listed}"), at(support+"widening[1].after", `"60s"`, "more than the step before, 1m")},
		{"a step that widens nothing", steps("{after: 60s}"), support + "widening[0]: the step widens nothing; want languages, drop_skills or min_proficiency"},
		{"a step to any language", steps("{after: 60s, languages: any}"), at(support+"widening[0].languages", `"any"`, "listed or fallback")},
		{"a step to a fallback that there is not", steps("{after: 60s, languages: fallback}"), at(support+"widening[0].languages", `"fallback"`, "a fallback_language of the site first")},
		{"a step that drops what nothing requires", steps("{after: 60s, drop_skills: [api]}"), at(support+"widening[0].drop_skills[0]", `"api"`, "one of the skills that the department or a topic requires: ")},
		{"a step that asks for more", [2]string{"- id: support", "- id: support\n    min_proficiency: 2\n    widening: [{after: 60s, min_proficiency: 3}]"}, at("line 7: sites[0].departments[0].widening[0].min_proficiency", "3", "at most what held before, 2: a step widens")},

		{"a sticky window over the retention", add("  sticky: {window: 25h}"), at(site+"sticky.window", `"25h"`, "at most the retention, 24h: what is older is forgotten")},
		{"a sticky hold of an hour", add("  sticky: {hold: 1h}"), at(site+"sticky.hold", `"1h"`, "a duration from 0s to 10m")},
		{"a hold for ever", add("  transfer_hold: 24h"), at(site+"transfer_hold", `"24h"`, "a duration from 0s to 1h")},

		{"no capacity", add("  agents: {defaults: {capacity: 0}}"), at(site+"agents.defaults.capacity", "0", capacity)},
		{"a negative capacity", add("  agents: {known: {mei: {capacity: -1}}}"), at(site+"agents.known.mei.capacity", "-1", capacity)},
		{"a shift on no day", add("  agents: {known: {mei: {shifts: [{from: '08:00', to: '16:00'}]}}}"), at(site+"agents.known.mei.shifts[0].days", "nothing", "at least one of mon, tue, wed, thu, fri, sat, sun")},
		{"a shift on a day that is none", add("  agents: {known: {mei: {shifts: [{days: [funday], from: '08:00', to: '16:00'}]}}}"), at(site+"agents.known.mei.shifts[0].days[0]", `"funday"`, "one of the days of the week: mon, tue, wed, thu, fri, sat, sun")},
		{"a shift without an end", add("  agents: {known: {mei: {shifts: [{days: [mon], from: '08:00'}]}}}"), at(site+"agents.known.mei.shifts[0].to", "nothing", clock)},
		{"a shift until 24:00", add("  agents: {known: {mei: {shifts: [{days: [mon], from: '08:00', to: '24:00'}]}}}"), at(site+"agents.known.mei.shifts[0].to", `"24:00"`, clock)},
		{"an agent of tier 0", add("  agents: {known: {mei: {tier: 0}}}"), at(site+"agents.known.mei.tier", "0", rank)},
		{"a language with proficiency 0", add("  agents: {known: {mei: {languages: {en: 0}}}}"), at(site+"agents.known.mei.languages.en", "0", level)},
		{"a language with proficiency 6", add("  agents: {known: {mei: {languages: {en: 6}}}}"), at(site+"agents.known.mei.languages.en", "6", level)},
		{"a language without proficiency", add("  agents: {known: {mei: {languages: {en: }}}}"), at(site+"agents.known.mei.languages.en", "nothing", "a proficiency from 1 to 5")},
		{"an agent's language that is no tag", add("  agents: {known: {mei: {languages: {e: 5}}}}"), at(site+"agents.known.mei.languages.e", `"e"`, language)},
		{"an agent's language, with a level, that the site lacks", add("  agents: {known: {mei: {languages: {fr: 5}}}}"), at(site+"agents.known.mei.languages.fr", `"fr"`, "one of the site's languages: en, zh")},
		{"an agent of no language", add("  agents: {known: {mei: {languages: []}}}"), at(site+"agents.known.mei.languages", "a list", "at least one of the site's languages, or no such field for those of the token")},
		{"an agent's languages as a text", add("  agents: {known: {mei: {languages: en}}}"), at(site+"agents.known.mei.languages", `"en"`, "a list of the site's languages, or a mapping from them to a proficiency from 1 to 5")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkProblem(t, tt.change, tt.want)
		})
	}
}
