package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// MaxTokenBytes is the longest token that is looked at.
const MaxTokenBytes = 8 << 10

// Verify says whose token it is at the time now. It waits only when the token
// names a key that is not in its site's key set: then until ctx is done or, if it
// fetches the set itself, Options.Timeout. Every error wraps one of the errors of
// this package.
func (v *Verifier) Verify(ctx context.Context, token string, now time.Time) (Identity, error) {
	if len(token) > MaxTokenBytes {
		return Identity{}, fmt.Errorf("%w: longer than %d bytes", ErrBadToken, MaxTokenBytes)
	}
	var (
		c        claims
		key      Key
		signedBy SignedBy
		refused  error
	)
	_, err := v.parser.ParseWithClaims(token, &c, func(t *jwt.Token) (any, error) {
		var material any
		key, material, refused = v.choose(ctx, t, c.Site)
		if refused == nil {
			kid, _ := t.Header["kid"].(string)
			signedBy = SignedBy{kid, v.markOf(material)}
		}
		return material, refused
	})
	switch {
	case refused != nil:
		return Identity{}, refused
	case errors.Is(err, jwt.ErrTokenSignatureInvalid):
		return Identity{}, fmt.Errorf("%w: the signature is not its key's", ErrBadToken)
	case err != nil:
		return Identity{}, fmt.Errorf("%w: malformed", ErrBadToken)
	}
	id, err := c.identity(now)
	if err != nil {
		return Identity{}, err
	}
	if !slices.Contains(key.Roles, id.Role) {
		return Identity{}, ErrForbiddenRole
	}
	if id.ExpiresAt.After(now.Add(key.maxLife())) {
		return Identity{}, fmt.Errorf("%w: its exp is further off than the site allows (max_token_life)", ErrBadToken)
	}
	id.SignedBy = signedBy
	return id, nil
}

// choose returns the key that must have signed the token and what verifies its
// signature. Nothing in the token is proven yet.
func (v *Verifier) choose(ctx context.Context, t *jwt.Token, site string) (Key, any, error) {
	if _, critical := t.Header["crit"]; critical {
		return Key{}, nil, fmt.Errorf("%w: it demands an extension (crit)", ErrBadToken)
	}
	kid, _ := t.Header["kid"].(string)
	if kid == "" {
		return Key{}, nil, fmt.Errorf("%w: it names no key (kid)", ErrBadToken)
	}
	ring := v.inForce.Load()
	keys := ring.sites[site]
	if keys == nil {
		return Key{}, nil, fmt.Errorf("%w: no such site here", ErrWrongSite)
	}
	if key, ok := keys.byKid[kid]; ok {
		if t.Method.Alg() != key.Algorithm {
			return Key{}, nil, fmt.Errorf("%w: another algorithm than its key's", ErrBadToken)
		}
		return key, key.material(), nil
	}
	var unavailable error
	for _, k := range keys.sets {
		if t.Method.Alg() != k.Algorithm {
			continue
		}
		public, err := k.set.find(ctx, kid, k.Algorithm)
		switch {
		case err == nil:
			return k.Key, public, nil
		case errors.Is(err, ErrUnavailable): // another set may hold it
			unavailable = cmp.Or(unavailable, err)
		case !errors.Is(err, errNoSuchKey):
			return k.Key, nil, err
		}
	}
	if unavailable != nil {
		return Key{}, nil, unavailable
	}
	if ring.kids[kid] {
		return Key{}, nil, fmt.Errorf("%w: its key is another site's", ErrWrongSite)
	}
	return Key{}, nil, fmt.Errorf("%w: no such key", ErrBadToken)
}
