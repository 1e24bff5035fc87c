// Package auth verifies tokens and returns the identity that they prove.
//
//	verifier, err := auth.New(keys, auth.Options{})
//	defer verifier.Close()
//	id, err := verifier.Verify(ctx, token, time.Now())
//	if verifier.Holds(id, time.Now()) { // later: is its key still in force?
//	}
//
// A token is a signed JWT. It does not decide which key may have signed it: its kid
// and its site only choose among the keys that New was given, and the key fixes the
// algorithm, the sites and the roles. So alg: none, an RSA public key used as an HMAC
// secret, a key of another site and a role that the key may not give are all refused,
// whatever the token claims.
//
// Claims that identify a person are decoded strictly: names are case-sensitive, and a
// name that comes twice and invalid UTF-8 are refused. An issuer that lets people add
// claims of their own could otherwise be made to sign "ROLE" beside "role". Claims
// that only decorate (a name, languages, a tier, an urgency) never cause a refusal:
// what does not fit is cut or left out, and noted.
//
// Each check has a name. Verify stops at the first that fails and logs its name, one
// line a minute for each; Explain runs them all, for people. Errors explain in a
// sentence why a token was refused. They never quote it, since they end up in logs
// and in frames.
package auth

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"nextup/gateway/protocol"
	"nextup/internal/outbound"
)

// Why a token is refused.
var (
	// ErrBadToken: malformed, a bad signature, another algorithm than the key's,
	// an unknown key, or a claim that is missing or out of range.
	ErrBadToken = errors.New("the token is not valid")
	// ErrTokenExpired: past its exp.
	ErrTokenExpired = errors.New("the token has expired")
	// ErrWrongAudience: aud does not contain nextup.
	ErrWrongAudience = errors.New("the token is not for nextup")
	// ErrWrongSite: the site is unknown here, or not the key's.
	ErrWrongSite = errors.New("the token is for another site")
	// ErrForbiddenRole: the key may not give this role.
	ErrForbiddenRole = errors.New("the key of the token may not give this role")
	// ErrUnavailable: the key set that may hold the token's key cannot be fetched
	// now, or was fetched a moment ago and did not hold it yet. The token may be
	// good: come back. The error is an Unavailable.
	ErrUnavailable = errors.New("the keys cannot be fetched now")
)

// Unavailable is an ErrUnavailable with the time after which another try may succeed.
type Unavailable struct{ RetryAfter time.Duration }

// Error implements error.
func (e *Unavailable) Error() string { return ErrUnavailable.Error() }

// Unwrap makes it an ErrUnavailable.
func (e *Unavailable) Unwrap() error { return ErrUnavailable }

// Key verifies tokens. Exactly one of Secret, Public and JWKSURL is set.
type Key struct {
	// ID is the kid of its tokens. For a key set it only names the set in logs:
	// its tokens name a key of the set.
	ID string
	// Algorithm is HS256 (with Secret), RS256, ES256 or EdDSA (with Public or
	// JWKSURL).
	Algorithm string
	// Sites and Roles are what its tokens may claim, at least one of each.
	Sites []string
	Roles []protocol.Role
	// Secret has at least 32 bytes.
	Secret []byte `json:"-"`
	// Public is an *rsa.PublicKey of at least 2048 bits, an *ecdsa.PublicKey on
	// P-256 or an ed25519.PublicKey, as Algorithm says.
	Public crypto.PublicKey
	// JWKSURL is where a key set is fetched; AllowNetworks are networks that are not
	// public and may be called for it.
	JWKSURL       string
	AllowNetworks []netip.Prefix
	// MaxLife bounds how far in the future a token may expire when it is verified; 0
	// counts as DefaultMaxLife.
	MaxLife time.Duration
}

// DefaultMaxLife is the longest life of a token where no other is set: a token that
// was signed with a leaked key, or of an agent who left, is useless after that.
const DefaultMaxLife = 24 * time.Hour

// String implements fmt.Stringer without the secret.
func (k Key) String() string { return fmt.Sprintf("key %s (%s)", k.ID, k.Algorithm) }

// GoString implements fmt.GoStringer without the secret.
func (k Key) GoString() string { return k.String() }

// Identity is what a valid token proves.
type Identity struct {
	Site string
	// Subject is unique per site and role, 1 to 128 bytes without control
	// characters.
	Subject string
	Role    protocol.Role
	// Name is shown to people, at most 128 bytes; "" where the claim is blank.
	Name string
	// Languages are BCP 47 tags in canonical form, in order of preference, at
	// most 8.
	Languages []string
	// Tier and Urgency are at most 64 bytes each.
	Tier, Urgency string
	// ExpiresAt is when the token ends, in whole seconds.
	ExpiresAt time.Time
	// SignedBy is for Verifier.Holds; Sign does not look at it.
	SignedBy SignedBy
}

func (k Key) check() error {
	sources := 0
	for _, given := range []bool{k.Secret != nil, k.Public != nil, k.JWKSURL != ""} {
		if given {
			sources++
		}
	}
	unknown := func(r protocol.Role) bool { return !slices.Contains(protocol.Roles(), r) }
	switch {
	case k.ID == "":
		return errors.New("auth: a key without id")
	case len(k.Sites) == 0 || slices.Contains(k.Sites, ""):
		return fmt.Errorf("auth: %s: no site", k)
	case len(k.Roles) == 0 || slices.ContainsFunc(k.Roles, unknown):
		return fmt.Errorf("auth: %s: roles must be some of %v", k, protocol.Roles())
	case sources != 1:
		return fmt.Errorf("auth: %s: exactly one of a secret, a public key and a key set", k)
	case k.JWKSURL != "":
		if k.Algorithm != "RS256" && k.Algorithm != "ES256" && k.Algorithm != "EdDSA" {
			return fmt.Errorf("auth: %s: a key set is for RS256, ES256 or EdDSA", k)
		}
		if err := (outbound.Policy{Allow: k.AllowNetworks}).Check(k.JWKSURL); err != nil {
			return fmt.Errorf("auth: %s: its key set: %w", k, err)
		}
		return nil
	case k.Secret != nil && (k.Algorithm != "HS256" || len(k.Secret) < 32):
		return fmt.Errorf("auth: %s: a secret is for HS256 and has at least 32 bytes", k)
	case k.Public != nil && !fits(k.Algorithm, k.Public):
		return fmt.Errorf("auth: %s: the public key is not one for this algorithm", k)
	default:
		return nil
	}
}

// fits reports whether a public key is one for the algorithm, and strong enough.
// The JWT library would take ECDSA keys on other curves and short RSA keys.
func fits(algorithm string, public crypto.PublicKey) bool {
	switch k := public.(type) {
	case *rsa.PublicKey:
		return algorithm == "RS256" && k.N != nil && k.N.BitLen() >= 2048
	case *ecdsa.PublicKey:
		if algorithm != "ES256" || k.Curve != elliptic.P256() {
			return false
		}
		_, err := k.ECDH() // fails if it is no point of the curve
		return err == nil
	case ed25519.PublicKey:
		return algorithm == "EdDSA" && len(k) == ed25519.PublicKeySize
	default:
		return false
	}
}
