package auth_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"nextup/gateway/auth"
)

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

// A caller that joins a fetch that began before they came cannot know what the issuer has
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
