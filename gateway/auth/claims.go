package auth

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/text/language"

	"nextup/gateway/protocol"
)

// The limits of claims, in bytes.
const (
	audience      = "nextup"
	maxSubject    = 128
	maxName       = 128
	maxTier       = 64
	maxUrgency    = protocol.MaxUrgencyBytes
	maxLanguage   = 35
	maxLanguages  = protocol.MaxLanguages
	notBeforeSkew = 5 * time.Second // how far an issuer's clock may be ahead
)

// maxTime is the first second after the four-digit years. Later times come from the
// overflow of absurd numbers.
var maxTime = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)

// Claims about who a person is, for how long, and what they may do are strict: a
// fault in one refuses the token. The others only decorate; a fault in one of those
// is a note, and the token is accepted.
var (
	strict     = []string{"sub", "site", "role", "aud", "exp", "nbf"}
	decorative = []string{"name", "languages", "tier", "urgency"}
)

// note is a decorative claim that was cut, cleaned or left out, and why.
type note struct{ claim, why string }

// claims are the values of the known claims, as they stand in the token; others are
// not read.
type claims map[string]jsontext.Value

// readClaims reads an object of claims. A strict name may come only once and must
// match exactly, since an issuer that lets people add claims of their own could
// otherwise be made to sign "ROLE" beside "role".
func readClaims(data []byte) (claims, []note, error) {
	// The content of other claims does not matter, so neither do its faults.
	d := jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if d.PeekKind() != '{' {
		return nil, nil, errors.New("the claims are no JSON object")
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, nil, errors.New("the claims are not valid JSON")
	}
	c, notes := claims{}, []note(nil)
	for d.PeekKind() != '}' {
		token, err := d.ReadToken()
		if err != nil {
			return nil, nil, errors.New("the claims are not valid JSON")
		}
		name := token.String()
		value, err := d.ReadValue()
		if err != nil {
			return nil, nil, errors.New("the claims are not valid JSON")
		}
		isStrict := slices.Contains(strict, name)
		if !isStrict && !slices.Contains(decorative, name) {
			continue
		}
		if _, twice := c[name]; twice && isStrict {
			return nil, nil, fmt.Errorf("the claim %s stands twice", name)
		} else if twice {
			notes = append(notes, note{name, "it stands twice: the first counts"})
			continue
		}
		c[name] = value.Clone()
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, nil, errors.New("the claims are not valid JSON")
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, nil, errors.New("something stands behind the claims")
	}
	return c, notes, nil
}

// text returns a strict claim that must be a text in valid UTF-8, "" if it is not
// there.
func (c claims) text(name string) (string, error) {
	var s string
	if value, ok := c[name]; ok {
		if err := json.Unmarshal(value, &s); err != nil {
			return "", fmt.Errorf("%s must be a text in valid UTF-8, and is %s", name, kindOf(value))
		}
	}
	return s, nil
}

// audiences returns aud, which is a text or a list of texts.
func (c claims) audiences() ([]string, error) {
	value := c["aud"]
	if value.Kind() == '[' {
		var all []string
		if err := json.Unmarshal(value, &all); err != nil {
			return nil, errors.New("aud must be a text or a list of texts")
		}
		return all, nil
	}
	one, err := c.text("aud")
	return []string{one}, err
}

// time returns a strict claim that must be a number of seconds, and whether it is
// there. Fractions are dropped.
func (c claims) time(name string) (time.Time, bool, error) {
	value, ok := c[name]
	if !ok || value.Kind() == 'n' {
		return time.Time{}, false, nil
	}
	if value.Kind() != '0' {
		return time.Time{}, true, fmt.Errorf("%s must be a number of seconds, and is %s", name, kindOf(value))
	}
	n, err := strconv.ParseFloat(string(value), 64)
	if err != nil || n < 1 || n >= float64(maxTime.Unix()) {
		if n > 1e11 && n < 1e14 {
			return time.Time{}, true, fmt.Errorf("%s must be in seconds, and looks like milliseconds", name)
		}
		return time.Time{}, true, fmt.Errorf("%s must be a time in seconds before the year 10000", name)
	}
	return time.Unix(int64(math.Floor(n)), 0), true, nil
}

// kindOf names the kind of a claim's value without showing the value.
func kindOf(value jsontext.Value) string {
	switch value.Kind() {
	case '"':
		return "a text"
	case '0':
		return "a number"
	case 't', 'f':
		return "true or false"
	case '[':
		return "a list"
	case '{':
		return "an object"
	default:
		return "null"
	}
}

