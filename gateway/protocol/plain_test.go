package protocol

import (
	"strings"
	"testing"
)

// plainOrNot are messages as they are read by hand, and such that only look like it.
var plainOrNot = []string{
	`{"type":"send","id":"1","ticket":"t","message_id":"m","text":"hello"}`,
	`{"text":"Zoë 🎉","ticket":"t","message_id":"m","id":"9","type":"send"}`,
	`{"type":"send","id":"1","ticket":"t","message_id":"m","text":"a \"word\""}`,
	`{"type":"send","id":"","id":"1","ticket":"t","message_id":"m","text":"a"}`,
	`{"type":"send","id":"1","id":"1","ticket":"t","message_id":"m","text":"a"}`,
	`{"type":"send","type":"send","ticket":"t","message_id":"m","text":"a"}`,
	`{"type":"send","ticket":"t","message_id":"m","text":"a","more":"b"}`,
	`{"type":"send","ticket":"t","message_id":"m","Text":"a"}`,
	`{"type":"send","ticket":"t","message_id":"m","text":""}`,
	`{"type":"send","ticket":"t","message_id":"m","text":null}`,
	`{"type":"send","ticket":"t","message_id":"m","text":"a",}`,
	`{"type":"send","ticket":"t","message_id":"m","text":"a"}}`,
	`{"type":"send","ticket":"t","message_id":"m","text":"a"`,
	`{"type":"send","ticket":"t","message_id":"m","text":"a` + "\n" + `"}`,
	`{"type":"send","ticket":"t","message_id":"m","text":"a` + "\xff" + `"}`,
	`{"type":"send","ticket":"t t","message_id":"m","text":"a"}`,
	`{"type":"send","ticket":"t","message_id":"m","text":"` + strings.Repeat("x", MaxTextBytes+1) + `"}`,
	`{"type":"heartbeat"}`,
	`{ "type":"heartbeat"}`,
	`{"type":"heartbeat"} `,
	`{"type":"heartbeat"}}`,
	`{"type":"heartbeat","type":"heartbeat"}`,
	`{"type":"heartbeat","as_of_ms":1}`,
	`{"Type":"heartbeat"}`,
	`{"type":"send"}`,
	`{"type":"send",`,
	`{"type":"send","id`,
}

// What clients write is read by hand: their frames in the order of the specification.
func TestMessagesAndHeartbeatsAsClientsWriteThemAreReadByHand(t *testing.T) {
	for _, data := range append([]string{`{"type":"heartbeat"}`}, plainOrNot[:2]...) {
		if _, ok := fastDecode([]byte(data)); !ok {
			t.Errorf("%s went the ordinary way", data)
		}
	}
	if f, err := Decode([]byte(plainOrNot[0])); err != nil || f.(Send).Text != "hello" || f.RequestID() != "1" {
		t.Errorf("%+v, %v", f, err)
	}
}

func BenchmarkDecodeSendTheOrdinaryWay(b *testing.B) {
	data := []byte(compact(b, fixtures(b, "client")["client.send"]))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decode(data); err != nil {
			b.Fatal(err)
		}
	}
}
