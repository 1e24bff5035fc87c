package sitefile_test

import (
	"slices"
	"strings"
	"testing"

	"nextup/internal/sitefile"
)

// The example is read by operators as documentation, so it must stay true.
func TestTheExampleOfAnExchangeIsValidAndShowsEveryRule(t *testing.T) {
	t.Parallel()
	file, err := sitefile.Load("../../docs/examples/exchange.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s := file.Sites[0]
	if len(s.Languages) != 5 || s.Rules.Fallback == "" {
		t.Errorf("languages %v, fallback %q; want five and one of them", s.Languages, s.Rules.Fallback)
	}
	var tiers []int
	shown := map[string]bool{}
	for _, d := range s.Rules.Departments {
		tiers = append(tiers, d.Tier)
		if none := s.Unspoken(&d); len(none) > 0 {
			t.Errorf("nobody of department %s speaks %v well enough", d.ID, none)
		}
		shown["auto_accept"] = shown["auto_accept"] || d.AutoAccept
		shown["wrap_up"] = shown["wrap_up"] || d.WrapUp > 0
		shown["skills of a department"] = shown["skills of a department"] || len(d.Skills) > 0
		for _, w := range d.Widening {
			shown["a step to "+string(w.Languages)] = true
			shown["a step that drops a skill"] = shown["a step that drops a skill"] || len(w.DropSkills) > 0
			shown["a step that lowers the proficiency"] = shown["a step that lowers the proficiency"] || w.MinProficiency > 0
		}
	}
	if slices.Sort(tiers); !slices.Equal(slices.Compact(tiers), []int{1, 2, 3}) {
		t.Errorf("departments of the tiers %v, want 1, 2 and 3", tiers)
	}
	for _, u := range s.Rules.Urgencies {
		shown["an urgency that visitors may choose"] = shown["an urgency that visitors may choose"] || u.VisitorsMay
		shown["an urgency that only a token says"] = shown["an urgency that only a token says"] || !u.VisitorsMay
	}
	for _, topic := range s.Rules.Topics {
		shown["a heavy topic"] = shown["a heavy topic"] || topic.Weight > 1
		shown["a topic with a wish"] = shown["a topic with a wish"] || len(topic.Wishes) > 0
		shown["a topic with a skill"] = shown["a topic with a skill"] || len(topic.Skills) > 0
		shown["a topic with a tier"] = shown["a topic with a tier"] || topic.Tier > 1
		shown["a topic with a head start"] = shown["a topic with a head start"] || topic.HeadStart > 0
	}
	for _, a := range s.Agents.Known {
		for _, level := range a.Languages {
			shown["a proficiency under 5"] = shown["a proficiency under 5"] || level < 5
		}
	}
	shown["visitor tiers"], shown["sticky"], shown["transfer_hold"] = len(s.Rules.VisitorTiers) > 0, s.Rules.StickyWindow > 0, s.Rules.TransferHold > 0
	for _, what := range []string{
		"auto_accept", "wrap_up", "skills of a department", "a step to listed", "a step to fallback", "a step that drops a skill",
		"a step that lowers the proficiency", "an urgency that visitors may choose", "an urgency that only a token says",
		"a heavy topic", "a topic with a wish", "a topic with a skill", "a topic with a tier", "a topic with a head start",
		"a proficiency under 5", "visitor tiers", "sticky", "transfer_hold",
	} {
		if !shown[what] {
			t.Errorf("the example shows no %s", what)
		}
	}
}

func TestADigestNamesTheRulesAndNotTheSecrets(t *testing.T) {
	t.Parallel()
	digest := func(text string) string { return parse(t, text).Digest }
	if digest(small) != digest(small+"# a comment\n") {
		t.Error("a comment changes the digest")
	}
	if digest(small) == "" || digest(small) != digest(strings.Replace(small, "[en, zh]", "[en, 'zh']", 1)) {
		t.Error("how a text is quoted changes the digest")
	}
	for what, change := range map[string][2]string{
		"a language":       {"[en, zh]", "[zh, en]"},
		"an agent's skill": {"  keys:\n", "  agents: {known: {mei: {skills: [kyc]}}}\n  keys:\n"},
		"a limit":          {"  keys:\n", "  limits: {burst: 7}\n  keys:\n"},
		"a key's roles":    {"roles: [visitor]", "roles: [agent]"},
	} {
		if digest(strings.Replace(small, change[0], change[1], 1)) == digest(small) {
			t.Errorf("another %s has the same digest", what)
		}
	}
	if digest(strings.Replace(small, secret, secret+"x", 1)) != digest(small) {
		t.Error("the digest tells secrets apart: it might be used to guess them")
	}
}

// A release that knows more settings than the one before must not make another digest
// of the same file, or gateways of both would be said to run different files.
func TestANewSettingAndItsDefaultDoNotChangeTheDigestOfAFile(t *testing.T) {
	t.Parallel()
	const want = "said:YqehErc7zUGx"
	s := parse(t, small)
	if got := s.Digest; got != want {
		t.Errorf("the digest is %s, and was %s: give the scheme another name if it has to change", got, want)
	}
}
