package auth_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

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

func TestKeysOfASetVerifyTokens(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []string{"RS256", "ES256", "EdDSA"} {
		t.Run(algorithm, func(t *testing.T) {
			t.Parallel()
			s, other := newSigner(t, algorithm, "a"), newSigner(t, algorithm, "a")
			i := newIssuer(t, s.jwk(t, `,"use":"sig","alg":"`+algorithm+`"`))
			v := i.verifier(t, algorithm, auth.Options{})
			if id, err := v.Verify(t.Context(), s.token(t), now); err != nil || id.Subject != "ana" {
				t.Errorf("got %+v, %v", id, err)
			}
			if _, err := v.Verify(t.Context(), other.token(t), now); !errors.Is(err, auth.ErrBadToken) {
				t.Errorf("another key with the same kid: %v", err)
			}
			if n := i.count(); n != 1 {
				t.Errorf("the set was fetched %d times, want once", n)
			}
		})
	}
}

func TestKeysOfASetMustFitTheAlgorithm(t *testing.T) {
	t.Parallel()
	es256, rs256 := newSigner(t, "ES256", "a"), newSigner(t, "RS256", "a")
	tests := []struct {
		name, algorithm string
		published, used signer
		more            string
	}{
		{"a key of another algorithm", "ES256", newSigner(t, "RS256", "a"), newSigner(t, "ES256", "a"), ""},
		{"a curve that ES256 does not use", "ES256", newSigner(t, "ES384", "a"), newSigner(t, "ES256", "a"), ""},
		{"a key for encryption", "ES256", es256, es256, `,"use":"enc"`},
		{"a key of an unknown use", "ES256", es256, es256, `,"use":"SIG"`},
		{"a key that may do nothing", "ES256", es256, es256, `,"key_ops":[]`},
		{"a key that only encrypts", "RS256", rs256, rs256, `,"key_ops":["encrypt","wrapKey"]`},
		{"a key that only signs", "ES256", es256, es256, `,"key_ops":["sign"]`},
		{"a key for signatures that may not verify", "ES256", es256, es256, `,"use":"sig","key_ops":["deriveKey"]`},
		{"a key that says it is for another curve's algorithm", "ES256", es256, es256, `,"alg":"ES384"`},
		{"a key that says it is for another algorithm", "RS256", rs256, rs256, `,"alg":"PS256"`},
		{"a token of another algorithm than the key's", "ES256", rs256, rs256, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t, tt.published.jwk(t, tt.more))
			v := i.verifier(t, tt.algorithm, auth.Options{})
			if _, err := v.Verify(t.Context(), tt.used.token(t), now); !errors.Is(err, auth.ErrBadToken) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("a shared secret in a set", func(t *testing.T) {
		t.Parallel()
		i := newIssuer(t, `{"kty":"oct","kid":"a","k":"`+base64.RawURLEncoding.EncodeToString(shop.Secret)+`"}`)
		v := i.verifier(t, "RS256", auth.Options{})
		good := fmt.Sprintf(goodClaims, now.Unix()+60)
		for _, header := range []string{`{"alg":"HS256","kid":"a"}`, `{"alg":"RS256","kid":"a"}`} {
			if _, err := v.Verify(t.Context(), forge(shop.Secret, header, good), now); !errors.Is(err, auth.ErrBadToken) {
				t.Errorf("for %s got %v", header, err)
			}
		}
	})
}

func TestANewKeyIsFetchedOnceForAllWhoUseIt(t *testing.T) {
	t.Parallel()
	first, next := newSigner(t, "EdDSA", "a"), newSigner(t, "EdDSA", "b")
	i := newIssuer(t, first.jwk(t, ""))
	v := i.verifier(t, "EdDSA", auth.Options{RefreshUnknown: time.Hour})
	i.serve(first.jwk(t, "") + "," + next.jwk(t, ""))
	token := next.token(t)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if _, err := v.Verify(t.Context(), token, now); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := i.count(); n != 2 {
		t.Errorf("the set was fetched %d times, want 2", n)
	}
}

// retryAfter is the time to wait that an error names, 0 if it is none of those.
func retryAfter(err error) time.Duration {
	var u *auth.Unavailable
	if errors.As(err, &u) {
		return u.RetryAfter
	}
	return 0
}

// The set was fetched a moment ago: whether the issuer has the key by now is not
// known, so the answer is a time, and never that the token is bad.
func TestStrangersKidsNeitherFloodTheIssuerNorMakeGoodTokensBad(t *testing.T) {
	t.Parallel()
	first, next := newSigner(t, "EdDSA", "a"), newSigner(t, "EdDSA", "2030-02")
	i := newIssuer(t, first.jwk(t, ""))
	v := i.verifier(t, "EdDSA", auth.Options{RefreshUnknown: time.Hour})
	// Strangers come with kids that are made up, and with the one that comes next.
	for n := range 50 {
		stranger := newSigner(t, "EdDSA", fmt.Sprint("unknown-", n))
		if n%2 == 0 {
			stranger.kid = next.kid
		}
		_, err := v.Verify(t.Context(), stranger.token(t), now)
		if after := retryAfter(err); n == 0 && !errors.Is(err, auth.ErrBadToken) || n > 0 && (after <= 0 || after > time.Hour) {
			t.Fatalf("stranger %d got %v; want the first to be refused and the others to be told a time", n, err)
		}
	}
	if n := i.count(); n != 2 {
		t.Errorf("the set was fetched %d times, want at the start and once more", n)
	}
	i.serve(next.jwk(t, ""))
	if _, err := v.Verify(t.Context(), next.token(t), now); !errors.Is(err, auth.ErrUnavailable) || retryAfter(err) <= 0 {
		t.Errorf("the first with the new key got %v, want to be told a time", err)
	}
	if _, err := v.Verify(t.Context(), first.token(t), now); err != nil {
		t.Errorf("those with a known key got %v", err)
	}
}

func TestAKeyThatIsNotInASetFetchedAfterwardsIsUnknown(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, newSigner(t, "EdDSA", "a").jwk(t, ""))
	v := i.verifier(t, "EdDSA", auth.Options{RefreshUnknown: time.Nanosecond})
	if _, err := v.Verify(t.Context(), newSigner(t, "EdDSA", "b").token(t), now); !errors.Is(err, auth.ErrBadToken) {
		t.Errorf("got %v", err)
	}
	if n := i.count(); n != 2 {
		t.Errorf("the set was fetched %d times, want 2", n)
	}
}

