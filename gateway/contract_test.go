package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/test/people"
)

// asks sends a request and returns what answers it: the code of a refusal, or "", and
// the refusal itself.
func (r *raw) asks(frame string) (protocol.Code, protocol.Error) {
	r.t.Helper()
	r.write(frame)
	for {
		switch f := r.next().(type) {
		case protocol.Error:
			return f.Code, f
		case protocol.OK:
			return "", protocol.Error{}
		}
	}
}

func (h *house) rawAs(url string, role protocol.Role, subject string) *raw {
	h.t.Helper()
	r := h.raw(url)
	token := h.sign(h.key, auth.Identity{Site: "demo", Subject: subject, Role: role, Languages: []string{"en"}, ExpiresAt: time.Now().Add(time.Minute)})
	if f, ok := r.hello(token).(protocol.Welcome); !ok {
		h.t.Fatalf("%s: %+v", subject, f)
	}
	return r
}

// [own-1] [leave-1] [consult-1] [consult-2] [rate-1] [open-2]
func TestAnothersTicketIsAsUnknownAsNone(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	v := h.come(url, protocol.Visitor, "v", "en")
	over := v.MustJoin("trading")
	if _, err := v.Leave(h.ctx, over); err != nil {
		t.Fatal(err)
	}
	held := v.MustJoin("support")
	a := h.come(url, protocol.Agent, "a", "en").MustBe(protocol.Available)
	a.MustAccept()
	if _, err := a.Consult(h.ctx, held, "guest"); err == nil {
		t.Fatal("somebody who is not there was invited")
	}
	guest := h.rawAs(url, protocol.Agent, "guest")
	if _, err := a.Consult(h.ctx, held, "guest"); err != nil {
		t.Fatal(err)
	}
	line := h.come(url, protocol.Visitor, "w", "zh").MustJoin("support", "zh")

	commands := map[protocol.Role][]string{
		protocol.Visitor: {
			`{"type":"leave","id":"1","ticket":"%s"}`,
			`{"type":"rate","id":"1","ticket":"%s","score":5}`,
			`{"type":"open","id":"1","ticket":"%s"}`,
			`{"type":"send","id":"1","ticket":"%s","message_id":"m","text":"x"}`,
			`{"type":"read","id":"1","ticket":"%s","up_to":1}`,
		},
		protocol.Agent: {
			`{"type":"leave","id":"1","ticket":"%s"}`,
			`{"type":"close","id":"1","ticket":"%s"}`,
			`{"type":"close","id":"1","ticket":"%s","after_s":5}`,
			`{"type":"cancel_close","id":"1","ticket":"%s"}`,
			`{"type":"finish","id":"1","ticket":"%s"}`,
			`{"type":"transfer","id":"1","ticket":"%s","to":{"department":"trading"}}`,
			`{"type":"consult","id":"1","ticket":"%s","agent":"a"}`,
			`{"type":"open","id":"1","ticket":"%s"}`,
			`{"type":"send","id":"1","ticket":"%s","message_id":"m","text":"x"}`,
			`{"type":"note","id":"1","ticket":"%s","message_id":"m","text":"x"}`,
			`{"type":"read","id":"1","ticket":"%s","up_to":1}`,
		},
	}
	others := map[protocol.Role]*raw{
		protocol.Visitor: h.rawAs(url, protocol.Visitor, "other"), protocol.Agent: h.rawAs(url, protocol.Agent, "other"),
	}
	for role, all := range commands {
		for _, command := range all {
			_, none := others[role].asks(fmt.Sprintf(command, "none"))
			if none.Code != protocol.CodeUnknownTicket {
				t.Errorf("%s of no ticket: %+v", command, none)
			}
			for what, ticket := range map[string]string{"an ended": over, "a held": held, "a waiting": line} {
				if _, e := others[role].asks(fmt.Sprintf(command, ticket)); e.Code != none.Code || e.Message != none.Message {
					t.Errorf("%s of %s ticket by another %s: %q %q, want what is said of no ticket", command, what, role, e.Code, e.Message)
				}
			}
		}
	}

	w, boss, holder := h.rawAs(url, protocol.Visitor, "w"), h.rawAs(url, protocol.Supervisor, "s"), h.rawAs(url, protocol.Agent, "a")
	for _, tt := range []struct {
		who    *raw
		frame  string
		ticket string
		want   protocol.Code
	}{
		{w, `{"type":"rate","id":"1","ticket":"%s","score":5}`, line, protocol.CodeForbidden},
		{guest, `{"type":"close","id":"1","ticket":"%s"}`, held, protocol.CodeForbidden},
		{guest, `{"type":"cancel_close","id":"1","ticket":"%s"}`, held, protocol.CodeForbidden},
		{guest, `{"type":"consult","id":"1","ticket":"%s","agent":"other"}`, held, protocol.CodeForbidden},
		{guest, `{"type":"leave","id":"1","ticket":"%s"}`, held, ""},
		{guest, `{"type":"leave","id":"1","ticket":"%s"}`, held, protocol.CodeUnknownTicket},
		{guest, `{"type":"send","id":"1","ticket":"%s","message_id":"m","text":"x"}`, held, protocol.CodeUnknownTicket},
		{holder, `{"type":"leave","id":"1","ticket":"%s"}`, held, protocol.CodeForbidden},
		{boss, `{"type":"leave","id":"1","ticket":"%s"}`, held, protocol.CodeForbidden},
		{boss, `{"type":"consult","id":"1","ticket":"%s","agent":"other"}`, held, protocol.CodeForbidden},
		{boss, `{"type":"open","id":"1","ticket":"%s"}`, "none", protocol.CodeUnknownTicket},
		{boss, `{"type":"whisper","id":"1","ticket":"%s","message_id":"m","text":"x"}`, "none", protocol.CodeUnknownTicket},
		{boss, `{"type":"head_start","id":"1","ticket":"%s","head_start_s":1,"reason":"x"}`, "none", protocol.CodeUnknownTicket},
		{boss, `{"type":"transfer","id":"1","ticket":"%s","to":{"department":"trading"}}`, "none", protocol.CodeUnknownTicket},
	} {
		if got, e := tt.who.asks(fmt.Sprintf(tt.frame, tt.ticket)); got != tt.want {
			t.Errorf("%s: %q (%s), want %q", tt.frame, got, e.Message, tt.want)
		}
	}
}

