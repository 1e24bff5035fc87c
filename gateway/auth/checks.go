package auth

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/golang-jwt/jwt/v5"

	"nextup/gateway/protocol"
)

// MaxTokenBytes is the longest token that is read.
const MaxTokenBytes = 8 << 10

// examination is the state of checking one token. Each check adds what later ones
// need; nothing is proven before the signature.
type examination struct {
	v   *Verifier
	ctx context.Context
	now time.Time

	token     string
	payload   string // header and claims as they were signed
	signature []byte
	header    header
	claims    claims
	notes     []note

	ring     *keyring
	keys     *siteKeys // of the token's site; nil if there is none
	key      Key
	material any // nil while no key is found
	id       Identity
}

// header is the header of a token, about its signature.
type header struct {
	Algorithm string `json:"alg"`
	Kid       any    `json:"kid"`
	Critical  any    `json:"crit"`
}

func (h header) kid() string { s, _ := h.Kid.(string); return s }

// check is one check of a token. Its name is stable, since it is logged.
type check struct {
	name string
	run  func(*examination) error
	// found describes what a check that passed has found, for people.
	found func(*examination) string
	// advice is what to do when it fails.
	advice string
}

// checks are in the order in which they run. The first ones need only the token; from
// signature on, key must have passed.
var checks = []check{
	{"size", (*examination).checkSize, func(e *examination) string { return fmt.Sprintf("%d bytes", len(e.token)) },
		"Leave out claims that no program needs."},
	{"form", (*examination).checkForm, func(*examination) string { return "three parts, a header and claims" },
		"Give the token itself, as it was signed: three parts in base64url with dots between, nothing before or behind."},
	{"alg", (*examination).checkAlgorithm, func(e *examination) string { return e.header.Algorithm },
		"Sign with HS256, RS256, ES256 or EdDSA, whichever the key in the site file says."},
	{"crit", (*examination).checkCritical, func(*examination) string { return "no extension is demanded" },
		"Sign without crit in the header."},
	{"kid", (*examination).checkKid, func(e *examination) string { return fmt.Sprintf("%.64q", e.header.kid()) },
		"Put the id of the key in the site file (or in its key set) into the header as kid."},
	{"site", (*examination).checkSite, func(e *examination) string { return fmt.Sprintf("%q", e.id.Site) },
		"Put the id of a site in the site file into the claim site."},
	{"key", (*examination).checkKey, func(e *examination) string { return e.key.String() },
		"Compare the kid and the algorithm with the keys of this site in the site file; nextup check lists them."},
	{"signature", (*examination).checkSignature, func(*examination) string { return "it is the key's" },
		"Sign with the very secret or private key that belongs to this kid: not its base64 or hexadecimal form, and without a line break at its end."},
	{"aud", (*examination).checkAudience, func(*examination) string { return "it names " + audience },
		`Put "nextup" into the claim aud, alone or in the list.`},
	{"exp", (*examination).checkExpiry, func(e *examination) string {
		return fmt.Sprintf("%s, in %s", e.id.ExpiresAt.UTC().Format(time.RFC3339), e.id.ExpiresAt.Sub(e.now).Round(time.Second))
	}, "Mint a new token, with exp in whole seconds since 1970; compare the clocks of both machines."},
	{"nbf", (*examination).checkNotBefore, func(*examination) string { return "it is valid by now" },
		"Leave nbf out, or compare the clocks of both machines."},
	{"sub", (*examination).checkSubject, func(e *examination) string { return fmt.Sprintf("%q", e.id.Subject) },
		"Put the id of the person in your own books into the claim sub, as a text."},
	{"role", (*examination).checkRole, func(e *examination) string { return string(e.id.Role) },
		"Put visitor, agent or supervisor into the claim role."},
	{"key's roles", (*examination).checkKeysRoles, func(e *examination) string { return fmt.Sprint(e.key.Roles) },
		"Sign with a key that may give this role, or add the role to the key in the site file."},
	{"max_token_life", (*examination).checkLife, func(e *examination) string { return fmt.Sprintf("at most %s", e.key.maxLife()) },
		"Mint tokens that end sooner, or raise max_token_life in the site file."},
}

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBadToken, fmt.Sprintf(format, args...))
}

func (e *examination) checkSize() error {
	if len(e.token) > MaxTokenBytes {
		return bad("longer than %d bytes", MaxTokenBytes)
	}
	return nil
}

// base64url is strict: not even the unused bits of the last character may differ.
var base64url = base64.RawURLEncoding.Strict()

func (e *examination) checkForm() error {
	parts := strings.Split(e.token, ".")
	if len(parts) != 3 {
		return bad("malformed: it has %d parts, want 3", len(parts))
	}
	if strings.ContainsAny(e.token, "\r\n") { // the decoder would skip line breaks
		return bad("malformed: a line breaks in it")
	}
	var decoded [3][]byte
	for i, part := range parts {
		var err error
		if decoded[i], err = base64url.DecodeString(part); err != nil {
			return bad("malformed: its %s is not in base64url", []string{"header", "claims", "signature"}[i])
		}
	}
	if err := json.Unmarshal(decoded[0], &e.header); err != nil || !bytes.HasPrefix(bytes.TrimSpace(decoded[0]), []byte("{")) {
		return bad("malformed: its header is no JSON object")
	}
	var err error
	if e.claims, e.notes, err = readClaims(decoded[1]); err != nil {
		return bad("malformed: %v", err)
	}
	e.payload, e.signature = e.token[:len(parts[0])+1+len(parts[1])], decoded[2]
	return nil
}

