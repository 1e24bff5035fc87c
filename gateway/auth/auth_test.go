package auth_test

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"nextup/gateway/auth"
	"nextup/gateway/protocol"
)

// now is when the tests happen.
var now = time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)

// shop is a key of site shop that may sign for visitors and agents.
var shop = auth.Key{
	ID: "k1", Algorithm: "HS256", Sites: []string{"shop"},
	Roles: []protocol.Role{protocol.Visitor, protocol.Agent}, Secret: []byte("shop-secret-shop-secret-shop-secret"),
}

func verifier(t testing.TB, keys ...auth.Key) *auth.Verifier {
	t.Helper()
	v, err := auth.New(keys, auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v
}

// vector is a token that another implementation signed.
type vector struct {
	Algorithm string
	Secret    []byte
	Public    string
	Token     string
}

func vectors(t testing.TB) []vector {
	t.Helper()
	data, err := os.ReadFile("testdata/vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var out []vector
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (v vector) key(t testing.TB) auth.Key {
	t.Helper()
	k := auth.Key{ID: "k1", Algorithm: v.Algorithm, Sites: []string{"shop"}, Roles: protocol.Roles(), Secret: v.Secret, MaxLife: 100 * 365 * 24 * time.Hour}
	if v.Public != "" {
		block, _ := pem.Decode([]byte(v.Public))
		public, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		k.Public = public
	}
	return k
}

func TestTokensOfAnotherImplementationAreVerified(t *testing.T) {
	t.Parallel()
	all := vectors(t)
	if len(all) != 4 {
		t.Fatalf("got %d vectors, want one for each algorithm", len(all))
	}
	want := auth.Identity{
		Site: "shop", Subject: "visitor-7", Role: protocol.Visitor, Name: "林 Ana",
		Languages: []string{"zh", "pt-BR"}, Tier: "gold", ExpiresAt: time.Unix(4102444800, 0),
	}
	for _, vec := range all {
		t.Run(vec.Algorithm, func(t *testing.T) {
			t.Parallel()
			v := verifier(t, vec.key(t))
			got, err := v.Verify(t.Context(), vec.Token, now)
			got.SignedBy = auth.SignedBy{}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v; want %+v", got, err, want)
			}
			// A change of any character is noticed: the decoder is strict, so not
			// even unused bits of the last character may change.
			for i := range vec.Token {
				other := byte('A')
				if vec.Token[i] == other {
					other = 'B'
				}
				changed := vec.Token[:i] + string(other) + vec.Token[i+1:]
				if _, err := v.Verify(t.Context(), changed, now); err == nil {
					t.Errorf("a change at %d of %d was not noticed", i, len(vec.Token))
				}
			}
		})
	}
}

func TestSignedTokensComeBackAsTheyWere(t *testing.T) {
	t.Parallel()
	want := auth.Identity{
		Site: "shop", Subject: strings.Repeat("s", 128), Role: protocol.Agent, Name: strings.Repeat("é", 64),
		Languages: []string{"en", "zh"}, Tier: "gold", ExpiresAt: time.Unix(now.Unix()+1, 0),
	}
	asked := want
	asked.Languages = []string{"EN", "zh", "en"}
	token, err := auth.Sign(shop, asked)
	if err != nil {
		t.Fatal(err)
	}
	v := verifier(t, shop)
	got, err := v.Verify(t.Context(), token, now)
	got.SignedBy = auth.SignedBy{}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}
	if _, err := v.Verify(t.Context(), token, now.Add(time.Second)); !errors.Is(err, auth.ErrTokenExpired) {
		t.Errorf("in the second of its end: %v", err)
	}
}

func TestANameOfWhichNothingCanBeSeenIsNone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{" ", "\u3164\u2800", "\u200b\u2060"} {
		token, err := auth.Sign(shop, auth.Identity{Site: "shop", Subject: "ana", Role: protocol.Visitor, Name: name, ExpiresAt: now.Add(time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := verifier(t, shop).Verify(t.Context(), token, now); err != nil || got.Name != "" {
			t.Errorf("%q became %q, %v", name, got.Name, err)
		}
	}
}

func TestSignRefusesWhatVerifyWould(t *testing.T) {
	t.Parallel()
	good := auth.Identity{Site: "shop", Subject: "ana", Role: protocol.Visitor, ExpiresAt: now}
	tests := []struct {
		name   string
		change func(*auth.Key, *auth.Identity)
		want   error
	}{
		{"no subject", func(_ *auth.Key, id *auth.Identity) { id.Subject = "" }, auth.ErrBadToken},
		{"no end", func(_ *auth.Key, id *auth.Identity) { id.ExpiresAt = time.Time{} }, auth.ErrBadToken},
		{"a far end", func(_ *auth.Key, id *auth.Identity) { id.ExpiresAt = now.AddDate(9000, 0, 0) }, auth.ErrBadToken},
		{"a language that is none", func(_ *auth.Key, id *auth.Identity) { id.Languages = []string{"-"} }, auth.ErrBadToken},
		{"another site", func(_ *auth.Key, id *auth.Identity) { id.Site = "bank" }, auth.ErrWrongSite},
		{"a role that is not the key's", func(_ *auth.Key, id *auth.Identity) { id.Role = protocol.Supervisor }, auth.ErrForbiddenRole},
		{"a key with a short secret", func(k *auth.Key, _ *auth.Identity) { k.Secret = k.Secret[:31] }, nil},
		{"a key without a secret", func(k *auth.Key, _ *auth.Identity) {
			*k = auth.Key{ID: "k", Algorithm: "RS256", Sites: k.Sites, Roles: k.Roles, JWKSURL: "https://a.example"}
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			key, id := shop, good
			tt.change(&key, &id)
			token, err := auth.Sign(key, id)
			if token != "" || err == nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}

func TestNewRefusesKeysThatCannotBeTrusted(t *testing.T) {
	t.Parallel()
	public := map[string]any{}
	for _, vec := range vectors(t) {
		public[vec.Algorithm] = vec.key(t).Public
	}
	tests := []struct {
		name   string
		change func(*auth.Key)
		want   string
	}{
		{"no id", func(k *auth.Key) { k.ID = "" }, "without id"},
		{"no site", func(k *auth.Key) { k.Sites = nil }, "no site"},
		{"an empty site", func(k *auth.Key) { k.Sites = []string{""} }, "no site"},
		{"no roles", func(k *auth.Key) { k.Roles = nil }, "roles must be some of"},
		{"an unknown role", func(k *auth.Key) { k.Roles = []protocol.Role{"visitor", "admin"} }, "roles must be some of"},
		{"nothing to verify with", func(k *auth.Key) { k.Secret = nil }, "exactly one of"},
		{"two things to verify with", func(k *auth.Key) { k.JWKSURL = "https://a.example" }, "exactly one of"},
		{"a short secret", func(k *auth.Key) { k.Secret = k.Secret[:31] }, "at least 32 bytes"},
		{"a secret for RS256", func(k *auth.Key) { k.Algorithm = "RS256" }, "a secret is for HS256"},
		{"no algorithm", func(k *auth.Key) { k.Algorithm = "none" }, "a secret is for HS256"},
		{"an RSA key for HS256", func(k *auth.Key) { k.Secret, k.Public = nil, public["RS256"] }, "not one for this algorithm"},
		{"an ECDSA key for EdDSA", func(k *auth.Key) { k.Secret, k.Public, k.Algorithm = nil, public["ES256"], "EdDSA" }, "not one for this algorithm"},
		{"a secret as a public key", func(k *auth.Key) { k.Secret, k.Public = nil, k.Secret }, "not one for this algorithm"},
		{"a key set for HS256", func(k *auth.Key) { k.Secret, k.JWKSURL = nil, "https://a.example" }, "a key set is for"},
		{"a key set at no address", func(k *auth.Key) { k.Secret, k.JWKSURL, k.Algorithm = nil, "a b", "RS256" }, "its key set"},
		{"a key set on this machine", func(k *auth.Key) { k.Secret, k.JWKSURL, k.Algorithm = nil, "https://127.0.0.1/keys", "RS256" }, "allow_networks"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			key := shop
			tt.change(&key)
			_, err := auth.New([]auth.Key{key}, auth.Options{})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want one with %q", err, tt.want)
			}
		})
	}
	if _, err := auth.New([]auth.Key{shop, shop}, auth.Options{}); err == nil {
		t.Error("two keys of one site with one id were taken")
	}
}

func TestAKeyDoesNotPrintItsSecret(t *testing.T) {
	t.Parallel()
	asJSON, err := json.Marshal(shop)
	if err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%v %+v %#v %s ", shop, []auth.Key{shop}, shop, shop) + string(asJSON)
	for _, form := range []string{string(shop.Secret), fmt.Sprint(shop.Secret), fmt.Sprintf("%x", shop.Secret)} {
		if strings.Contains(printed, form) {
			t.Errorf("the secret stands in %s", printed)
		}
	}
}

// FuzzVerify proves that whatever is accepted was signed: every seed is signed
// with a key that the verifier does not have, or not at all.
func FuzzVerify(f *testing.F) {
	for _, vec := range vectors(f) {
		f.Add(vec.Token)
	}
	stranger := shop
	stranger.Secret = []byte("another-secret-another-secret-another")
	token, err := auth.Sign(stranger, auth.Identity{Site: "shop", Subject: "a", Role: protocol.Agent, ExpiresAt: now.Add(time.Hour)})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add("..")
	f.Add("eyJhbGciOiJub25lIn0.e30.")
	v := verifier(f, shop)
	f.Fuzz(func(t *testing.T, token string) {
		id, err := v.Verify(context.Background(), token, now)
		if err == nil {
			t.Fatalf("accepted as %+v", id)
		}
		known := false
		for _, sentinel := range []error{auth.ErrBadToken, auth.ErrTokenExpired, auth.ErrWrongAudience, auth.ErrWrongSite, auth.ErrForbiddenRole} {
			known = known || errors.Is(err, sentinel)
		}
		if !known {
			t.Fatalf("%v wraps none of the package's errors", err)
		}
		if len(token) > 16 && strings.Contains(err.Error(), token) {
			t.Fatalf("the token stands in %v", err)
		}
	})
}
