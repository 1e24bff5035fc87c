package gateway_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/coder/websocket"

	"nextup/gateway/auth"
	"nextup/gateway/protocol"
)

// [frame-1] [frame-2] [frame-3] [frame-4] [frame-5] [frame-6] [frame-7] [frame-8] [frame-9]
// The table of bad frames holds on the wire too: each is answered with its code, field and
// id, and the socket stays open. Before hello it is the same.
func TestEveryBadFrameIsAnsweredAndTheSocketStaysOpen(t *testing.T) {
	data, err := os.ReadFile("protocol/testdata/refusals.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Name, Frame string
		FrameBase64 []byte `json:"frame_base64"`
		Fill        int
		Code        protocol.Code
		Field, ID   string
	}
	if err := json.Unmarshal(data, &rows); err != nil || len(rows) < 100 {
		t.Fatal(len(rows), err)
	}
	h := newHouse(t)
	url, _ := h.open("one")
	known := h.rawAs(url, protocol.Visitor, "v")
	for _, row := range rows {
		frame := strings.ReplaceAll(row.Frame, "%FILL%", times(row.Fill))
		if row.FrameBase64 != nil {
			frame = string(row.FrameBase64)
		}
		t.Run(row.Name, func(t *testing.T) {
			if !utf8.ValidString(frame) {
				other := h.rawAs(url, protocol.Visitor, "v")
				other.write(frame)
				if code := other.closed(); code != protocol.CloseInvalidUTF8 {
					t.Errorf("closed with %d, want %d", code, protocol.CloseInvalidUTF8)
				}
				return
			}
			known.write(frame)
			if e := known.refusal(); e.Code != row.Code || e.Field != row.Field || e.ID != row.ID || e.Message == "" {
				t.Errorf("answered with %+v, want %+v", e, row)
			}
		})
	}
	known.write(`{"type":"heartbeat"}`)
	for {
		if _, ok := known.next().(protocol.Heartbeat); ok {
			return
		}
	}
}

// [hello-1] [hello-3] [hello-4] What comes before hello is answered, and a hello that is no
// frame ends nothing: the next may be a good one.
func TestBeforeHello(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	r := h.raw(url)
	for _, row := range []struct {
		rule, frame string
		want        protocol.Code
		id, field   string
	}{
		{"[hello-3] a request", `{"type":"join","id":"1","department":"support"}`, protocol.CodeHelloFirst, "1", ""},
		{"[hello-3] a renewal", `{"type":"renew","id":"2","token":"x"}`, protocol.CodeHelloFirst, "2", ""},
		{"[hello-3] a heartbeat", `{"type":"heartbeat"}`, protocol.CodeHelloFirst, "", ""},
		{"[hello-3] typing", `{"type":"typing","ticket":"t","on":true}`, protocol.CodeHelloFirst, "", ""},
		{"[hello-4] a hello without token", `{"type":"hello","id":"3"}`, protocol.CodeMissingField, "3", "token"},
		{"[hello-4] a hello with a field too many", `{"type":"hello","id":"4","token":"x","site":"demo"}`, protocol.CodeUnknownField, "4", "site"},
		{"[hello-6] a hello whose log is too large", `{"type":"hello","id":"5","token":"x","log":9007199254740992}`, protocol.CodeBadField, "5", "log"},
		{"[frame-1] no frame", `hello`, protocol.CodeBadFrame, "", ""},
	} {
		r.write(row.frame)
		if e, ok := r.next().(protocol.Error); !ok || e.Code != row.want || e.ID != row.id || e.Field != row.field {
			t.Errorf("%s: %+v, want %s for id %q and field %q", row.rule, e, row.want, row.id, row.field)
		}
	}
	if w, ok := r.hello(h.token(protocol.Visitor, "v")).(protocol.Welcome); !ok || w.ID != "h" {
		t.Fatalf("the first good hello is answered with %+v", w)
	}
	for _, token := range []string{h.token(protocol.Visitor, "v"), h.token(protocol.Visitor, "w"), "x"} {
		if e, ok := r.hello(token).(protocol.Error); !ok || e.Code != protocol.CodeHelloFirst || e.ID != "h" {
			t.Errorf("a second hello is answered with %+v", e)
		}
	}
}