func (e *examination) checkAlgorithm() error {
	switch e.header.Algorithm {
	case "HS256", "RS256", "ES256", "EdDSA":
		return nil
	default:
		return bad("its algorithm (alg) is none of HS256, RS256, ES256, EdDSA")
	}
}

func (e *examination) checkCritical() error {
	if e.header.Critical != nil {
		return bad("it demands an extension (crit)")
	}
	return nil
}

func (e *examination) checkKid() error {
	if e.header.kid() == "" {
		return bad("it names no key (kid)")
	}
	return nil
}

func (e *examination) checkSite() error {
	site, err := e.claims.text("site")
	if err != nil {
		return bad("%v", err)
	}
	if e.keys = e.ring.sites[site]; e.keys == nil {
		return fmt.Errorf("%w: no such site here", ErrWrongSite)
	}
	e.id.Site = site
	return nil
}

// checkKey finds the key that must have signed the token.
func (e *examination) checkKey() error {
	if e.keys == nil {
		return bad("its site has no keys")
	}
	kid := e.header.kid()
	if key, ok := e.keys.byKid[kid]; ok {
		e.key = key
		if e.header.Algorithm != key.Algorithm {
			return bad("another algorithm than its key's, which is %s", key.Algorithm)
		}
		e.material = key.material()
		return nil
	}
	var unavailable error
	for _, k := range e.keys.sets {
		if e.header.Algorithm != k.Algorithm {
			continue
		}
		public, err := k.set.find(e.ctx, kid, k.Algorithm)
		switch {
		case err == nil:
			e.key, e.material = k.Key, public
			return nil
		case errors.Is(err, ErrUnavailable): // another set may hold it
			unavailable = cmp.Or(unavailable, err)
		case !errors.Is(err, errNoSuchKey):
			e.key = k.Key
			return err
		}
	}
	if unavailable != nil {
		return unavailable
	}
	if e.ring.kids[kid] {
		return fmt.Errorf("%w: its key is another site's", ErrWrongSite)
	}
	return bad("no such key")
}

func (e *examination) checkSignature() error {
	method := jwt.GetSigningMethod(e.header.Algorithm)
	if e.material == nil || method == nil || method.Verify(e.payload, e.signature, e.material) != nil {
		return bad("the signature is not its key's")
	}
	e.id.SignedBy = SignedBy{e.header.kid(), e.v.fingerprintOf(e.material)}
	return nil
}

func (e *examination) checkAudience() error {
	all, err := e.claims.audiences()
	if err != nil {
		return bad("%v", err)
	}
	if !slices.Contains(all, audience) {
		return ErrWrongAudience
	}
	return nil
}

func (e *examination) checkExpiry() error {
	at, there, err := e.claims.time("exp")
	switch {
	case err != nil:
		return bad("%v", err)
	case !there:
		return bad("it has no exp, and must end at some time")
	}
	e.id.ExpiresAt = at
	if !e.now.Before(at) {
		return fmt.Errorf("%w, %s ago", ErrTokenExpired, e.now.Sub(at).Round(time.Second))
	}
	return nil
}

func (e *examination) checkNotBefore() error {
	at, there, err := e.claims.time("nbf")
	switch {
	case err != nil:
		return bad("%v", err)
	case there && e.now.Add(notBeforeSkew).Before(at):
		return bad("its nbf is in the future")
	}
	return nil
}

func (e *examination) checkSubject() error {
	s, err := e.claims.text("sub")
	if err == nil {
		err = checkSubject(s)
	}
	if err != nil {
		return bad("%v", err)
	}
	e.id.Subject = s
	return nil
}

func checkSubject(s string) error {
	if s == "" || !printable(s, maxSubject) {
		return fmt.Errorf("sub must be 1 to %d bytes without control characters", maxSubject)
	}
	return nil
}

func (e *examination) checkRole() error {
	s, err := e.claims.text("role")
	if err == nil {
		err = checkRole(protocol.Role(s))
	}
	if err != nil {
		return bad("%v", err)
	}
	e.id.Role = protocol.Role(s)
	return nil
}

func checkRole(r protocol.Role) error {
	if !slices.Contains(protocol.Roles(), r) {
		return fmt.Errorf("role must be one of %v", protocol.Roles())
	}
	return nil
}

func (e *examination) checkKeysRoles() error {
	if !slices.Contains(e.key.Roles, e.id.Role) {
		return ErrForbiddenRole
	}
	return nil
}

func (e *examination) checkLife() error {
	if e.key.tooLong(e.id.ExpiresAt, e.now) {
		return bad("its exp is further off than the site allows (max_token_life)")
	}
	return nil
}
