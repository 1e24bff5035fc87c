package gateway_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"slices"
	"testing"

	"nextup/gateway/protocol"
)

// fieldsOf lists the fields of a frame.
func fieldsOf(t *testing.T, frame []byte) []string {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(frame, &fields); err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(fields))
}

// [request-1] [request-4] [error-1] [join-3] [join-5] The examples of answers have the
// fields that are sent, no more and no fewer.
func TestTheExamplesOfAnswersAreWhatIsSent(t *testing.T) {
	c := newCast(t, rulesOfJoining)
	c.things["token"] = c.token(protocol.Visitor, "v")
	for example, frame := range map[string]string{
		"server.ok":            `{"type":"send","ticket":"$held","message_id":"m","text":"x"}`,
		"server.ok.join":       `{"type":"join","department":"support"}`,
		"server.ok.renew":      `{"type":"renew","token":"$token"}`,
		"server.error":         `{"type":"join"}`,
		"server.error.urgency": `{"type":"join","department":"support","urgency":"panic"}`,
	} {
		who := "v"
		if example == "server.error" || example == "server.error.urgency" {
			who = "x" // who has no ticket, and so may make one
		}
		data, err := os.ReadFile("protocol/testdata/frames/" + example + ".json")
		if err != nil {
			t.Fatal(err)
		}
		sent, err := protocol.Encode(c.ask(who, frame))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fieldsOf(t, sent), fieldsOf(t, data); !slices.Equal(got, want) {
			t.Errorf("%s: the example has %v, the gateway sends %v", example, want, got)
		}
	}
}

// [availability-1] [availability-2] [availability-3] [availability-4] [error-3] [hello-4] [http-1]
// [http-3] What is answered while the log is away.
func TestWhatIsAnsweredWhileTheLogIsAway(t *testing.T) {
	h := newHouse(t, patient)
	log := &outage{Backend: h.memory}
	h.backend = log
	c := h.cast()
	c.things["token"] = c.token(protocol.Visitor, "v")
	log.set(true)
	for _, who := range []string{"v", "w", "x", "a", "g", "b", "s"} {
		next(c, who, func(f protocol.Availability) bool { return !f.Available && f.AsOfMS > 0 })
	}
	away := protocol.CodeUnavailable
	c.check(t, []line{
		{"[availability-3]", "a join", "x", `{"type":"join","department":"support"}`, away, "", ""},
		{"[availability-3]", "a join of one who has a ticket", "v", `{"type":"join","department":"support"}`, away, "", ""},
		{"[availability-3]", "a message", "v", `{"type":"send","ticket":"$held","message_id":"1","text":"x"}`, away, "", ""},
		{"[availability-3]", "a mark", "a", `{"type":"read","ticket":"$held","up_to":1}`, away, "", ""},
		{"[open-2]", "opening", "a", `{"type":"open","ticket":"$held"}`, away, "", ""},
		{"[availability-3]", "a status", "b", `{"type":"status","status":"available"}`, away, "", ""},
		{"[availability-3]", "a close", "a", `{"type":"close","ticket":"$held"}`, away, "", ""},
		{"[availability-3]", "a leave", "v", `{"type":"leave","ticket":"$held"}`, away, "", ""},
		{"[availability-3]", "a note", "s", `{"type":"note","ticket":"$held","message_id":"1","text":"x"}`, away, "", ""},
		{"[availability-3]", "a pause", "s", `{"type":"pause","department":"support","language":"en","paused":true}`, away, "", ""},
		{"[request-3]", "a frame of another role", "v", `{"type":"pause","department":"support","language":"en","paused":true}`, protocol.CodeForbidden, "", ""},
		{"[frame-6]", "a frame that lacks something", "v", `{"type":"leave"}`, protocol.CodeMissingField, "ticket", ""},
		{"[availability-3]", "a renewal", "v", `{"type":"renew","token":"$token"}`, "", "", ""},
	})
	if e, _ := c.ask("v", `{"type":"leave","ticket":"$held"}`).(protocol.Error); e.RetryAfterMS == 0 {
		t.Errorf("[error-3] when to come back is not said: %+v", e)
	}
	c.send("v", `{"type":"heartbeat"}`)
	if b := next(c, "v", func(protocol.Heartbeat) bool { return true }); b.AsOfMS == 0 || b.Log == 0 {
		t.Errorf("[availability-2] a heartbeat is answered with %+v", b)
	}
	r := h.raw(c.url)
	if e, ok := r.hello(c.things["token"]).(protocol.Error); !ok || e.Code != away || e.RetryAfterMS == 0 {
		t.Errorf("[hello-4] a hello is answered with %+v", e)
	}
	if code := r.closed(); code != protocol.CloseUnavailable {
		t.Errorf("[hello-4] closed with %d, want %d", code, protocol.CloseUnavailable)
	}
	for path, want := range map[string]int{
		"/v1/queues": http.StatusServiceUnavailable, "/readyz": http.StatusServiceUnavailable, "/healthz": http.StatusOK, "/metrics": http.StatusOK,
	} {
		if status, body := h.askAs(c.url, path, c.things["token"]); status != want {
			t.Errorf("%s is answered with %d %s, want %d", path, status, body, want)
		}
	}
	log.set(false)
	next(c, "v", func(f protocol.Availability) bool { return f.Available && f.AsOfMS > 0 })
	if number := c.must("v", `{"type":"send","ticket":"$held","message_id":"1","text":"x"}`).Number; number != 2 {
		t.Errorf("the message that was refused is entry %d when sent again, want 2", number)
	}
}