// [join-2] [join-4] [desk-9] [read-3] [typing-3] and numbers below 2^53
func TestWhatTheSpecificationSaysOfCornersIsSo(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	agent := h.come(url, protocol.Agent, "a", "en")
	people.Next(agent, "the first desk, away", func(d protocol.Desk) bool { return d.Status == protocol.Away })
	v := h.rawAs(url, protocol.Visitor, "v")
	joins := func(id, department string) protocol.OK {
		v.write(fmt.Sprintf(`{"type":"join","id":"%s","department":"%s","languages":["en"]}`, id, department))
		for {
			switch f := v.next().(type) {
			case protocol.OK:
				return f
			case protocol.Error:
				t.Fatalf("join %s: %+v", id, f)
			}
		}
	}
	first := joins("wish-1", "support")
	v.asks(fmt.Sprintf(`{"type":"leave","id":"1","ticket":"%s"}`, first.Ticket))
	second := joins("wish-2", "support")
	for _, again := range []protocol.OK{joins("wish-2", "support"), joins("wish-3", "trading"), joins("wish-1", "support")} {
		if again.Ticket != second.Ticket || second.Ticket == first.Ticket {
			t.Errorf("joining again gives %q, want the open ticket %q", again.Ticket, second.Ticket)
		}
	}
	const big = "9007199254740992"
	for _, frame := range []string{
		`{"type":"read","id":"1","ticket":"T","up_to":` + big + `}`,
		`{"type":"read","id":"1","ticket":"T","up_to":1e16}`,
		`{"type":"open","id":"1","ticket":"T","after":` + big + `}`,
		`{"type":"open","id":"1","ticket":"T","after":1,"at_ms":` + big + `}`,
		`{"type":"open","id":"1","ticket":"T","after":1,"at_ms":-` + big + `}`,
		`{"type":"open","id":"1","ticket":"T","after":1,"at_ms":-1}`,
	} {
		if got, e := v.asks(strings.Replace(frame, "T", second.Ticket, 1)); got != protocol.CodeBadField || e.Field == "" {
			t.Errorf("%s: %+v, want %s with its field", frame, e, protocol.CodeBadField)
		}
	}
	if got, _ := v.asks(`{"type":"read","id":"1","ticket":"t","up_to":0}`); got != protocol.CodeMissingField {
		t.Errorf("a mark of entry 0: %q", got)
	}
	stranger := h.raw(url)
	stranger.write(`{"type":"hello","id":"h","token":"x","log":` + big + `}`)
	if e := stranger.refusal(); e.Code != protocol.CodeBadField {
		t.Errorf("a log number of 2^53: %+v", e)
	}
	v.asks(fmt.Sprintf(`{"type":"open","id":"1","ticket":"%s"}`, second.Ticket))
	v.asks(fmt.Sprintf(`{"type":"send","id":"1","ticket":"%s","message_id":"m","text":"x"}`, second.Ticket))
	v.write(fmt.Sprintf(`{"type":"read","id":"1","ticket":"%s","up_to":999}`, second.Ticket))
	for {
		if e, ok := v.next().(protocol.Entry); ok && e.Kind == protocol.EntryRead {
			if e.UpTo != 1 {
				t.Errorf("a mark beyond the end is of entry %d, want 1", e.UpTo)
			}
			break
		}
	}
	other := h.rawAs(url, protocol.Visitor, "other")
	other.write(fmt.Sprintf(`{"type":"typing","ticket":"%s","on":true}`, second.Ticket))
	other.write(`{"type":"heartbeat"}`)
	for {
		f := other.next()
		if _, ok := f.(protocol.Heartbeat); ok {
			return
		}
		if e, ok := f.(protocol.Error); ok {
			t.Fatalf("typing in another's conversation is answered: %+v", e)
		}
	}
}
