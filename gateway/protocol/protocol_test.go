package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// badInput is a row of testdata/refusals.json. %FILL% in the frame stands for
// Fill times the letter x; FrameBase64 holds what JSON cannot.
type badInput struct {
	Name        string `json:"name"`
	Frame       string `json:"frame"`
	FrameBase64 []byte `json:"frame_base64"`
	Fill        int    `json:"fill"`
	Code        Code   `json:"code"`
	Field       string `json:"field"`
	ID          string `json:"id"`
}

func (b badInput) bytes() []byte {
	if b.FrameBase64 != nil {
		return b.FrameBase64
	}
	return []byte(strings.ReplaceAll(b.Frame, "%FILL%", strings.Repeat("x", b.Fill)))
}

func badInputs(t testing.TB) []badInput {
	t.Helper()
	data, err := os.ReadFile("testdata/refusals.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []badInput
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

// fixtures returns the golden frames of one direction by their file's name.
func fixtures(t testing.TB, direction string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("testdata", "frames", direction+".*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no fixtures for %s: %v", direction, err)
	}
	frames := map[string][]byte{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		frames[strings.TrimSuffix(filepath.Base(path), ".json")] = data
	}
	return frames
}

func compact(t testing.TB, data []byte) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Compact(&out, data); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The type in a fixture's name is the one in the frame, so a frame that decodes
// and encodes to the same bytes went through the struct of its type.
func TestEveryClientFixtureDecodesAndEncodesToItself(t *testing.T) {
	for name, data := range fixtures(t, "client") {
		t.Run(name, func(t *testing.T) {
			req, err := Decode(data)
			if err != nil {
				t.Fatal(err)
			}
			if want := Type(strings.Split(name, ".")[1]); req.FrameType() != want {
				t.Errorf("type %q, want %q", req.FrameType(), want)
			}
			again, err := EncodeRequest(req)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := string(again), compact(t, data); got != want {
				t.Errorf("encoded\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestEveryServerFixtureDecodesAndEncodesToItself(t *testing.T) {
	for name, data := range fixtures(t, "server") {
		t.Run(name, func(t *testing.T) {
			frame, err := DecodeServer(data)
			if err != nil {
				t.Fatal(err)
			}
			if want := Type(strings.Split(name, ".")[1]); frame.serverFrame() != want {
				t.Errorf("type %q, want %q", frame.serverFrame(), want)
			}
			again, err := Append([]byte("before:"), frame)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := string(again), "before:"+compact(t, data); got != want {
				t.Errorf("encoded\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestEncodeSetsTheTypeAndKeepsListsFromBeingNull(t *testing.T) {
	got, err := Encode(Desk{Status: Away, Capacity: 2})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"type":"desk","status":"away","capacity":2,"load":0,"languages":[],"offers":[],"tickets":[],"as_of_ms":0,"log":0}`
	if string(got) != want {
		t.Errorf("encoded\n%s\nwant\n%s", got, want)
	}
	if _, err := Encode(Entry{Text: "\xff"}); err == nil {
		t.Error("text that is not UTF-8 was encoded")
	}
}

func TestAClientIgnoresWhatANewerServerAdds(t *testing.T) { // [version-2]
	frame, err := DecodeServer([]byte(`{"type":"reset","ticket":"t-1","why":"later"}`))
	if err != nil || !reflect.DeepEqual(frame, Reset{Type: TypeReset, Ticket: "t-1"}) {
		t.Errorf("an unknown field: %+v, %v", frame, err)
	}
	if frame, err := DecodeServer([]byte(`{"type":"rating"}`)); err != nil || frame != nil {
		t.Errorf("an unknown type: %+v, %v", frame, err)
	}
	if _, err := DecodeServer([]byte(`[]`)); err == nil {
		t.Error("an array was taken for a frame")
	}
}

// The rows carry the rule ids [frame-1] to [frame-9].
func TestBadInputIsRefusedWithItsCodeFieldAndID(t *testing.T) {
	seen := map[Code]bool{}
	for _, row := range badInputs(t) {
		seen[row.Code] = true
		t.Run(row.Name, func(t *testing.T) {
			req, err := Decode(row.bytes())
			var refusal *Refusal
			if !errors.As(err, &refusal) {
				t.Fatalf("decoded to %+v, %v", req, err)
			}
			if refusal.Code != row.Code || refusal.Field != row.Field || refusal.ID != row.ID {
				t.Errorf("refused with %q field %q id %q, want %q field %q id %q",
					refusal.Code, refusal.Field, refusal.ID, row.Code, row.Field, row.ID)
			}
			if m := refusal.Message; !strings.HasSuffix(m, ".") || strings.ToUpper(m[:1]) != m[:1] {
				t.Errorf("the message is not a sentence: %q", m)
			}
			frame := refusal.Frame()
			if frame.Code != row.Code || frame.ID != row.ID || frame.Message != refusal.Message {
				t.Errorf("the error frame differs from the refusal: %+v", frame)
			}
		})
	}
	for _, code := range []Code{CodeBadFrame, CodeDuplicateKey, CodeTooDeep, CodeUnknownType,
		CodeUnknownField, CodeMissingField, CodeBadField} {
		if !seen[code] {
			t.Errorf("no bad input for %s", code)
		}
	}
}

func TestValuesAtTheEdgeOfTheirRangeAreTaken(t *testing.T) { // [limit-2] [limit-3] [limit-9] [frame-7]
	x := func(n int) string { return strings.Repeat("x", n) }
	for name, frame := range map[string]string{
		"an id of 64 bytes":          `{"type":"leave","id":"` + x(64) + `","ticket":"t-1"}`,
		"no id":                      `{"type":"leave","ticket":"t-1"}`,
		"a text of 8192 bytes":       `{"type":"send","ticket":"t","message_id":"m","text":"` + x(8192) + `"}`,
		"a topic of 128 bytes":       `{"type":"join","department":"d","topic":"` + x(128) + `"}`,
		"eight languages":            `{"type":"join","department":"d","languages":["en","zh","ja","ko","es","fr","de","it"]}`,
		"long language tags":         `{"type":"join","department":"d","languages":["zh-Hant-TW","es-419","de-CH-1996"]}`,
		"no languages":               `{"type":"join","department":"d","languages":[]}`,
		"the best score":             `{"type":"rate","ticket":"t","score":5,"comment":"` + x(2048) + `"}`,
		"a sub with a space":         `{"type":"consult","ticket":"t","agent":"Mei Lin ` + x(120) + `"}`,
		"a transfer to a tier":       `{"type":"transfer","ticket":"t","to":{"tier":3},"note":"` + x(2048) + `"}`,
		"no head start":              `{"type":"head_start","ticket":"t","head_start_s":0,"reason":"` + x(128) + `"}`,
		"a negative head start":      `{"type":"head_start","ticket":"t","head_start_s":-86400,"reason":"r"}`,
		"going on":                   `{"type":"pause","department":"d","language":"en","paused":false}`,
		"an urgency of 64 bytes":     `{"type":"join","department":"d","urgency":"` + x(64) + `"}`,
		"a note of 8192 bytes":       `{"type":"note","ticket":"t","message_id":"m","text":"` + x(8192) + `"}`,
		"a whisper of 8192 bytes":    `{"type":"whisper","ticket":"t","message_id":"m","text":"` + x(8192) + `"}`,
		"open from the start":        `{"type":"open","ticket":"t-1"}`,
		"white space around":         " \r\n\t{ \"type\" : \"heartbeat\" } \n",
		"an emoji by its escape":     `{"type":"send","ticket":"t","message_id":"m","text":"\ud83d\ude41"}`,
		"the text that says \"id\":": `{"type":"send","ticket":"t","message_id":"m","text":"{\"id\":null,\"id\":1}"}`,
	} {
		if _, err := Decode([]byte(frame)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestARefusalNeverRepeatsWhatWasSent(t *testing.T) { // [frame-9]
	const secret = "SECRETsecret"
	for _, frame := range []string{
		`{"type":"SECRETsecret"}`,
		`{"type":"hello","token":["SECRETsecret"]}`,
		`{"type":"hello","token":"SECRETsecret","token":"SECRETsecret"}`,
		`{"type":"hello","id":"SECRET secret","token":"x"}`,
		`{"type":"send","ticket":"t","message_id":"m","text":{"SECRETsecret":1}}`,
		`{"type":"send","ticket":"t","message_id":"SECRET secret","text":"SECRETsecret"}`,
		`{"type":"send","ticket":"t","message_id":"m","text":"SECRETsecret`,
		`{"type":"status","status":"SECRETsecret"}`,
		`{"type":"join","department":"d","languages":["SECRET secret"]}`,
		`{"type":"read","ticket":"t","up_to":"SECRETsecret"}`,
		`SECRETsecret`,
	} {
		_, err := Decode([]byte(frame))
		var refusal *Refusal
		if !errors.As(err, &refusal) {
			t.Fatalf("%s was taken", frame)
		}
		for _, said := range []string{refusal.Error(), refusal.Field, refusal.ID} {
			if strings.Contains(said, "SECRET") {
				t.Errorf("%s: the refusal repeats %q: %q", frame, secret, said)
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, data := range fixtures(f, "client") {
		f.Add(data)
	}
	for _, row := range badInputs(f) {
		f.Add(row.bytes())
	}
	for _, data := range plainOrNot {
		f.Add([]byte(data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		req, err := Decode(data)
		if same, sameErr := decode(data); !reflect.DeepEqual(req, same) || !reflect.DeepEqual(err, sameErr) {
			t.Fatalf("%q became %+v, %v; the ordinary way %+v, %v", data, req, err, same, sameErr)
		}
		if err != nil {
			var refusal *Refusal
			if !errors.As(err, &refusal) || refusal.Code == "" || refusal.Message == "" {
				t.Fatalf("not a whole refusal: %v", err)
			}
			if _, err := Encode(refusal.Frame()); err != nil {
				t.Fatalf("the refusal does not encode: %v", err)
			}
			return
		}
		encoded, err := EncodeRequest(req)
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(encoded)
		if err != nil {
			t.Fatalf("%s decoded, its encoding %s does not: %v", data, encoded, err)
		}
		if !reflect.DeepEqual(req, again) {
			t.Fatalf("%+v became %+v", req, again)
		}
	})
}

func BenchmarkDecodeSend(b *testing.B) {
	data := []byte(compact(b, fixtures(b, "client")["client.send"]))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAppendTicket(b *testing.B) {
	frame, err := DecodeServer(fixtures(b, "server")["server.ticket"])
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	var buf []byte
	for b.Loop() {
		if buf, err = Append(buf[:0], frame); err != nil {
			b.Fatal(err)
		}
	}
}

func TestCloseCodesSayWhetherToComeBack(t *testing.T) { // [close-1]
	for code, want := range map[CloseCode]bool{
		1000: true, 1001: true, 1006: true, CloseBroken: false, CloseInvalidUTF8: false, 1008: true, CloseTooLarge: false, 1011: true,
		CloseRestart: true, CloseHelloTimeout: true, CloseHeartbeatLost: true, CloseSlowReader: true,
		CloseUnavailable: true, 4499: true, CloseUnauthorized: false, CloseTokenExpired: false,
		CloseFlood: false, CloseProtocol: false, 4999: false,
	} {
		if got := code.ComesBack(); got != want {
			t.Errorf("%d comes back: %v, want %v", code, got, want)
		}
	}
}