// noticed is a context that says when it is waited for.
type noticed struct {
	context.Context
	waited chan struct{}
}

func (n noticed) Done() <-chan struct{} {
	n.waited <- struct{}{}
	return n.Context.Done()
}

// Whoever joins a fetch that began before they came cannot know what the issuer has
// published since.
func TestAFetchThatBeganBeforeATokenCameDoesNotMakeItBad(t *testing.T) {
	t.Parallel()
	i := newIssuer(t, newSigner(t, "EdDSA", "a").jwk(t, ""))
	v := i.verifier(t, "EdDSA", auth.Options{RefreshUnknown: time.Nanosecond})
	<-i.asked
	release := make(chan struct{})
	i.respond(func(w http.ResponseWriter, _ *http.Request) {
		<-release
		io.WriteString(w, `{"keys":[]}`)
	})
	results, waited := make(chan error), make(chan struct{}, 2)
	verify := func(token string) {
		_, err := v.Verify(noticed{t.Context(), waited}, token, now)
		results <- err
	}
	go verify(newSigner(t, "EdDSA", "b").token(t))
	<-i.asked
	go verify(newSigner(t, "EdDSA", "c").token(t))
	<-waited
	<-waited
	close(release)
	var told, bad int
	for range 2 {
		switch err := <-results; {
		case errors.Is(err, auth.ErrBadToken):
			bad++
		case retryAfter(err) > 0:
			told++
		default:
			t.Errorf("got %v", err)
		}
	}
	if told != 1 || bad != 1 {
		t.Errorf("%d were told a time and %d that their token is bad, want one each", told, bad)
	}
}

