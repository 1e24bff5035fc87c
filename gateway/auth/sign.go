package auth

import (
	"fmt"
	"slices"

	"github.com/golang-jwt/jwt/v5"

	"nextup/gateway/protocol"
)

// signed holds the claims of a token that Sign makes.
type signed struct {
	jwt.RegisteredClaims
	Site      string        `json:"site"`
	Role      protocol.Role `json:"role"`
	Name      string        `json:"name,omitempty"`
	Languages []string      `json:"languages,omitempty"`
	Tier      string        `json:"tier,omitempty"`
	Urgency   string        `json:"urgency,omitempty"`
}

// Sign returns a token for development and tests. The key must have a secret: the
// private half of other keys stays where real tokens are made. Sign signs only what
// Verify would accept without a note.
func Sign(key Key, id Identity) (string, error) {
	if err := key.check(); err != nil {
		return "", err
	}
	if key.Secret == nil {
		return "", fmt.Errorf("auth: %s: only a key with a secret can sign here", key)
	}
	id, err := id.checked()
	if err != nil {
		return "", err
	}
	switch {
	case !slices.Contains(key.Sites, id.Site):
		return "", fmt.Errorf("%w: %s is for %v", ErrWrongSite, key, key.Sites)
	case !slices.Contains(key.Roles, id.Role):
		return "", fmt.Errorf("%w: %s is for %v", ErrForbiddenRole, key, key.Roles)
	case id.ExpiresAt.Unix() <= 0 || !id.ExpiresAt.Before(maxTime):
		return "", fmt.Errorf("%w: it must expire at some time", ErrBadToken)
	}
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, signed{
		RegisteredClaims: jwt.RegisteredClaims{
			Subject:   id.Subject,
			Audience:  jwt.ClaimStrings{audience},
			ExpiresAt: jwt.NewNumericDate(id.ExpiresAt),
		},
		Site: id.Site, Role: id.Role, Name: id.Name, Languages: id.Languages, Tier: id.Tier, Urgency: id.Urgency,
	})
	t.Header["kid"] = key.ID
	token, err := t.SignedString(key.Secret)
	if err != nil {
		return "", fmt.Errorf("auth: %s: %w", key, err)
	}
	return token, nil
}

// checked returns the identity in canonical form, or an error for what a token must
// not claim.
func (id Identity) checked() (Identity, error) {
	bad := func(why string) (Identity, error) { return Identity{}, fmt.Errorf("%w: %s", ErrBadToken, why) }
	if err := checkSubject(id.Subject); err != nil {
		return bad(err.Error())
	}
	if err := checkRole(id.Role); err != nil {
		return bad(err.Error())
	}
	switch {
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
		id.Name = ""
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
