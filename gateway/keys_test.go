package gateway_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"

	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/test/people"
)

// refusedHello says hello with a token and returns the error.
func refusedHello(h *house, url, token string) error {
	c, err := client.Dial(h.ctx, url, token, func(protocol.ServerFrame) {})
	if err == nil {
		c.Cut()
	}
	return err
}

// [renew-4] A person whose key leaked is thrown out with it; the others stay.
func TestARemovedKeyEndsTheSocketsOfItsTokens(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	url, _ := h.open("one")
	next := h.key
	next.ID, next.Secret = "next", []byte("the next secret of at least thirty-two bytes")
	if err := h.keys.Replace([]auth.Key{h.key, next}, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	signed := func(k auth.Key, role protocol.Role, subject string) string {
		return h.sign(k, auth.Identity{Site: "demo", Subject: subject, Role: role, Languages: []string{"en"}, ExpiresAt: time.Now().Add(time.Hour)})
	}
	var leave, stay []*people.Person
	for _, role := range protocol.Roles() {
		leave = append(leave, h.dial(url, signed(h.key, role, "old"), 0))
		stay = append(stay, h.dial(url, signed(next, role, "new"), 0))
	}
	renewed := h.dial(url, signed(h.key, protocol.Visitor, "renewed"), 0)
	if _, err := renewed.Renew(h.ctx, signed(next, protocol.Visitor, "renewed")); err != nil {
		t.Fatal(err)
	}
	stay = append(stay, renewed)
	if err := h.keys.Replace([]auth.Key{next}, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	for _, p := range leave {
		select {
		case <-p.Done():
			if code := websocket.CloseStatus(p.Err()); code != websocket.StatusCode(protocol.CloseTokenExpired) {
				t.Errorf("%s was closed with %d, want %d", p.Welcome.Role, code, protocol.CloseTokenExpired)
			}
		case <-h.ctx.Done():
			t.Fatalf("%s keeps a socket that the removed key opened", p.Welcome.Role)
		}
	}
	for _, p := range stay {
		if p.Err() != nil {
			t.Errorf("%s %s has gone as well: %v", p.Welcome.Role, p.Welcome.Subject, p.Err())
		}
	}
	wantCode(t, refusedHello(h, url, signed(h.key, protocol.Visitor, "old")), protocol.CodeBadToken)
}

// [renew-5]
func TestATokenUntilTheYear9999NeitherComesNorRenews(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	url, _ := h.open("one")
	forever := h.sign(h.key, auth.Identity{Site: "demo", Subject: "v", Role: protocol.Visitor, ExpiresAt: time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)})
	err := refusedHello(h, url, forever)
	wantCode(t, err, protocol.CodeBadToken)
	v := h.come(url, protocol.Visitor, "v", "en")
	_, err = v.Renew(h.ctx, forever)
	wantCode(t, err, protocol.CodeBadToken)
	if v.Err() != nil {
		t.Errorf("the refused renewal ended the socket: %v", v.Err())
	}
}

// [hello-7] An issuer turned its key a moment after the gateway had asked for the set.
func TestATurnedKeyIsToldWhenToComeBack(t *testing.T) {
	t.Parallel()
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, `{"keys":[]}`) }))
	defer issuer.Close()
	h := newHouse(t)
	keys := append(h.keys.Keys(), auth.Key{
		ID: "set", Algorithm: "RS256", Sites: []string{"demo"}, Roles: protocol.Roles(),
		JWKSURL: issuer.URL, AllowNetworks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	})
	if err := h.keys.Replace(keys, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	url, _ := h.open("one")
	turned := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "v", "site": "demo", "role": "visitor", "aud": "nextup", "exp": time.Now().Add(time.Hour).Unix()})
	turned.Header["kid"], turned.Header["alg"] = "turned", "RS256"
	token, err := turned.SignedString(h.key.Secret)
	if err != nil {
		t.Fatal(err)
	}
	err = refusedHello(h, url, token) // this one makes the gateway ask again
	wantCode(t, err, protocol.CodeBadToken)
	err = refusedHello(h, url, token)
	wantCode(t, err, protocol.CodeUnavailable)
	var refused *client.Refused
	if !errors.As(err, &refused) || refused.Frame.RetryAfterMS <= 0 || refused.Frame.RetryAfterMS > 5000 {
		t.Errorf("told to come back as %v says, want within 5 s", err)
	}
	h.come(url, protocol.Visitor, "other", "en") // the other visitor comes meanwhile
}
