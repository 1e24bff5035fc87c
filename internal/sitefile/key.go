package sitefile

import "crypto"

// Algorithm is a JWT signature algorithm.
type Algorithm string

// The algorithms that a key may fix.
const (
	HS256 Algorithm = "HS256"
	RS256 Algorithm = "RS256"
	ES256 Algorithm = "ES256"
	EdDSA Algorithm = "EdDSA"
)

// Role is a role that a key may sign for.
type Role string

// The roles of a token.
const (
	RoleVisitor    Role = "visitor"
	RoleAgent      Role = "agent"
	RoleSupervisor Role = "supervisor"
)

// Key verifies tokens of its site. Exactly one of Secret, Public and JWKSURL is
// set.
type Key struct {
	// ID is the kid that tokens name, 1 to 64 printable ASCII bytes without
	// space. For a key set it only names the set in logs: tokens name its keys.
	ID        string
	Algorithm Algorithm
	// Roles are what tokens of this key may claim, at least one.
	Roles []Role
	// Secret has at least 32 bytes; HS256 only.
	Secret Secret
	// Public is an *rsa.PublicKey of at least 2048 bits (RS256), an
	// *ecdsa.PublicKey on P-256 (ES256) or an ed25519.PublicKey (EdDSA).
	Public crypto.PublicKey
	// JWKSURL is where a key set is fetched: https, or http in one of the site's
	// AllowNetworks.
	JWKSURL string
}

// Secret is the shared secret of an HS256 key. It does not print.
type Secret []byte

// String implements fmt.Stringer without the secret.
func (s Secret) String() string { return "(secret)" }

// GoString implements fmt.GoStringer without the secret.
func (s Secret) GoString() string { return "(secret)" }

// MarshalText implements encoding.TextMarshaler without the secret, for JSON and
// structured logs.
func (s Secret) MarshalText() ([]byte, error) { return []byte("(secret)"), nil }
