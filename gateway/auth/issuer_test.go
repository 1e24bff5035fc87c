package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"

	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"

	"nextup/gateway/auth"
	"nextup/gateway/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// issuer serves a key set, which a test may change, and counts who asks for it.
type issuer struct {
	*httptest.Server
	asked chan struct{}

	mu      sync.Mutex
	answer  http.HandlerFunc
	fetches int
}

func newIssuer(t *testing.T, set string) *issuer {
	i := &issuer{asked: make(chan struct{}, 1000)}
	i.serve(set)
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.mu.Lock()
		i.fetches++
		answer := i.answer
		i.mu.Unlock()
		i.asked <- struct{}{}
		answer(w, r)
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *issuer) serve(set string) {
	i.respond(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"keys":[`+set+`]}`) })
}

func (i *issuer) respond(answer http.HandlerFunc) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.answer = answer
}

func (i *issuer) count() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.fetches
}

// loopback is where the issuers of the tests listen.
var loopback = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}

// verifier trusts the issuer's keys of one algorithm for site shop.
func (i *issuer) verifier(t *testing.T, algorithm string, o auth.Options) *auth.Verifier {
	t.Helper()
	o.Logger = slog.New(slog.DiscardHandler)
	v, err := auth.New([]auth.Key{{
		ID: "set", Algorithm: algorithm, Sites: []string{"shop"}, Roles: []protocol.Role{protocol.Visitor}, JWKSURL: i.URL,
		AllowNetworks: loopback,
	}}, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

// signer is a private key that an issuer may publish.
type signer struct {
	kid    string
	method jwt.SigningMethod
	key    crypto.Signer
}

func newSigner(t *testing.T, algorithm, kid string) signer {
	t.Helper()
	s := signer{kid: kid, method: jwt.GetSigningMethod(algorithm)}
	var err error
	switch algorithm {
	case "RS256":
		s.key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "ES256":
		s.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		s.key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case "EdDSA":
		_, s.key, err = ed25519.GenerateKey(rand.Reader)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s signer) token(t *testing.T) string {
	t.Helper()
	token := jwt.NewWithClaims(s.method, jwt.MapClaims{
		"sub": "ana", "site": "shop", "role": "visitor", "aud": "nextup", "exp": now.Unix() + 60,
	})
	token.Header["kid"] = s.kid
	out, err := token.SignedString(s.key)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// jwk is the public half as a key set holds it; more is added to it.
func (s signer) jwk(t *testing.T, more string) string {
	t.Helper()
	b64 := base64.RawURLEncoding.EncodeToString
	var fields string
	switch k := s.key.Public().(type) {
	case *rsa.PublicKey:
		fields = fmt.Sprintf(`"kty":"RSA","n":%q,"e":%q`, b64(k.N.Bytes()), b64(big.NewInt(int64(k.E)).Bytes()))
	case *ecdsa.PublicKey:
		point, err := k.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		half := len(point) / 2
		fields = fmt.Sprintf(`"kty":"EC","crv":%q,"x":%q,"y":%q`, k.Curve.Params().Name, b64(point[1:1+half]), b64(point[1+half:]))
	case ed25519.PublicKey:
		fields = fmt.Sprintf(`"kty":"OKP","crv":"Ed25519","x":%q`, b64(k))
	}
	return fmt.Sprintf(`{%s,"kid":%q%s}`, fields, s.kid, more)
}
