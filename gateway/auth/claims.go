package auth

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"
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
	notBeforeSlip = 5 * time.Second // how far an issuer's clock may be ahead
)

// endOfTime is the first second that has no four-digit year. Times past it are
// what overflow makes of absurd numbers.
var endOfTime = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)

// claims are the claims of a token that are of interest; others are ignored.
type claims struct {
	jwt.RegisteredClaims
	Site      string        `json:"site"`
	Role      protocol.Role `json:"role"`
	Name      string        `json:"name,omitempty"`
	Languages []string      `json:"languages,omitempty"`
	Tier      string        `json:"tier,omitempty"`
	Urgency   string        `json:"urgency,omitempty"`
}

// UnmarshalJSON decodes strictly; see the package comment.
func (c *claims) UnmarshalJSON(data []byte) error {
	type plain claims
	return json.Unmarshal(data, (*plain)(c))
}

// identity checks the claims against the time.
func (c *claims) identity(now time.Time) (Identity, error) {
	switch {
	case !slices.Contains(c.Audience, audience):
		return Identity{}, ErrWrongAudience
	case c.ExpiresAt == nil || c.ExpiresAt.Unix() <= 0 || !c.ExpiresAt.Before(endOfTime):
		return Identity{}, fmt.Errorf("%w: exp must be a time in seconds", ErrBadToken)
	case !now.Before(c.ExpiresAt.Time):
		return Identity{}, ErrTokenExpired
	case c.NotBefore != nil && now.Add(notBeforeSlip).Before(c.NotBefore.Time):
		return Identity{}, fmt.Errorf("%w: its nbf is in the future", ErrBadToken)
	}
	id := Identity{
		Site:      c.Site,
		Subject:   c.Subject,
		Role:      c.Role,
		Name:      c.Name,
		Languages: c.Languages,
		Tier:      c.Tier,
		Urgency:   c.Urgency,
		ExpiresAt: time.Unix(c.ExpiresAt.Unix(), 0),
	}
	return id.checked()
}

// checked returns the identity in canonical form.
func (id Identity) checked() (Identity, error) {
	bad := func(why string) (Identity, error) { return Identity{}, fmt.Errorf("%w: %s", ErrBadToken, why) }
	switch {
	case id.Subject == "" || !printable(id.Subject, maxSubject):
		return bad(fmt.Sprintf("sub must be 1 to %d bytes without control characters", maxSubject))
	case !slices.Contains(protocol.Roles(), id.Role):
		return bad(fmt.Sprintf("role must be one of %v", protocol.Roles()))
	case !printable(id.Name, maxName):
		return bad(fmt.Sprintf("name must be at most %d bytes without control characters", maxName))
	case !printable(id.Tier, maxTier):
		return bad(fmt.Sprintf("tier must be at most %d bytes without control characters", maxTier))
	case !printable(id.Urgency, maxUrgency):
		return bad(fmt.Sprintf("urgency must be at most %d bytes without control characters", maxUrgency))
	case len(id.Languages) > maxLanguages:
		return bad(fmt.Sprintf("languages must be at most %d", maxLanguages))
	}
	if protocol.Blank(id.Name) {
		id.Name = "" // people see what somebody is instead of nothing
	}
	var languages []string
	for _, l := range id.Languages {
		tag, err := canonical(l)
		if err != nil {
			return bad("languages must be BCP 47 tags")
		}
		if !slices.Contains(languages, tag) {
			languages = append(languages, tag)
		}
	}
	id.Languages = languages
	return id, nil
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
