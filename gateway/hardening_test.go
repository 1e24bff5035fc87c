package gateway_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"

	"nextup/gateway"
	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/test/people"
)

// [hello-3] [request-1] [request-3] Every kind of nonsense is answered with its code, and the visitor's place is
// still there afterwards.
func TestNonsenseIsAnsweredAndLosesNothing(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	v := h.raw(url)
	v.hello(h.token(protocol.Visitor, "v", "en"))
	v.write(`{"type":"join","id":"j","department":"support"}`)
	ticket := ""
	for ticket == "" {
		if ok, matches := v.next().(protocol.OK); matches {
			ticket = ok.Ticket
		}
	}
	tests := []struct {
		name, frame string
		code        protocol.Code
		known       []string
	}{
		{"not JSON", `hello?`, protocol.CodeBadFrame, nil},
		{"not an object", `[1,2]`, protocol.CodeBadFrame, nil},
		{"no type", `{"id":"1"}`, protocol.CodeBadFrame, nil},
		{"a duplicate key", `{"type":"leave","ticket":"a","ticket":"b"}`, protocol.CodeDuplicateKey, nil},
		{"a case-variant key", `{"type":"leave","Ticket":"a"}`, protocol.CodeUnknownField, nil},
		{"an unknown type", `{"type":"dance"}`, protocol.CodeUnknownType, nil},
		{"a missing field", `{"type":"leave"}`, protocol.CodeMissingField, nil},
		{"a wrong type", `{"type":"leave","ticket":7}`, protocol.CodeBadField, nil},
		{"nested too deep", `{"type":"leave","ticket":` + strings.Repeat("[", 17) + strings.Repeat("]", 17) + `}`, protocol.CodeTooDeep, nil},
		{"a second hello", `{"type":"hello","token":"x"}`, protocol.CodeHelloFirst, nil},
		{"an agent's frame", `{"type":"accept","offer":"x"}`, protocol.CodeForbidden, nil},
		{"an agent's close", `{"type":"close","ticket":"` + ticket + `"}`, protocol.CodeForbidden, nil},
		{"another's ticket", `{"type":"leave","ticket":"nope"}`, protocol.CodeUnknownTicket, nil},
		{"another's conversation", `{"type":"send","ticket":"nope","message_id":"m","text":"x"}`, protocol.CodeUnknownTicket, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v.write(tt.frame)
			e := v.refusal()
			if e.Code != tt.code || e.Message == "" || !slices.Equal(e.Known, tt.known) {
				t.Errorf("answer = %+v, want %s", e, tt.code)
			}
		})
	}
	again := h.come(url, protocol.Visitor, "v", "en")
	if f := people.Next(again, "the place", func(protocol.Ticket) bool { return true }); f.Ticket != ticket || f.Position != 1 {
		t.Errorf("after all the nonsense: %+v", f)
	}
}

// [join-3]
func TestJoiningWhereNothingIsListsWhatThereIs(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	v := h.raw(url)
	v.hello(h.token(protocol.Visitor, "v"))
	for _, tt := range []struct {
		frame string
		code  protocol.Code
		known []string
	}{
		{`{"type":"join","department":"sales","languages":["en"]}`, protocol.CodeUnknownDepartment, []string{"support", "trading"}},
		{`{"type":"join","department":"support","languages":["fr"]}`, protocol.CodeUnknownLanguage, []string{"en", "zh"}},
		{`{"type":"join","department":"support"}`, protocol.CodeUnknownLanguage, []string{"en", "zh"}},
	} {
		v.write(tt.frame)
		if e := v.refusal(); e.Code != tt.code || !slices.Equal(e.Known, tt.known) {
			t.Errorf("%s: %+v, want %s with %v", tt.frame, e, tt.code, tt.known)
		}
	}
}

func TestBadTokensAreRefusedAndTheSocketCloses(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	good := auth.Identity{Site: "demo", Subject: "v", Role: protocol.Visitor, ExpiresAt: time.Now().Add(time.Hour)}
	forged := h.key
	forged.Secret = []byte("some other secret of thirty-two bytes!!")
	elsewhere := auth.Key{ID: "other", Algorithm: "HS256", Sites: []string{"elsewhere"}, Roles: protocol.Roles(), Secret: []byte("another secret of thirty-two bytes or so")}
	claims := func(change func(jwt.MapClaims)) jwt.MapClaims {
		c := jwt.MapClaims{"sub": "v", "site": "demo", "role": "visitor", "aud": "nextup", "exp": time.Now().Add(time.Hour).Unix()}
		change(c)
		return c
	}
	custom := func(method jwt.SigningMethod, key any, change func(jwt.MapClaims)) string {
		token := jwt.NewWithClaims(method, claims(change))
		token.Header["kid"] = "k"
		s, err := token.SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	tests := []struct {
		name, token string
		code        protocol.Code
	}{
		{"not a token", "abc", protocol.CodeBadToken},
		{"a bad signature", h.sign(forged, good), protocol.CodeBadToken},
		{"alg none", custom(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, func(jwt.MapClaims) {}), protocol.CodeBadToken},
		{"another algorithm than the key's", custom(jwt.SigningMethodHS512, h.key.Secret, func(jwt.MapClaims) {}), protocol.CodeBadToken},
		{"a wrong audience", custom(jwt.SigningMethodHS256, h.key.Secret, func(c jwt.MapClaims) { c["aud"] = "other" }), protocol.CodeWrongAudience},
		{"an expired token", custom(jwt.SigningMethodHS256, h.key.Secret, func(c jwt.MapClaims) { c["exp"] = time.Now().Add(-time.Minute).Unix() }), protocol.CodeTokenExpired},
		{"another site's token", h.sign(elsewhere, auth.Identity{Site: "elsewhere", Subject: "v", Role: protocol.Visitor, ExpiresAt: good.ExpiresAt}), protocol.CodeWrongSite},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := h.raw(url)
			e, ok := r.hello(tt.token).(protocol.Error)
			if !ok || e.Code != tt.code || e.ID != "h" || strings.Contains(e.Message, tt.token) {
				t.Errorf("answer = %+v, want %s", e, tt.code)
			}
			if code := r.closed(); code != protocol.CloseUnauthorized {
				t.Errorf("closed with %d, want %d", code, protocol.CloseUnauthorized)
			}
		})
	}
}

