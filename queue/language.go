package queue

import (
	"slices"

	"golang.org/x/text/language"
)

// MatchLanguage picks the tag of known that serves the first of the wanted
// languages that any serves (RFC 4647 lookup as golang.org/x/text does it:
// zh-TW finds zh-Hant, then zh). Tags that are no tags are passed over.
func MatchLanguage(wanted, known []string) (string, bool) {
	var tags []language.Tag
	var matcher language.Matcher // made only if a visitor asks for a variety
	for _, w := range wanted {
		if slices.Contains(known, w) {
			return w, true
		}
		tag, err := language.Parse(w)
		if err != nil || len(known) == 0 {
			continue
		}
		if matcher == nil {
			for _, k := range known {
				tags = append(tags, canonical(language.Make(k)))
			}
			matcher = language.NewMatcher(tags)
		}
		tag = canonical(tag)
		if _, i, confidence := matcher.Match(tag); confidence >= language.Low && sameBase(tag, tags[i]) {
			return known[i], true
		}
	}
	return "", false
}

// canonical is the tag of a language that has several: cmn is zh, nb is no.
func canonical(t language.Tag) language.Tag {
	if c, err := language.All.Canonicalize(t); err == nil {
		return c
	}
	return t
}

// sameBase guards against the matcher's mutual intelligibility (it would serve
// Danish to Norwegian readers): people are promised their own language.
func sameBase(a, b language.Tag) bool {
	x, _ := a.Base()
	y, _ := b.Base()
	return x == y
}

// listed are the site's languages that a visitor reads besides the one that
// their queue has, in order of preference.
func (s *State) listed(wanted []string, first string) []string {
	var known, all []string
	for _, d := range s.site.Departments {
		for _, l := range d.Languages {
			if !slices.Contains(known, l) {
				known = append(known, l)
			}
		}
	}
	for _, w := range wanted {
		if tag, ok := MatchLanguage([]string{w}, known); ok && tag != first && !slices.Contains(all, tag) {
			all = append(all, tag)
		}
	}
	return all
}