// decorate fills in the claims that decorate an identity. What does not fit is cut,
// cleaned or left out, and noted.
func (c claims) decorate(id *Identity) (notes []note) {
	remark := func(claim, format string, args ...any) {
		notes = append(notes, note{claim, fmt.Sprintf(format, args...)})
	}
	lenient := func(claim string) (string, bool) {
		value, ok := c[claim]
		if !ok || value.Kind() == 'n' {
			return "", false
		}
		var s string
		if err := json.Unmarshal(value, &s, jsontext.AllowInvalidUTF8(true)); err != nil {
			remark(claim, "it is %s, and must be a text: it is ignored", kindOf(value))
			return "", false
		}
		return s, true
	}
	if s, ok := lenient("name"); ok {
		clean := strings.TrimSpace(strings.Map(func(r rune) rune {
			if unicode.IsControl(r) {
				return ' '
			}
			return r
		}, s))
		if clean != strings.TrimSpace(s) {
			remark("name", "it has control characters: they became spaces")
		}
		if strings.ContainsRune(clean, utf8.RuneError) {
			remark("name", "it is not valid UTF-8: what is not was replaced")
		}
		id.Name = clean
		if len(clean) > maxName {
			remark("name", "it has %d bytes, and at most %d are shown: it is cut", len(clean), maxName)
			id.Name = strings.TrimSpace(cut(clean, maxName))
		}
		if protocol.Blank(id.Name) {
			id.Name = "" // people are shown the role instead
		}
	}
	// A tier or an urgency is not cut, since the rest might be the name of another one.
	for _, d := range []struct {
		claim string
		most  int
		field *string
	}{{"tier", maxTier, &id.Tier}, {"urgency", maxUrgency, &id.Urgency}} {
		if s, ok := lenient(d.claim); ok {
			if printable(s, d.most) && !strings.ContainsRune(s, utf8.RuneError) {
				*d.field = s
			} else {
				remark(d.claim, "it must be at most %d bytes of valid UTF-8 without control characters: it is ignored", d.most)
			}
		}
	}
	id.Languages = c.languages(remark)
	return notes
}

// languages reads the claim languages: a list of tags, or a text with tags.
func (c claims) languages(remark func(claim, format string, args ...any)) (tags []string) {
	const claim = "languages"
	value, ok := c[claim]
	if !ok || value.Kind() == 'n' {
		return nil
	}
	var given []jsontext.Value
	switch value.Kind() {
	case '[':
		_ = json.Unmarshal(value, &given, jsontext.AllowInvalidUTF8(true), jsontext.AllowDuplicateNames(true)) // it is a list in valid JSON
	case '"':
		remark(claim, "it is a text, and should be a list of BCP 47 tags, such as [\"en\"]: what stands between commas counts")
		var s string
		_ = json.Unmarshal(value, &s, jsontext.AllowInvalidUTF8(true))
		for tag := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == ',' || unicode.IsSpace(r) }) {
			if quoted, err := json.Marshal(tag); err == nil {
				given = append(given, quoted)
			}
		}
	default:
		remark(claim, "it is %s, and must be a list of BCP 47 tags: it is ignored", kindOf(value))
		return nil
	}
	wrong, more := 0, 0
	for _, g := range given {
		var s string
		tag, err := "", json.Unmarshal(g, &s)
		if err == nil {
			tag, err = canonical(s)
		}
		switch {
		case err != nil:
			wrong++
		case slices.Contains(tags, tag):
		case len(tags) == maxLanguages:
			more++
		default:
			tags = append(tags, tag)
		}
	}
	if wrong > 0 {
		remark(claim, "%d of them are no BCP 47 tags: they are left out", wrong)
	}
	if more > 0 {
		remark(claim, "there are %d more than %d: the first count", more, maxLanguages)
	}
	return tags
}

// cut returns as many complete characters as fit.
func cut(s string, most int) string {
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

func printable(s string, most int) bool {
	return len(s) <= most && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

var errNoLanguage = errors.New("not a language")

func canonical(s string) (string, error) {
	if len(s) > maxLanguage {
		return "", errNoLanguage
	}
	tag, err := language.Parse(s)
	if err != nil || tag == language.Und {
		return "", errNoLanguage
	}
	return tag.String(), nil
}