// [hello-2] [limit-1] [limit-4]
func TestSocketsThatMisbehaveAreClosedWithTheirCode(t *testing.T) {
	tests := []struct {
		name   string
		attack func(h *house, r *raw)
		want   protocol.CloseCode
	}{
		{"no hello in time", func(*house, *raw) {}, protocol.CloseHelloTimeout},
		{"a frame over 64 KiB", func(h *house, r *raw) {
			r.hello(h.token(protocol.Visitor, "v"))
			r.write(`{"type":"` + strings.Repeat("x", protocol.MaxFrameBytes) + `"}`)
		}, protocol.CloseTooLarge},
		{"invalid UTF-8", func(h *house, r *raw) {
			r.hello(h.token(protocol.Visitor, "v"))
			r.write("{\"type\":\"leave\",\"ticket\":\"\xff\"}")
		}, protocol.CloseInvalidUTF8},
		{"a binary frame", func(h *house, r *raw) {
			r.hello(h.token(protocol.Visitor, "v"))
			_ = r.Write(r.ctx, websocket.MessageBinary, []byte("{}"))
		}, protocol.CloseProtocol},
		{"a flood of 10,000 frames", func(h *house, r *raw) {
			r.hello(h.token(protocol.Visitor, "v"))
			go func() { // it reads meanwhile, as a flooder would not
				for range 10_000 {
					if r.Write(r.ctx, websocket.MessageText, []byte(`{"type":"heartbeat"}`)) != nil {
						return
					}
				}
			}()
		}, protocol.CloseFlood},
		{"a token that runs out", func(h *house, r *raw) {
			r.hello(h.sign(h.key, auth.Identity{Site: "demo", Subject: "v", Role: protocol.Visitor, ExpiresAt: time.Now().Add(2 * time.Second)}))
		}, protocol.CloseTokenExpired},
		{"two heartbeats missed", func(h *house, r *raw) {
			r.hello(h.token(protocol.Agent, "a"))
		}, protocol.CloseHeartbeatLost},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, func(s *gateway.SiteOptions) {
				s.Limits.FramesPerSecond, s.Limits.Burst = 20, 100
				s.AgentHeartbeat = time.Second
			})
			url, _ := h.open("one")
			r := h.raw(url)
			tt.attack(h, r)
			if code := r.closed(); code != tt.want {
				t.Errorf("closed with %d, want %d", code, tt.want)
			}
			// No other client is harmed.
			h.come(url, protocol.Visitor, "next", "en").MustJoin("support")
		})
	}
}

// Half a frame must not keep a refused socket open: the library would wait for
// the rest of it.
func TestARefusedClientThatSendsHalfAFrameIsCutOff(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	var conn net.Conn
	dialer := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (c net.Conn, err error) {
		var d net.Dialer
		conn, err = d.DialContext(ctx, network, addr)
		return conn, err
	}}
	h.rawOver(url, &http.Client{Transport: dialer}).hello("bad")
	if _, err := conn.Write([]byte{0x81, 0xfe, 0xea, 0x60, 1, 2, 3, 4, 'x'}); err != nil { // 60,000 bytes are to come
		t.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.Copy(io.Discard, conn); err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the socket is still open after 20 s")
	}
}

// A client may ping long after our last frame: the deadline of that frame is not
// the pong's.
func TestALatePingIsAnswered(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *gateway.SiteOptions) { s.VisitorHeartbeat = 30 * time.Second })
	url, _ := h.open("one")
	r := h.raw(url)
	r.hello(h.token(protocol.Visitor, "v"))
	read := r.CloseRead(h.ctx)
	select {
	case <-time.After(10500 * time.Millisecond):
	case <-read.Done():
		t.Fatal("the socket ended by itself")
	}
	if err := r.Ping(h.ctx); err != nil {
		t.Errorf("a ping 10.5 s after the last frame: %v", err)
	}
}

func TestNobodyTalksBeforeHello(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	r := h.raw(url)
	for range 20 {
		if r.Write(h.ctx, websocket.MessageText, []byte(`{"type":"join","id":"1","department":"support"}`)) != nil {
			break
		}
	}
	if e := r.refusal(); e.Code != protocol.CodeHelloFirst {
		t.Errorf("before hello: %+v", e)
	}
	if code := r.closed(); code != protocol.CloseFlood {
		t.Errorf("closed with %d, want %d", code, protocol.CloseFlood)
	}
}
