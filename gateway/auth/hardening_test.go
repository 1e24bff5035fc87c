package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"

	"nextup/gateway/auth"
	"nextup/gateway/protocol"
)

const (
	goodHeader = `{"alg":"HS256","kid":"k1"}`
	goodClaims = `{"sub":"ana","site":"shop","role":"visitor","aud":"nextup","exp":%d}`
)

func encode(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// forge signs any header and claims with HMAC.
func forge(secret []byte, header, claims string) string {
	data := encode(header) + "." + encode(claims)
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(data))
	return data + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// claimsWith are good claims with one place changed.
func claimsWith(old, changed string) string {
	good := fmt.Sprintf(goodClaims, now.Unix()+60)
	out := strings.Replace(good, old, changed, 1)
	if out == good {
		panic("no " + old + " in the claims")
	}
	return out
}

func TestAttacksAreRefused(t *testing.T) {
	t.Parallel()
	good := fmt.Sprintf(goodClaims, now.Unix()+60)
	bank := auth.Key{
		ID: "bank-key", Algorithm: "HS256", Sites: []string{"bank"}, Roles: protocol.Roles(),
		Secret: []byte("bank-secret-bank-secret-bank-secret"),
	}
	bankSame := auth.Key{
		ID: "k1", Algorithm: "HS256", Sites: []string{"bank"}, Roles: protocol.Roles(),
		Secret: []byte("bank-secret-too-bank-secret-too-bank"),
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(rsaKey.Public())
	if err != nil {
		t.Fatal(err)
	}
	asymmetric := auth.Key{ID: "rsa", Algorithm: "RS256", Sites: []string{"shop"}, Roles: protocol.Roles(), Public: rsaKey.Public()}
	v := verifier(t, shop, bank, bankSame, asymmetric)

	if _, err := v.Verify(t.Context(), forge(shop.Secret, goodHeader, good), now); err != nil {
		t.Fatalf("the token that every attack changes is refused itself: %v", err)
	}
	header := func(h string) string { return forge(shop.Secret, h, good) }
	claims := func(old, changed string) string {
		return forge(shop.Secret, goodHeader, claimsWith(old, changed))
	}
	confusion := `{"alg":"HS256","kid":"rsa"}`
	tests := []struct {
		name, token string
		want        error
	}{
		{"nothing", "", auth.ErrBadToken},
		{"no JWT", "hello", auth.ErrBadToken},
		{"two parts", encode(goodHeader) + "." + encode(good), auth.ErrBadToken},
		{"four parts", header(goodHeader) + ".x", auth.ErrBadToken},
		{"padding", header(goodHeader) + "=", auth.ErrBadToken},
		{"a line break inside", strings.Replace(header(goodHeader), ".", "\n.", 1), auth.ErrBadToken},
		{"a huge token", header(goodHeader) + strings.Repeat("A", auth.MaxTokenBytes), auth.ErrBadToken},
		{"claims that are no object", forge(shop.Secret, goodHeader, `[1]`), auth.ErrBadToken},
		{"claims that are null", forge(shop.Secret, goodHeader, `null`), auth.ErrBadToken},
		{"claims that break off", forge(shop.Secret, goodHeader, strings.TrimSuffix(good, "}")), auth.ErrBadToken},
		{"claims that are empty", forge(shop.Secret, goodHeader, ``), auth.ErrBadToken},
		{"claims with more behind them", forge(shop.Secret, goodHeader, good+`{}`), auth.ErrBadToken},
		{"a header that is null", header(`null`), auth.ErrBadToken},

		{"alg none without a signature", encode(`{"alg":"none","kid":"k1"}`) + "." + encode(good) + ".", auth.ErrBadToken},
		{"alg None", encode(`{"alg":"None","kid":"k1"}`) + "." + encode(good) + ".", auth.ErrBadToken},
		{"alg none with a signature", header(`{"alg":"none","kid":"k1"}`), auth.ErrBadToken},
		{"alg twice, none last", encode(`{"alg":"HS256","alg":"none","kid":"k1"}`) + "." + encode(good) + ".", auth.ErrBadToken},
		{"no alg", header(`{"kid":"k1"}`), auth.ErrBadToken},
		{"an algorithm that nobody may use", header(`{"alg":"HS512","kid":"k1"}`), auth.ErrBadToken},
		{"another algorithm than the key's", header(`{"alg":"RS256","kid":"k1"}`), auth.ErrBadToken},
		{"an RSA public key in DER as an HMAC secret", forge(spki, confusion, good), auth.ErrBadToken},
		{"an RSA public key in PEM as an HMAC secret", forge(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki}), confusion, good), auth.ErrBadToken},
		{"an empty HMAC secret", forge(nil, goodHeader, good), auth.ErrBadToken},
		{"an empty signature", encode(goodHeader) + "." + encode(good) + ".", auth.ErrBadToken},
		{"a bad signature", forge([]byte("x"), goodHeader, good), auth.ErrBadToken},
		{"a critical extension", header(`{"alg":"HS256","kid":"k1","crit":["b64"],"b64":false}`), auth.ErrBadToken},

		{"no kid", header(`{"alg":"HS256"}`), auth.ErrBadToken},
		{"a kid that is a number", header(`{"alg":"HS256","kid":1}`), auth.ErrBadToken},
		{"an unknown kid", header(`{"alg":"HS256","kid":"k2"}`), auth.ErrBadToken},
		{"a kid that is a path", header(`{"alg":"HS256","kid":"../../dev/null"}`), auth.ErrBadToken},
		{"a key inside the token", header(`{"alg":"HS256","kid":"k9","jwk":{"kty":"oct","k":"AAAA"}}`), auth.ErrBadToken},
		{"a key set named by the token", header(`{"alg":"RS256","kid":"k9","jku":"https://evil.example"}`), auth.ErrBadToken},
		{"a key of another site", forge(bank.Secret, `{"alg":"HS256","kid":"bank-key"}`, good), auth.ErrWrongSite},
		{"another site's key with the same kid", forge(bankSame.Secret, goodHeader, good), auth.ErrBadToken},
		{"another site with this site's key", claims(`"shop"`, `"bank"`), auth.ErrBadToken},
		{"a site that is unknown here", claims(`"shop"`, `"nowhere"`), auth.ErrWrongSite},
		{"no site", claims(`"site":"shop",`, ``), auth.ErrWrongSite},

		{"another audience", claims(`"aud":"nextup"`, `"aud":"other"`), auth.ErrWrongAudience},
		{"an audience that begins alike", claims(`"aud":"nextup"`, `"aud":["nextup2","xnextup"]`), auth.ErrWrongAudience},
		{"no audience", claims(`"aud":"nextup",`, ``), auth.ErrWrongAudience},
		{"an audience that is a number", claims(`"aud":"nextup"`, `"aud":1`), auth.ErrBadToken},
		{"an expired token", forge(shop.Secret, goodHeader, fmt.Sprintf(goodClaims, now.Unix())), auth.ErrTokenExpired},
		{"no exp", forge(shop.Secret, goodHeader, `{"sub":"ana","site":"shop","role":"visitor","aud":"nextup"}`), auth.ErrBadToken},
		{"an exp past all time", claims(`"exp":`, `"exp":9e300,"x":`), auth.ErrBadToken},
		{"an exp of the year 10000", claims(`"exp":`, `"exp":253402300800,"x":`), auth.ErrBadToken},
		{"a negative exp", claims(`"exp":`, `"exp":-1,"x":`), auth.ErrBadToken},
		{"an exp that is a truth", claims(`"exp":`, `"exp":true,"x":`), auth.ErrBadToken},
		{"an exp that is a text", claims(`"exp":`, fmt.Sprintf(`"exp":"%d","x":`, now.Unix()+60)), auth.ErrBadToken},
		{"an exp in milliseconds", claims(`"exp":`, fmt.Sprintf(`"exp":%d,"x":`, (now.Unix()+60)*1000)), auth.ErrBadToken},
		{"an exp that is null", claims(`"exp":`, `"exp":null,"x":`), auth.ErrBadToken},
		{"an exp that is a list", claims(`"exp":`, fmt.Sprintf(`"exp":[%d],"x":`, now.Unix()+60)), auth.ErrBadToken},
		{"an exp that stands twice", claims(`{`, `{"exp":1,`), auth.ErrBadToken},
		{"an nbf that is a text", claims(`{`, `{"nbf":"1",`), auth.ErrBadToken},
		{"an audience that stands twice", claims(`{`, `{"aud":"x",`), auth.ErrBadToken},
		{"an audience of numbers", claims(`"aud":"nextup"`, `"aud":["nextup",1]`), auth.ErrBadToken},
		{"a site that is a list", claims(`"shop"`, `["shop"]`), auth.ErrBadToken},
		{"a subject that stands twice, once in other letters", claims(`{`, `{"\u0073ub":"boss",`), auth.ErrBadToken},
		{"a token of tomorrow", claims(`{`, fmt.Sprintf(`{"nbf":%d,`, now.Unix()+60)), auth.ErrBadToken},

		{"a role that the key may not give", claims(`"visitor"`, `"supervisor"`), auth.ErrForbiddenRole},
		{"an unknown role", claims(`"visitor"`, `"admin"`), auth.ErrBadToken},
		{"a role in capitals", claims(`"visitor"`, `"Visitor"`), auth.ErrBadToken},
		{"no role", claims(`"role":"visitor",`, ``), auth.ErrBadToken},
		{"a role that stands twice", claims(`{`, `{"role":"agent",`), auth.ErrBadToken},
		{"a role only in another case", claims(`"role":"visitor"`, `"ROLE":"visitor"`), auth.ErrBadToken},
		{"no subject", claims(`"sub":"ana",`, ``), auth.ErrBadToken},
		{"a subject that is a number", claims(`"ana"`, `7`), auth.ErrBadToken},
		{"a subject with a line break", claims(`"ana"`, `"a\nb"`), auth.ErrBadToken},
		{"a subject with a C1 control", claims(`"ana"`, "\"a\u0085b\""), auth.ErrBadToken},
		{"a long subject", claims(`"ana"`, `"`+strings.Repeat("s", 129)+`"`), auth.ErrBadToken},
		{"a subject that is not UTF-8", claims(`"ana"`, "\"a\xff\""), auth.ErrBadToken},
		{"half a surrogate pair", claims(`"ana"`, `"\ud800"`), auth.ErrBadToken},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			id, err := v.Verify(t.Context(), tt.token, now)
			if !errors.Is(err, tt.want) || id.Subject != "" {
				t.Fatalf("got %+v, %v; want %v", id, err, tt.want)
			}
			// What explains a token says the same of it.
			findings, taken := v.Explain(t.Context(), tt.token, now)
			first := slices.IndexFunc(findings, func(f auth.Finding) bool { return f.Result == auth.Refused })
			if taken || first < 0 || findings[first].Text != err.Error() || findings[first].Advice == "" {
				t.Errorf("explained as %+v, taken: %v", findings, taken)
			}
			if len(tt.token) > 16 && strings.Contains(err.Error(), tt.token[:16]) {
				t.Errorf("the token stands in %v", err)
			}
		})
	}
}

