package sitefile

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/goccy/go-yaml/ast"

	"nextup/queue"
)

// maxHeadStart bounds a head start, in both directions.
const maxHeadStart = 24 * time.Hour

// headStart returns a head start; a negative one puts its tickets behind others.
func (v value) headStart() queue.Millis {
	return v.millis(0, -maxHeadStart, maxHeadStart)
}

// boolean returns true or false.
func (v value) boolean(byDefault bool) bool {
	if v.missing() {
		return byDefault
	}
	b, ok := v.node.(*ast.BoolNode)
	if !ok {
		v.bad("true or false")
		return byDefault
	}
	return b.Value
}

// oneLanguage returns one of the site's languages, "" if the value is missing.
func (v value) oneLanguage(site []string) string {
	if v.missing() {
		return ""
	}
	tag := v.language()
	if tag != "" && !slices.Contains(site, tag) {
		v.bad("one of the site's languages: " + strings.Join(site, ", "))
		return ""
	}
	return tag
}

// named returns the entries of a mapping whose names the operator chooses.
func (v value) named(want string, most int) []pair {
	pairs, _ := v.pairs("a mapping from " + want)
	return slices.DeleteFunc(pairs, func(p pair) bool {
		bad := p.name == "" || len(p.name) > most || strings.ContainsFunc(p.name, unicode.IsControl)
		if bad {
			p.fault("got the name %s; want 1 to %d bytes without control characters", p.quoted(p.name), most)
		}
		return bad
	})
}

func (v value) visitorTiers() map[string]queue.Millis {
	out := map[string]queue.Millis{}
	for _, p := range v.named("the tier claim of a token to a head start, such as 120s", 64) {
		if p.missing() {
			p.bad("a head start, such as 120s")
		}
		out[p.name] = p.headStart()
	}
	return out
}

func (v value) urgencies() map[string]queue.Urgency {
	out := map[string]queue.Urgency{}
	for _, p := range v.named("an urgency to its head_start and visitors_may", 64) {
		f := p.fields("head_start", "visitors_may")
		out[p.name] = queue.Urgency{HeadStart: f["head_start"].headStart(), VisitorsMay: f["visitors_may"].boolean(false)}
	}
	return out
}

func (v value) topics() map[string]queue.Topic {
	out := map[string]queue.Topic{}
	for _, p := range v.named("a topic to what it changes", 128) {
		f := p.fields("head_start", "weight", "skills", "wishes", "tier")
		out[p.name] = queue.Topic{
			HeadStart: f["head_start"].headStart(),
			Weight:    f["weight"].integer(1, 1, maxCapacity),
			Skills:    f["skills"].distinct("", nil, value.slug),
			Wishes:    f["wishes"].distinct("", nil, value.slug),
			Tier:      f["tier"].integer(1, 1, 3),
		}
	}
	return out
}

// sticky reads how the last agent is preferred. The window is at most the retention,
// since older conversations are forgotten.
func (v value) sticky(rules *queue.Site) {
	f := v.fields("window", "hold")
	rules.StickyWindow = f["window"].millis(0, 0, 90*24*time.Hour)
	rules.StickyHold = f["hold"].millis(defaultStickyHold, 0, 10*time.Minute)
	if rules.StickyWindow > rules.Retention && v.r.clean() {
		f["window"].bad("at most the retention, " + brief(rules.Retention.Duration()) + ": what is older is forgotten")
	}
}

// widening reads the steps of one department.
func (v value) widening(s *Site, d *queue.Department) []queue.Widening {
	var out []queue.Widening
	for _, item := range v.list("a list of steps") {
		f := item.fields("after", "languages", "drop_skills", "min_proficiency")
		if f["after"].missing() {
			f["after"].bad("a time, such as 60s")
		}
		w := queue.Widening{
			After:          f["after"].millis(0, time.Second, 24*time.Hour),
			DropSkills:     f["drop_skills"].distinct("the skills that the department or a topic requires", s.required(d), value.slug),
			MinProficiency: f["min_proficiency"].integer(0, 1, fluent),
		}
		if n := len(out); n > 0 && w.After > 0 && w.After <= out[n-1].After {
			f["after"].bad("more than the step before, " + brief(out[n-1].After.Duration()))
		}
		const spreads = string(queue.SpreadListed + " or " + queue.SpreadFallback)
		spread, _ := f["languages"].text(spreads)
		w.Languages = queue.Spread(spread)
		switch {
		case w.Languages == queue.SpreadNone, w.Languages == queue.SpreadListed:
		case w.Languages != queue.SpreadFallback:
			f["languages"].bad(spreads)
		case s.Rules.Fallback == "":
			f["languages"].bad("a fallback_language of the site first")
		}
		if least := leastProficiency(d, out); w.MinProficiency > least {
			f["min_proficiency"].bad(fmt.Sprintf("at most what held before, %d: a step widens", least))
		}
		if w.Languages == queue.SpreadNone && len(w.DropSkills) == 0 && w.MinProficiency == 0 && item.r.clean() {
			item.fault("the step widens nothing; want languages, drop_skills or min_proficiency")
		}
		out = append(out, w)
	}
	return out
}

// leastProficiency returns the proficiency that the department requires after some
// steps.
func leastProficiency(d *queue.Department, steps []queue.Widening) int {
	least := d.MinProficiency
	for _, w := range steps {
		if w.MinProficiency > 0 {
			least = w.MinProficiency
		}
	}
	return least
}

// required lists the skills that a ticket of the department may require.
func (s *Site) required(d *queue.Department) []string {
	all := append([]string{}, d.Skills...) // never nil, which would allow anything
	for _, t := range s.Rules.Topics {
		all = append(all, t.Skills...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// proficiencies reads an agent's languages: a list, or a mapping to a proficiency
// from 1 to 5.
func (v value) proficiencies(site []string) map[string]int {
	if v.missing() {
		return nil
	}
	out := map[string]int{}
	if _, list := v.node.(*ast.SequenceNode); list {
		for _, tag := range v.distinct("the site's languages", site, value.language) {
			out[tag] = fluent
		}
		if v.empty() {
			v.bad("at least one of the site's languages, or no such field for those of the token")
		}
		return out
	}
	pairs, ok := v.pairs("a list of the site's languages, or a mapping from them to a proficiency from 1 to 5")
	if !ok {
		return nil
	}
	for _, p := range pairs {
		tag := p.key.oneLanguage(site)
		if _, twice := out[tag]; twice && tag != "" {
			p.key.bad("each of them once")
		}
		if p.missing() {
			p.bad("a proficiency from 1 to 5")
		}
		out[tag] = p.integer(fluent, 1, fluent)
	}
	return out
}
