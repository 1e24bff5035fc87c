package sitefile

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"golang.org/x/text/language"

	"nextup/internal/origin"
	"nextup/queue"
)

var slugPattern = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// slug returns a required slug, "" if it has a problem.
func (v value) slug() string {
	const want = "lower-case letters, digits and inner hyphens, 1 to 63 bytes"
	if v.missing() {
		v.bad(want)
		return ""
	}
	s, ok := v.text(want)
	if ok && !slugPattern.MatchString(s) {
		v.bad(want)
		return ""
	}
	return s
}

// id returns an id that differs from those taken, and adds it to them.
func (v value) id(taken map[string]bool, read func(value) string) string {
	s := read(v)
	if s != "" && taken[s] {
		v.bad("an id that is not taken before")
	}
	taken[s] = true
	return s
}

// label returns a text that is shown to people.
func (v value) label(byDefault string, most int) string {
	want := fmt.Sprintf("a text of 1 to %d bytes without control characters", most)
	s, ok := v.text(want)
	if !ok {
		return byDefault
	}
	if s == "" || len(s) > most || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		v.bad(want)
	}
	return s
}

// integer returns a whole number from least to most.
func (v value) integer(byDefault, least, most int) int {
	if v.missing() {
		return byDefault
	}
	n, ok := v.number()
	if !ok || n < least || n > most {
		v.bad(fmt.Sprintf("a whole number from %d to %d", least, most))
	}
	return n
}

var sizePattern = regexp.MustCompile(`^([0-9]{1,9}) ?(KiB|MiB)$`)

// size returns a number of bytes from least to most, both whole KiB.
func (v value) size(byDefault, least, most int) int {
	if v.missing() {
		return byDefault
	}
	n, ok := v.number()
	if text, isText := v.node.(*ast.StringNode); isText {
		if parts := sizePattern.FindStringSubmatch(text.Value); parts != nil {
			count, err := strconv.Atoi(parts[1])
			n, ok = count<<map[string]int{"KiB": 10, "MiB": 20}[parts[2]], err == nil
		}
	}
	if !ok || n < least || n > most {
		v.bad(fmt.Sprintf("a number of bytes from %d KiB to %d KiB, such as 131072, 128KiB or 1MiB", least>>10, most>>10))
	}
	return n
}

func (v value) number() (int, bool) {
	if _, ok := v.node.(*ast.IntegerNode); !ok {
		return 0, false
	}
	n, err := strconv.Atoi(v.node.GetToken().Value)
	return n, err == nil
}

// duration returns a duration from least to most that is a multiple of step.
func (v value) duration(byDefault, least, most, step time.Duration) time.Duration {
	if v.missing() {
		return byDefault
	}
	want := fmt.Sprintf("a duration from %s to %s", brief(least), brief(most))
	if step > time.Millisecond {
		want += " in steps of " + brief(step)
	}
	s, ok := v.node.(*ast.StringNode)
	if !ok {
		v.bad(want)
		return 0
	}
	d, err := time.ParseDuration(s.Value)
	if err != nil || d < least || d > most || d%step != 0 {
		v.bad(want)
	}
	return d
}

// millis returns a duration from least to most in whole milliseconds.
func (v value) millis(byDefault, least, most time.Duration) queue.Millis {
	return millis(v.duration(byDefault, least, most, time.Millisecond))
}

func millis(d time.Duration) queue.Millis { return queue.Millis(d.Milliseconds()) }

// brief formats a duration without the zero units of its String.
func brief(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// language returns a tag in canonical form, "" if it has a problem.
func (v value) language() string {
	const want = "a BCP 47 language tag, such as en, zh or pt-BR"
	if v.missing() {
		v.bad(want)
		return ""
	}
	s, ok := v.text(want)
	if !ok {
		return ""
	}
	tag, err := language.Parse(s)
	if err != nil || tag == language.Und || len(s) > 35 {
		v.bad(want)
		return ""
	}
	return tag.String()
}

// origin returns an entry of the list of pages that may come, as internal/origin compares it.
func (v value) origin() string {
	const want = `an origin as browsers send it, such as https://shop.example or capacitor://localhost, ` +
		`https://*.shop.example for all its subdomains, "null" in quotes for pages without an origin, or "*" for all`
	if v.missing() {
		v.bad(want)
		return ""
	}
	s, ok := v.text(want)
	if !ok {
		return ""
	}
	read, err := origin.Parse(s)
	switch {
	case errors.Is(err, origin.ErrTooWide):
		v.bad("a wildcard over a domain of your own: anyone can have a name below this one")
	case err != nil:
		v.bad(want)
	}
	return read
}

// distinct reads each value of a list with read ("" means that it had a problem), and
// reports values that come twice or, where allowed is not nil, are not in it.
func (v value) distinct(whose string, allowed []string, read func(value) string) []string {
	var out []string
	for _, item := range v.list("a list") {
		s := read(item)
		switch {
		case s == "":
		case allowed != nil && !slices.Contains(allowed, s):
			item.bad("one of " + whose + ": " + strings.Join(allowed, ", "))
		case slices.Contains(out, s):
			item.bad("each of them once")
		default:
			out = append(out, s)
		}
	}
	return out
}
