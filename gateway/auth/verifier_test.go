package auth_test

import (
	"errors"
	"testing"
	"time"

	"nextup/gateway/auth"
	"nextup/gateway/protocol"
)

// A connected person's key stays valid over a reload, until the reload removes or changes it.
func TestASocketsKeyHoldsUntilItIsRemovedOrChanged(t *testing.T) {
	t.Parallel()
	other := auth.Key{ID: "k2", Algorithm: "HS256", Sites: []string{"shop", "bank"}, Roles: protocol.Roles(), Secret: []byte("other-secret-other-secret-other-secret")}
	tests := []struct {
		name   string
		reload func(auth.Key) []auth.Key
		holds  bool
	}{
		{"nothing changes", func(k auth.Key) []auth.Key { return []auth.Key{k} }, true},
		{"a key is added", func(k auth.Key) []auth.Key { return []auth.Key{other, k} }, true},
		{"the key is removed", func(auth.Key) []auth.Key { return []auth.Key{other} }, false},
		{"its secret changes under the same id", func(k auth.Key) []auth.Key { k.Secret = other.Secret; return []auth.Key{k} }, false},
		{"its kind changes under the same id", func(k auth.Key) []auth.Key {
			k.Secret, k.Algorithm, k.Public = nil, "EdDSA", newSigner(t, "EdDSA", "x").key.Public()
			return []auth.Key{k}
		}, false},
		{"the same secret has another id", func(k auth.Key) []auth.Key { k.ID = "k9"; return []auth.Key{k} }, false},
		{"the key goes to another site", func(k auth.Key) []auth.Key { k.Sites = []string{"bank"}; return []auth.Key{k, other} }, false},
		{"the key may no longer give the role", func(k auth.Key) []auth.Key { k.Roles = []protocol.Role{protocol.Agent}; return []auth.Key{k} }, false},
		{"the key may give more roles", func(k auth.Key) []auth.Key { k.Roles = protocol.Roles(); return []auth.Key{k} }, true},
		{"the site allows tokens a shorter life", func(k auth.Key) []auth.Key { k.MaxLife = time.Minute; return []auth.Key{k} }, false},
		{"the site allows tokens a longer life", func(k auth.Key) []auth.Key { k.MaxLife = 48 * time.Hour; return []auth.Key{k} }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := verifier(t, shop)
			token, err := auth.Sign(shop, auth.Identity{Site: "shop", Subject: "ana", Role: protocol.Visitor, ExpiresAt: now.Add(time.Hour)})
			if err != nil {
				t.Fatal(err)
			}
			id, err := v.Verify(t.Context(), token, now)
			if err != nil || !v.Holds(id, now) {
				t.Fatalf("got %+v, %v", id, err)
			}
			before := v.Changes()
			if err := v.Replace(tt.reload(shop), func() error { return nil }); err != nil {
				t.Fatal(err)
			}
			if got := v.Holds(id, now); got != tt.holds {
				t.Errorf("the socket's key holds: %v, want %v", got, tt.holds)
			}
			if _, err := v.Verify(t.Context(), token, now); (err == nil) != tt.holds {
				t.Errorf("the same token on a new socket got %v", err)
			}
			if v.Changes() == before {
				t.Error("nobody is told to look")
			}
		})
	}
}

func TestTokensThatLiveLongerThanTheSiteAllowsAreRefused(t *testing.T) {
	t.Parallel()
	key := shop
	key.MaxLife = time.Hour
	v := verifier(t, key)
	for _, tt := range []struct {
		name string
		ends time.Time
		want error
	}{
		{"an hour", now.Add(time.Hour), nil},
		{"an hour of an issuer whose clock is a little ahead", now.Add(time.Hour + 50*time.Second), nil},
		{"two hours", now.Add(2 * time.Hour), auth.ErrBadToken},
		{"until the year 9999", time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), auth.ErrBadToken},
	} {
		token, err := auth.Sign(key, auth.Identity{Site: "shop", Subject: "ana", Role: protocol.Visitor, ExpiresAt: tt.ends})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := v.Verify(t.Context(), token, now); !errors.Is(err, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, err, tt.want)
		}
	}
	if byDefault := verifier(t, shop); byDefault != nil {
		token, err := auth.Sign(shop, auth.Identity{Site: "shop", Subject: "ana", Role: protocol.Visitor, ExpiresAt: now.Add(auth.DefaultMaxLife + time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := byDefault.Verify(t.Context(), token, now); !errors.Is(err, auth.ErrBadToken) {
			t.Errorf("without a maximum of one's own: %v", err)
		}
	}
}

// The log's clock is Redis's, and may be wrong: no person with a token of the longest
// life is locked out for that.
func TestALogWhoseClockIsBehindMakesNoTokenTooLong(t *testing.T) {
	t.Parallel()
	v := verifier(t, shop)
	token, err := auth.Sign(shop, auth.Identity{Site: "shop", Subject: "ana", Role: protocol.Visitor, ExpiresAt: time.Now().Add(auth.DefaultMaxLife)})
	if err != nil {
		t.Fatal(err)
	}
	behind := time.Now().Add(-time.Hour)
	if id, err := v.Verify(t.Context(), token, behind); err != nil || !v.Holds(id, behind) {
		t.Errorf("got %+v, %v", id, err)
	}
}
