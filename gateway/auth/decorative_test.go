package auth_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"nextup/gateway/auth"
)

// logged returns a verifier of the shop's key and what it logs.
func logged(t testing.TB) (*auth.Verifier, *bytes.Buffer) {
	t.Helper()
	var log bytes.Buffer
	v, err := auth.New([]auth.Key{shop}, auth.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	return v, &log
}

// A host's books hold names and languages of every form. Whichever person has them
// comes in all the same.
func TestADecorativeClaimLocksNobodyOut(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("n", 129)
	tests := []struct {
		name, claims string
		want         auth.Identity // the decorative part
		noted        string        // the claim that is logged, "" for none
	}{
		{"a name of 128 bytes", `"name":"` + long[:128] + `"`, auth.Identity{Name: long[:128]}, ""},
		{"a name of 129 bytes", `"name":"` + long + `"`, auth.Identity{Name: long[:128]}, "name"},
		{"a long name of wide characters", `"name":"` + strings.Repeat("林", 43) + `"`, auth.Identity{Name: strings.Repeat("林", 42)}, "name"},
		{"a name with a tab", `"name":"Ana\tLin"`, auth.Identity{Name: "Ana Lin"}, "name"},
		{"a name with a line break behind", `"name":"Ana\n"`, auth.Identity{Name: "Ana"}, ""},
		{"a name with a zero byte", `"name":"A\u0000na"`, auth.Identity{Name: "A na"}, "name"},
		{"a name of nothing but control characters", `"name":"\u0001\u0002"`, auth.Identity{}, "name"},
		{"a name that is a number", `"name":7`, auth.Identity{}, "name"},
		{"a name that is an object", `"name":{"first":"Ana"}`, auth.Identity{}, "name"},
		{"a name that is null", `"name":null`, auth.Identity{}, ""},
		{"a name that is not UTF-8", "\"name\":\"A\xffna\"", auth.Identity{Name: "A\ufffdna"}, "name"},
		{"a name with half a surrogate pair", `"name":"A\ud800na"`, auth.Identity{Name: "A\ufffdna"}, "name"},
		{"a name that stands twice", `"name":"Ana","name":"Bo"`, auth.Identity{Name: "Ana"}, "name"},
		{"a name in capitals", `"NAME":"Ana"`, auth.Identity{}, ""},
		{"a long tier", `"tier":"` + long + `"`, auth.Identity{}, "tier"},
		{"a tier that is a number", `"tier":2`, auth.Identity{}, "tier"},
		{"a tier with a tab", `"tier":"v\tip"`, auth.Identity{}, "tier"},
		{"a tier that no site has", `"tier":"unheard of"`, auth.Identity{Tier: "unheard of"}, ""},
		{"a long urgency", `"urgency":"` + long + `"`, auth.Identity{}, "urgency"},
		{"an urgency that is true", `"urgency":true`, auth.Identity{}, "urgency"},
		{"nine languages", `"languages":["en","zh","es","ja","ko","fr","de","it","pt"]`, auth.Identity{Languages: []string{"en", "zh", "es", "ja", "ko", "fr", "de", "it"}}, "languages"},
		{"a language that is a text", `"languages":"en"`, auth.Identity{Languages: []string{"en"}}, "languages"},
		{"languages in a text", `"languages":"zh, en"`, auth.Identity{Languages: []string{"zh", "en"}}, "languages"},
		{"a language that is none", `"languages":["en","nowhere-land","und","-",""]`, auth.Identity{Languages: []string{"en"}}, "languages"},
		{"a language that is a number", `"languages":[1,"en",null,["zh"]]`, auth.Identity{Languages: []string{"en"}}, "languages"},
		{"a long language", `"languages":["en-x-` + strings.Repeat("abcdefgh-", 6) + `a"]`, auth.Identity{}, "languages"},
		{"languages that are an object", `"languages":{"en":5}`, auth.Identity{}, "languages"},
		{"the same language in two ways", `"languages":["EN","en","en"]`, auth.Identity{Languages: []string{"en"}}, ""},
		{"an iat that is a text", `"iat":"yesterday"`, auth.Identity{}, ""},
		{"an iss that is a list and a jti that is a number", `"iss":["x"],"jti":7`, auth.Identity{}, ""},
		{"a claim of the host's own with a name twice in it", `"shop":{"a":1,"a":2,"b":"\ud800"}`, auth.Identity{}, ""},
		{"a claim of the host's own that stands twice", `"cart":1,"cart":2`, auth.Identity{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v, log := logged(t)
			token := forge(shop.Secret, goodHeader, claimsWith(`{`, "{"+tt.claims+","))
			got, err := v.Verify(t.Context(), token, now)
			if err != nil {
				t.Fatal(err)
			}
			tt.want.Site, tt.want.Subject, tt.want.Role, tt.want.ExpiresAt, tt.want.SignedBy = got.Site, "ana", "visitor", got.ExpiresAt, got.SignedBy
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
			if said := strings.Count(log.String(), "claim="); tt.noted == "" && said > 0 || tt.noted != "" && !strings.Contains(log.String(), "claim="+tt.noted) {
				t.Errorf("the log says %q, want a line about %q", log, tt.noted)
			}
			if strings.Contains(log.String(), "Ana") {
				t.Errorf("the log quotes a claim: %s", log)
			}
			findings, taken := v.Explain(t.Context(), token, now)
			if !taken || (findings[len(findings)-1].Result == auth.Noted) != (tt.noted != "") {
				t.Errorf("explained as %+v", findings)
			}
		})
	}
}

// Strangers can have tokens refused as fast as they like: the log says why, and is not
// flooded.
func TestTheLogSaysWhyTokensAreRefusedOnceAMinuteForEachReason(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		v, log := logged(t)
		stranger := forge([]byte("x"), goodHeader, fmt.Sprintf(goodClaims, now.Unix()+60))
		expired := forge(shop.Secret, goodHeader, fmt.Sprintf(goodClaims, now.Unix()-60))
		refuse := func(times int) {
			for range times {
				for _, token := range []string{stranger, expired} {
					if _, err := v.Verify(t.Context(), token, now); err == nil {
						t.Fatal("it was taken")
					}
				}
			}
		}
		refuse(100)
		if n := strings.Count(log.String(), "\n"); n != 2 || !strings.Contains(log.String(), "check=signature") || !strings.Contains(log.String(), "check=exp") || !strings.Contains(log.String(), "site=shop key=k1") {
			t.Errorf("within a minute the log says %d lines, want one for each of two reasons:\n%s", n, log)
		}
		time.Sleep(time.Minute)
		log.Reset()
		refuse(100)
		if n := strings.Count(log.String(), "\n"); n != 2 || strings.Count(log.String(), "left_out=99") != 2 {
			t.Errorf("a minute later the log says %d lines, want two that count what was left out:\n%s", n, log)
		}
		for _, token := range []string{stranger, expired} {
			for part := range strings.SplitSeq(token, ".") {
				if strings.Contains(log.String(), part) {
					t.Errorf("a part of a token stands in the log: %s", log)
				}
			}
		}
	})
}