func TestClaimsThatAreNoAttackAreTaken(t *testing.T) {
	t.Parallel()
	v := verifier(t, shop)
	tests := []struct{ name, claims string }{
		{"a role in another case beside the real one", claimsWith(`{`, `{"ROLE":"supervisor",`)},
		{"an issuer's own claims", claimsWith(`{`, `{"iss":"x","jti":"y","scope":["a"],`)},
		{"a list of audiences", claimsWith(`"aud":"nextup"`, `"aud":["a","nextup"]`)},
		{"an exp with a fraction", claimsWith(`"exp":`, fmt.Sprintf(`"exp":%d.5,"x":`, now.Unix()+1))},
		{"an issuer's clock that is a little ahead", claimsWith(`{`, fmt.Sprintf(`{"nbf":%d,`, now.Unix()+5))},
		{"no languages", claimsWith(`{`, `{"languages":[],`)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			id, err := v.Verify(t.Context(), forge(shop.Secret, goodHeader, tt.claims), now)
			if err != nil || id.Role != protocol.Visitor || id.Subject != "ana" {
				t.Errorf("got %+v, %v", id, err)
			}
		})
	}
}

func TestWeakPublicKeysAreRefused(t *testing.T) {
	t.Parallel()
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, algorithm string
		public          crypto.PublicKey
	}{
		{"an RSA key of 1024 bits", "RS256", &rsa.PublicKey{N: new(big.Int).Lsh(big.NewInt(1), 1023), E: 65537}},
		{"an RSA key that is empty", "RS256", &rsa.PublicKey{}},
		{"another curve", "ES256", p384.Public()},
		{"a short Edwards key", "EdDSA", ed25519.PublicKey("short")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := auth.New([]auth.Key{{ID: "k", Algorithm: tt.algorithm, Sites: []string{"s"}, Roles: protocol.Roles(), Public: tt.public}}, auth.Options{})
			if err == nil {
				t.Error("it was taken")
			}
		})
	}
}
