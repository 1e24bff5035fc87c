package sitefile

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"nextup/internal/outbound"
)

// keys reads the keys of a site; allow are its AllowNetworks.
func (v value) keys(allow []netip.Prefix) []Key {
	v.private = true
	if v.empty() {
		v.bad("a list of at least one key")
		return nil
	}
	var out []Key
	taken := map[string]bool{}
	for _, item := range v.list("a list of keys") {
		out = append(out, item.key(taken, allow))
	}
	return out
}

var kidPattern = regexp.MustCompile(`^[!-~]{1,64}$`)

// key reads one key; taken are the ids of those before it.
func (v value) key(taken map[string]bool, allow []netip.Prefix) Key {
	f := v.fields(append([]string{"id", "algorithm", "roles"}, sources...)...)
	k := Key{ID: f["id"].id(taken, value.kid), Algorithm: f["algorithm"].algorithm(), Roles: f["roles"].roles()}
	var given []string
	for _, name := range sources {
		if !f[name].missing() {
			given = append(given, name)
		}
	}
	allowed := sourcesOf(k.Algorithm)
	if allowed == nil {
		return k
	}
	if len(given) != 1 || !slices.Contains(allowed, given[0]) {
		got := "nothing"
		if len(given) > 0 {
			got = strings.Join(given, " and ")
		}
		v.fault("got %s; want exactly one of %s for %s", got, strings.Join(allowed, ", "), k.Algorithm)
		return k
	}
	source := f[given[0]]
	switch given[0] {
	case "secret":
		k.Secret = source.secret()
	case "secret_file":
		k.Secret = source.secretFile()
	case "secret_env":
		k.Secret = source.secretEnv()
	case "public_key_file":
		k.Public = source.publicKeyFile(k.Algorithm)
	case "jwks_url":
		k.JWKSURL = source.jwksURL(allow)
	}
	return k
}

// sources are the fields of which a key has exactly one.
var sources = []string{"secret", "secret_file", "secret_env", "public_key_file", "jwks_url"}

func sourcesOf(a Algorithm) []string {
	switch a {
	case HS256:
		return sources[:3]
	case RS256, ES256, EdDSA:
		return sources[3:]
	default:
		return nil
	}
}

func (v value) kid() string {
	const want = "the kid of its tokens: 1 to 64 printable ASCII characters without space"
	if v.missing() {
		v.bad(want)
		return ""
	}
	s, ok := v.text(want)
	if ok && !kidPattern.MatchString(s) {
		v.bad(want)
		return ""
	}
	return s
}

func (v value) algorithm() Algorithm {
	const want = "one of HS256, RS256, ES256, EdDSA"
	s, ok := v.text(want)
	if (v.missing() || ok) && sourcesOf(Algorithm(s)) == nil {
		v.bad(want)
	}
	return Algorithm(s)
}

func (v value) roles() []Role {
	const want = "at least one of visitor, agent, supervisor"
	if v.empty() {
		v.bad(want)
		return nil
	}
	all := []string{string(RoleVisitor), string(RoleAgent), string(RoleSupervisor)}
	var out []Role
	for _, s := range v.distinct("the roles", all, func(item value) string {
		if item.missing() {
			item.bad("a role")
		}
		s, _ := item.text("a role")
		return s
	}) {
		out = append(out, Role(s))
	}
	return out
}

func (v value) secret() Secret {
	switch n := v.node.(type) {
	case *ast.StringNode:
		return v.longEnough([]byte(n.Value))
	case *ast.LiteralNode:
		return v.longEnough([]byte(n.Value.Value))
	default:
		v.fault("got something else than a text; want a text in quotes of at least %d bytes", minSecret)
		return nil
	}
}

// longEnough returns the secret without the end of its last line, which editors and
// block texts add, and reports one that is too short.
func (v value) longEnough(s []byte) Secret {
	s = bytes.TrimRight(s, "\r\n")
	if len(s) < minSecret {
		v.fault("got a secret of %d bytes; want at least %d, such as 32 random bytes in base64", len(s), minSecret)
		return nil
	}
	return s
}

// maxKeyFile is the largest file with a secret or a public key that is read.
const maxKeyFile = 64 << 10

func (v value) keyFile() ([]byte, bool) {
	s, ok := v.text("a path")
	if !ok {
		return nil, false
	}
	path := s
	if !filepath.IsAbs(path) {
		path = filepath.Join(v.r.dir, path)
	}
	data, err := readRegular(path, maxKeyFile)
	v.r.sources.note(path, data, err)
	if err != nil {
		v.fault("the file named here cannot be read: %v; want a path, from this file's folder", err)
		return nil, false
	}
	return data, true
}

func (v value) secretFile() Secret {
	data, ok := v.keyFile()
	if !ok {
		return nil
	}
	return v.longEnough(data)
}

func (v value) secretEnv() Secret {
	name, ok := v.text("the name of an environment variable")
	if !ok {
		return nil
	}
	if v.r != nil {
		v.r.variables = append(v.r.variables, name)
	}
	s, ok := os.LookupEnv(name)
	if !ok {
		v.fault("the environment variable named here is not set; want one that holds the secret")
		return nil
	}
	return v.longEnough([]byte(s))
}

func (v value) publicKeyFile(a Algorithm) crypto.PublicKey {
	data, ok := v.keyFile()
	if !ok {
		return nil
	}
	want := map[Algorithm]string{
		RS256: "an RSA public key of at least 2048 bits",
		ES256: "an ECDSA public key on the curve P-256",
		EdDSA: "an Ed25519 public key",
	}[a]
	want += " in PEM (BEGIN PUBLIC KEY)"
	block, _ := pem.Decode(data)
	if block == nil {
		v.fault("the file named here is not PEM; want %s", want)
		return nil
	}
	if strings.Contains(block.Type, "PRIVATE KEY") {
		v.fault("the file named here holds a private key; want %s: a gateway must not have the private one", want)
		return nil
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if block.Type != "PUBLIC KEY" || err != nil {
		v.fault("the file named here holds no public key; want %s", want)
		return nil
	}
	fits := false
	switch k := key.(type) {
	case *rsa.PublicKey:
		fits = a == RS256 && k.N.BitLen() >= 2048
	case *ecdsa.PublicKey:
		fits = a == ES256 && k.Curve == elliptic.P256()
	case ed25519.PublicKey:
		fits = a == EdDSA
	}
	if !fits {
		v.fault("the file named here holds a key of another kind; want %s", want)
		return nil
	}
	return key
}

// networks reads a list of networks. Bits beyond the prefix length are refused, since
// the network would be another than the one that was meant.
func (v value) networks() []netip.Prefix {
	const want = "a network, such as 10.0.0.0/8, 127.0.0.1/32 or fd00::/8"
	var out []netip.Prefix
	for _, s := range v.distinct("", nil, func(item value) string {
		if item.missing() {
			item.bad(want)
		}
		s, ok := item.text(want)
		if n, err := netip.ParsePrefix(s); ok && (err != nil || n.Addr().Is4In6() || n != n.Masked()) {
			item.bad(want)
			return ""
		}
		return s
	}) {
		if n, err := netip.ParsePrefix(s); err == nil {
			out = append(out, n)
		}
	}
	return out
}

// jwksURL reads the address of a key set; allow are the site's AllowNetworks.
func (v value) jwksURL(allow []netip.Prefix) string {
	const want = "an https address; http and addresses that are not public go only to networks that allow_networks of the site names"
	s, ok := v.text(want)
	if !ok {
		return ""
	}
	if err := (outbound.Policy{Allow: allow}).Check(s); err != nil {
		v.bad(want)
		return ""
	}
	return s
}