func TestAReloadWhileTheIssuerIsAwayKeepsItsKeys(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "EdDSA", "a")
	i := newIssuer(t, s.jwk(t, ""))
	v := i.verifier(t, "EdDSA", auth.Options{})
	i.respond(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	same := v.Keys()
	wider := v.Keys()
	wider[0].ID, wider[0].Roles, wider[0].MaxLife = "renamed", protocol.Roles(), time.Hour
	other := shop
	for n, keys := range [][]auth.Key{same, wider, append(wider, other)} {
		if err := v.Replace(keys, func() error { return nil }); err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(t.Context(), s.token(t), now); err != nil {
			t.Errorf("after reload %d: %v", n+1, err)
		}
	}
	if n := i.count(); n != 1 {
		t.Errorf("the set was fetched %d times, want once", n)
	}
	if err := v.Replace(same, func() error { return io.ErrUnexpectedEOF }); !errors.Is(err, io.ErrUnexpectedEOF) || len(v.Keys()) != 2 {
		t.Errorf("a reload that was called off left %d keys and said %v", len(v.Keys()), err)
	}
}

func TestASetThatCannotBeFetchedForTooLongCountsNoMore(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "EdDSA", "a")
	i := newIssuer(t, s.jwk(t, ""))
	v := i.verifier(t, "EdDSA", auth.Options{Keep: time.Nanosecond})
	i.respond(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	if _, err := v.Verify(t.Context(), s.token(t), now); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
}