// FuzzDecorativeClaims: whatever the claims that decorate hold, the token is taken,
// and what people are shown keeps its limits.
func FuzzDecorativeClaims(f *testing.F) {
	f.Add([]byte(`"Ana"`), []byte(`["en"]`), []byte(`"vip"`))
	f.Add([]byte(`"\ud800"`), []byte(`"en,zh"`), []byte(`{}`))
	f.Add([]byte("\"\xff\t\""), []byte(`[[["en"]]]`), []byte(`1e999`))
	v, err := auth.New([]auth.Key{shop}, auth.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name, languages, tier []byte) {
		claims := claimsWith(`{`, fmt.Sprintf(`{"name":%s,"languages":%s,"tier":%s,"urgency":%[3]s,`, name, languages, tier))
		token := forge(shop.Secret, goodHeader, claims)
		id, err := v.Verify(t.Context(), token, now)
		if findings, taken := v.Explain(t.Context(), token, now); taken != (err == nil) || len(findings) == 0 {
			t.Fatalf("verified: %v; explained as %+v", err, findings)
		}
		if err != nil {
			// Then the pieces are no values, and the whole no JSON, or it is too long.
			for _, piece := range [][]byte{name, languages, tier} {
				if !isValue(piece) {
					return
				}
			}
			if len(token) <= auth.MaxTokenBytes {
				t.Fatalf("%s: %v", claims, err)
			}
			return
		}
		if len(id.Name) > 128 || len(id.Tier) > 64 || len(id.Languages) > 8 || !utf8.ValidString(id.Name+id.Tier+id.Urgency) ||
			strings.ContainsFunc(id.Name+id.Tier+id.Urgency, unicode.IsControl) {
			t.Fatalf("%s: got %+v", claims, id)
		}
	})
}

// isValue reports whether a piece of claims is one JSON value, its names and texts
// aside.
func isValue(piece []byte) bool {
	return jsontext.Value(piece).IsValid(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}
