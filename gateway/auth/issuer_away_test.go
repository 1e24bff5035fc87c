package auth_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"nextup/gateway/auth"
	"nextup/gateway/protocol"
)

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
// keys that are held still let people in, and then that no person is let in any longer.
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