// [limit-11] A socket that is not known yet has ten frames.
func TestTenFramesMayComeBeforeWelcome(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	polite, other := h.raw(url), h.raw(url)
	for range 9 {
		polite.write(`{}`)
		polite.refusal()
		other.write(`{}`)
		other.refusal()
	}
	if w, ok := polite.hello(h.token(protocol.Visitor, "v")).(protocol.Welcome); !ok {
		t.Errorf("a hello as the tenth frame is answered with %+v", w)
	}
	other.write(`{}`)
	other.refusal()
	other.write(`{}`)
	if code := other.closed(); code != protocol.CloseFlood {
		t.Errorf("after the eleventh the socket is closed with %d, want %d", code, protocol.CloseFlood)
	}
}

// [hello-4] [connect-1] [connect-2] [close-1] [limit-11] Codes with which a socket ends.
func TestHowASocketEnds(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	refused := func(url, token string, want protocol.Code) func(t *testing.T) protocol.CloseCode {
		return func(t *testing.T) protocol.CloseCode {
			r := h.raw(url)
			if e, ok := r.hello(token).(protocol.Error); !ok || e.Code != want || e.ID != "h" {
				t.Errorf("answered with %+v, want %s", e, want)
			}
			return r.closed()
		}
	}
	onlyAgents := h.key
	onlyAgents.ID, onlyAgents.Secret = "agents", []byte("a third secret of thirty-two bytes or so")
	ofAVisitor := h.sign(onlyAgents, h.identity("v"))
	onlyAgents.Roles = []protocol.Role{protocol.Agent}
	keys, err := auth.New([]auth.Key{h.key, onlyAgents}, auth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer keys.Close()
	h.verifier = keys
	second, _ := h.open("two")
	for _, row := range []struct {
		rule string
		ends func(t *testing.T) protocol.CloseCode
		want protocol.CloseCode
	}{
		{"[connect-1] another site's address", refused(url+"/elsewhere", h.token(protocol.Visitor, "v"), protocol.CodeWrongSite), protocol.CloseUnauthorized},
		{"[hello-4] a role that the key may not give", refused(second, ofAVisitor, protocol.CodeForbidden), protocol.CloseUnauthorized},
		{"[limit-11] a token of more than 8 KiB", refused(url, times(8193), protocol.CodeBadToken), protocol.CloseUnauthorized},
		{"[connect-1] no subprotocol", func(*testing.T) protocol.CloseCode {
			return h.rawWith(url, websocket.DialOptions{Subprotocols: []string{}}).closed()
		}, protocol.CloseProtocol},
		{"[limit-1] a binary frame before hello", func(*testing.T) protocol.CloseCode {
			r := h.raw(url)
			_ = r.Write(h.ctx, websocket.MessageBinary, []byte("{}"))
			return r.closed()
		}, protocol.CloseProtocol},
		{"[close-1] a frame without a mask", func(*testing.T) protocol.CloseCode {
			b := h.bare(url)
			fmt.Fprint(b, "\x81\x02{}")
			return b.code()
		}, protocol.CloseBroken},
		{"[close-1] a reserved bit", func(*testing.T) protocol.CloseCode {
			b := h.bare(url)
			b.frame(0xc1, 2, "{}")
			return b.code()
		}, protocol.CloseBroken},
		{"[limit-11] more than 9 KiB before welcome", func(*testing.T) protocol.CloseCode {
			r := h.raw(url)
			r.write(`{"type":"hello","token":"` + times(protocol.MaxHelloBytes) + `"}`)
			return r.closed()
		}, protocol.CloseTooLarge},
	} {
		t.Run(row.rule, func(t *testing.T) {
			if code := row.ends(t); code != row.want {
				t.Errorf("closed with %d, want %d", code, row.want)
			}
		})
	}
	if w, ok := h.raw(url + "/demo").hello(h.token(protocol.Visitor, "v")).(protocol.Welcome); !ok {
		t.Errorf("[connect-1] at the address of the token's site: %+v", w)
	}
}

// [limit-2] [limit-3] [limit-9] [frame-7] What is as long as it may be is taken; the table of
// bad frames has one byte more.
func TestFieldsAsLongAsTheyMayBe(t *testing.T) {
	c := newCast(t)
	none := protocol.CodeUnknownTicket
	c.must("v", `{"type":"open","ticket":"$held"}`)
	c.check(t, []line{
		{"[limit-2]", "a message of 8192 bytes", "v", `{"type":"send","ticket":"$held","message_id":"1","text":"` + times(8192) + `"}`, "", "", ""},
		{"[limit-2]", "a message of one byte", "v", `{"type":"send","ticket":"$held","message_id":"2","text":"x"}`, "", "", ""},
		{"[limit-2]", "bytes count, not letters", "v", `{"type":"send","ticket":"$held","message_id":"3","text":"` + strings.Repeat("語", 2731) + `"}`, protocol.CodeBadField, "text", ""},
		{"[limit-3]", "a message_id of 64 bytes", "v", `{"type":"send","ticket":"$held","message_id":"` + times(64) + `","text":"x"}`, "", "", ""},
		{"[limit-3]", "a ticket of 64 bytes", "v", `{"type":"leave","ticket":"` + times(64) + `"}`, none, "", ""},
		{"[limit-3]", "an offer of 64 bytes", "a", `{"type":"accept","offer":"` + times(64) + `"}`, protocol.CodeUnknownOffer, "", ""},
		{"[limit-3]", "an offer of 65 bytes", "a", `{"type":"accept","offer":"` + times(65) + `"}`, protocol.CodeBadField, "offer", ""},
		{"[limit-3]", "a declined offer of 65 bytes", "a", `{"type":"decline","offer":"` + times(65) + `"}`, protocol.CodeBadField, "offer", ""},
		{"[limit-3]", "a department of 64 bytes", "x", `{"type":"join","department":"` + times(64) + `","languages":["en"]}`, protocol.CodeUnknownDepartment, "", "support trading"},
		{"[limit-3]", "a department of 65 bytes", "x", `{"type":"join","department":"` + times(65) + `","languages":["en"]}`, protocol.CodeBadField, "department", ""},
		{"[limit-3]", "an urgency of 64 bytes", "x", `{"type":"join","department":"support","urgency":"` + times(64) + `"}`, protocol.CodeUnknownUrgency, "", ""},
		{"[limit-3]", "a topic of 128 bytes and eight languages", "x", `{"type":"join","department":"support","topic":"` + times(128) + `","languages":["aa","bb","cc","dd","ee","ff","gg","en"]}`, "", "", ""},
		{"[limit-3]", "a comment of 2048 bytes", "x", `{"type":"rate","ticket":"$closed","score":1,"comment":"` + times(2048) + `"}`, "", "", ""},
		{"[limit-3]", "a transfer's note of 2048 bytes, to an agent of 128", "a", `{"type":"transfer","ticket":"$held","to":{"agent":"` + times(128) + `"},"note":"` + times(2048) + `"}`, protocol.CodeUnknownAgent, "", ""},
		{"[limit-3]", "a guest of 128 bytes", "a", `{"type":"consult","ticket":"$held","agent":"` + times(128) + `"}`, protocol.CodeUnknownAgent, "", "b g"},
		{"[limit-3]", "a guest of 129 bytes", "a", `{"type":"consult","ticket":"$held","agent":"` + times(129) + `"}`, protocol.CodeBadField, "agent", ""},
		{"[limit-9]", "a note of 8192 bytes", "a", `{"type":"note","ticket":"$held","message_id":"1","text":"` + times(8192) + `"}`, "", "", ""},
		{"[limit-9]", "a whisper of 8192 bytes", "s", `{"type":"whisper","ticket":"$held","message_id":"1","text":"` + times(8192) + `"}`, "", "", ""},
		{"[limit-3]", "the largest head start, for a reason of 128 bytes", "s", `{"type":"head_start","ticket":"$line","head_start_s":86400,"reason":"` + times(128) + `"}`, "", "", ""},
		{"[limit-3]", "the least head start", "s", `{"type":"head_start","ticket":"$line","head_start_s":-86400,"reason":"x"}`, "", "", ""},
		{"[limit-3]", "a pause for a reason of 128 bytes", "s", `{"type":"pause","department":"trading","language":"en","paused":true,"reason":"` + times(128) + `"}`, "", "", ""},
		{"[desk-6]", "a close after 30 seconds", "a", `{"type":"close","ticket":"$held","after_s":30}`, "", "", ""},
		{"[desk-7]", "taken back", "a", `{"type":"cancel_close","ticket":"$held"}`, "", "", ""},
		{"[open-1]", "the largest number, by itself", "v", `{"type":"open","ticket":"$left","after":9007199254740991,"at_ms":9007199254740991}`, "", "", ""},
		{"[rate-1]", "the best score", "x", `{"type":"rate","ticket":"$closed","score":5}`, "", "", ""},
		{"[rate-1]", "a score above it", "x", `{"type":"rate","ticket":"$closed","score":6}`, protocol.CodeBadField, "score", ""},
	})
}
