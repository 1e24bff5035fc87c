package auth

import (
	"fmt"
	"slices"

	"github.com/golang-jwt/jwt/v5"
)

// Sign returns a token for development and tests. The key must have a secret: the
// private half of other keys is where the real tokens are made. It signs only
// what Verify would accept.
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
	case id.ExpiresAt.Unix() <= 0 || !id.ExpiresAt.Before(endOfTime):
		return "", fmt.Errorf("%w: it must expire at some time", ErrBadToken)
	}
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Subject:   id.Subject,
			Audience:  jwt.ClaimStrings{audience},
			ExpiresAt: jwt.NewNumericDate(id.ExpiresAt),
		},
		Site: id.Site, Role: id.Role, Name: id.Name, Languages: id.Languages, Tier: id.Tier, Urgency: id.Urgency,
	})
	t.Header["kid"] = key.ID
	signed, err := t.SignedString(key.Secret)
	if err != nil {
		return "", fmt.Errorf("auth: %s: %w", key, err)
	}
	return signed, nil
}
