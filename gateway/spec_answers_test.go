package gateway_test

import (
	"encoding/json"
	"maps"
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