func TestAKeyThatCannotBeReadTakesTheOthersNoUse(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "ES256", "a")
	for name, broken := range map[string]string{
		"a curve of tomorrow":        `{"kty":"EC","kid":"z","crv":"secp256k1","x":"AA","y":"AA"}`,
		"a kind of tomorrow":         `{"kty":"AKP","kid":"z","alg":"ML-DSA-65","pub":"AA"}`,
		"no point of its curve":      `{"kty":"EC","kid":"z","crv":"P-256","x":"AQ","y":"AQ"}`,
		"key_ops that are a text":    `{"kty":"EC","kid":"z","key_ops":"verify"}`,
		"a text":                     `"z"`,
		"a certificate to be called": strings.Replace(s.jwk(t, `,"x5u":"http://169.254.169.254/latest"`), `"kid":"a"`, `"kid":"z"`, 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t, broken+","+s.jwk(t, ""))
			v := i.verifier(t, "ES256", auth.Options{})
			if _, err := v.Verify(t.Context(), s.token(t), now); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestARemovedKeyStopsWorking(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "EdDSA", "a")
	i := newIssuer(t, s.jwk(t, ""))
	v := i.verifier(t, "EdDSA", auth.Options{Refresh: 5 * time.Millisecond, RefreshUnknown: time.Hour})
	id, err := v.Verify(t.Context(), s.token(t), now)
	if err != nil || !v.Holds(id, now) {
		t.Fatal(err)
	}
	before := v.Changes()
	removed := make(chan struct{}, 1000)
	i.respond(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"keys":[]}`)
		removed <- struct{}{}
	})
	// Fetches come one after the other: with the second, the first is in place.
	<-removed
	<-removed
	// It is unknown, or not known yet while the next fetch is under way.
	if _, err := v.Verify(t.Context(), s.token(t), now); !errors.Is(err, auth.ErrBadToken) && !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("got %v", err)
	}
	if v.Holds(id, now) || v.Changes() == before {
		t.Error("a socket with the removed key would stay")
	}
}

func TestASetThatCannotBeFetchedMeansComeBack(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "EdDSA", "a")
	tests := []struct {
		name   string
		answer http.HandlerFunc
	}{
		{"an error", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }},
		{"no JSON", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "<html>") }},
		{"a redirect", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/elsewhere" {
				io.WriteString(w, `{"keys":[`+s.jwk(t, "")+`]}`)
				return
			}
			http.Redirect(w, r, "/elsewhere", http.StatusFound)
		}},
		{"a set without end", func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, `{"keys":[],"x":"`+strings.Repeat("x", 2<<20)+`"}`)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t, "")
			i.respond(tt.answer)
			v := i.verifier(t, "EdDSA", auth.Options{RefreshUnknown: time.Nanosecond})
			if _, err := v.Verify(t.Context(), s.token(t), now); !errors.Is(err, auth.ErrUnavailable) {
				t.Errorf("while it fails: %v", err)
			}
			i.serve(s.jwk(t, ""))
			if _, err := v.Verify(t.Context(), s.token(t), now); err != nil {
				t.Errorf("when it is back: %v", err)
			}
		})
	}
}

func TestNobodyWaitsForASlowIssuerPastTheirOwnTime(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "EdDSA", "b")
	i := newIssuer(t, newSigner(t, "EdDSA", "a").jwk(t, ""))
	v := i.verifier(t, "EdDSA", auth.Options{RefreshUnknown: time.Nanosecond, Timeout: time.Minute})
	<-i.asked
	release := make(chan struct{})
	i.respond(func(w http.ResponseWriter, _ *http.Request) {
		<-release
		io.WriteString(w, `{"keys":[`+s.jwk(t, "")+`]}`)
	})
	token := s.token(t)
	first := make(chan error)
	go func() {
		_, err := v.Verify(t.Context(), token, now)
		first <- err
	}()
	<-i.asked
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := v.Verify(gone, token, now); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("the one who left: %v", err)
	}
	close(release)
	if err := <-first; err != nil {
		t.Errorf("the one who stayed: %v", err)
	}
}

// An issuer that was away when the gateway started is asked again soon, also if no one
// comes with a token.
func TestAnIssuerThatWasAwayAtTheStartIsAskedAgainSoon(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "EdDSA", "a")
	i := newIssuer(t, s.jwk(t, ""))
	i.respond(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	v := i.verifier(t, "EdDSA", auth.Options{Refresh: time.Hour, RefreshFailed: time.Millisecond})
	i.serve(s.jwk(t, ""))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !v.KeySets()["shop"]["set"].Usable {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal("it was not asked again")
		}
	}
}

// What an operator sees of an issuer that is away: first that fetches fail, while the
// keys that are held still let people in, and then that nobody is let in any longer.
func TestAnIssuerThatIsAwayIsSeenBeforeAndWhenPeopleAreTurnedAway(t *testing.T) {
	t.Parallel()
	s := newSigner(t, "EdDSA", "a")
	away := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }
	for name, row := range map[string]struct {
		options auth.Options
		first   http.HandlerFunc // nil serves the set
		then    http.HandlerFunc
		want    auth.KeySetStatus
	}{
		"there":                 {want: auth.KeySetStatus{Usable: true}},
		"never there":           {first: away, then: away, want: auth.KeySetStatus{Failing: true}},
		"away after it was":     {then: away, want: auth.KeySetStatus{Failing: true, Usable: true}},
		"away for too long":     {options: auth.Options{Keep: time.Nanosecond}, then: away, want: auth.KeySetStatus{Failing: true}},
		"back after it was not": {first: away, want: auth.KeySetStatus{Usable: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			i := newIssuer(t, s.jwk(t, ""))
			if row.first != nil {
				i.respond(row.first)
			}
			row.options.RefreshUnknown = time.Nanosecond
			v := i.verifier(t, "EdDSA", row.options)
			if i.serve(s.jwk(t, "")); row.then != nil {
				i.respond(row.then)
			}
			_, _ = v.Verify(t.Context(), newSigner(t, "EdDSA", "unknown").token(t), now) // it fetches the set again
			if got := v.KeySets()["shop"]["set"]; got != row.want {
				t.Errorf("got %+v, want %+v", got, row.want)
			}
		})
	}
}
