package conversation

import (
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"nextup/internal/eventlog"
)

func zoe(text string) Entry {
	return Entry{Kind: Message, From: Person{Visitor, "v", "Zoë"}, MessageID: "m1", Body: Text(text)}
}

// What stands in logs stays readable, and what is written can be read by gateways that
// know no body but a text: the literals are from before there was another.
func TestTheStoredFormOfAnEntry(t *testing.T) {
	tests := []struct {
		name   string
		stored string
		entry  Entry
		site   uint64
	}{
		{"a message", `{"v":1,"kind":"message","from":{"role":"visitor","id":"v","name":"Zoë"},"message_id":"m1","text":"hello"}`, zoe("hello"), 0},
		{"escapes", `{"v":1,"kind":"message","from":{"role":"visitor","id":"v","name":"Zoë"},"message_id":"m1","text":"a\n\"b\""}`, zoe("a\n\"b\""), 0},
		{"a note", `{"v":1,"kind":"note","from":{"role":"agent","id":"a"},"message_id":"m","text":"x"}`,
			Entry{Kind: Note, From: Person{Role: Agent, ID: "a"}, MessageID: "m", Body: Text("x")}, 0},
		{"a read mark", `{"v":1,"kind":"read","from":{"role":"agent","id":"a"},"up_to":7}`, Entry{Kind: Read, From: Person{Role: Agent, ID: "a"}, UpTo: 7}, 0},
		{"a member", `{"v":1,"kind":"member","from":{"role":"supervisor","id":"s"},"site_log":12}`, Entry{Kind: Member, From: Person{Role: Supervisor, ID: "s"}}, 12},
		{"an agent lost", `{"v":1,"kind":"agent_lost","from":{"role":"agent","id":"a"},"site_log":12}`, Entry{Kind: AgentLost, From: Person{Role: Agent, ID: "a"}}, 12},
		{"the end", `{"v":1,"kind":"closed","site_log":12}`, Entry{Kind: Closed}, 12},
		{"a body of another kind", `{"v":1,"kind":"message","from":{"role":"agent","id":"a"},"message_id":"m","text":"Choose: a, b","body":{"kind":"choices","fields":{"of":["a","b"]}}}`,
			Entry{Kind: Message, From: Person{Role: Agent, ID: "a"}, MessageID: "m", Body: Body{"choices", "Choose: a, b", jsontext.Value(`{"of":["a","b"]}`)}}, 0},
		{"a body without fields", `{"v":1,"kind":"message","message_id":"m","text":"x","body":{"kind":"wave"}}`, Entry{Kind: Message, MessageID: "m", Body: Body{Kind: "wave", Text: "x"}}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			stored, err := encode(&tt.entry, tt.site)
			if err != nil || string(stored) != tt.stored {
				t.Errorf("written as %s, %v\nwant %s", stored, err, tt.stored)
			}
			tt.entry.Number, tt.entry.AtMS = 3, 4
			got, err := decode(&eventlog.Record{Number: 3, At: 4, Data: []byte(tt.stored)})
			if err != nil || !reflect.DeepEqual(got, tt.entry) {
				t.Errorf("read as %+v, %v\nwant %+v", got, err, tt.entry)
			}
			var old struct {
				Kind Kind    `json:"kind"`
				From *Person `json:"from"`
				Text string  `json:"text"`
			}
			if err := json.Unmarshal(stored, &old); err != nil || old.Kind != tt.entry.Kind || old.Text != tt.entry.Body.Text {
				t.Errorf("an older gateway reads %+v, %v", old, err)
			}
		})
	}
}

func TestMembersThatALaterGatewayWritesAreNoHindrance(t *testing.T) {
	e, err := decode(&eventlog.Record{Data: []byte(`{"v":1,"kind":"message","message_id":"m","text":"x","body":{"kind":"","fields":{"a":1}},"new":{"a":[1]}}`)})
	if err != nil || !reflect.DeepEqual(e, Entry{Kind: Message, MessageID: "m", Body: Text("x")}) {
		t.Errorf("%+v, %v", e, err)
	}
}

// FuzzCodec: what is written is read again as it was, by hand as in the ordinary way, and
// is what the ordinary encoder writes.
func FuzzCodec(f *testing.F) {
	for _, text := range []string{"hello", "a \"word\"", "Zoë 🎉 \u2028", "a\nb", "\\", "<&>", "", "\xff", "\x7f", "\x00"} {
		f.Add(string(Message), "v", "m", text, "", []byte(nil), uint64(0), []byte(nil))
		f.Add(string(Note), "", "", text, text, []byte(`{"a": "`+text+`"}`), uint64(1), []byte(`{"v":1,"kind":"`+text+`"}`))
	}
	for _, fields := range []string{`{ }`, `{"a":1,"a":2}`, `[1]`, `{"a":1e400}`, `{"a":12345678901234567890}`, `null`, `{"\u0061":"\u00e9"}`, `{`} {
		f.Add(string(Message), "v", "m", "x", "k", []byte(fields), uint64(0), []byte(nil))
	}
	for _, data := range []string{
		`{"v":1,"kind":"message","from":{"role":"visitor","id":"v"},"message_id":"m","text":"a"}}`,
		`{"v":1,"kind":"message","from":{"role":"visitor","id":"v","id":"w"},"message_id":"m","text":"a"}`,
		`{"v":1,"kind":"message","from":{"role":"visitor","id":""},"message_id":"","text":""}`,
		"{\"v\":1,\"kind\":\"message\",\"from\":{\"role\":\"\",\"id\":\"\xff\"},\"message_id\":\"\",\"text\":\"\"}",
		`{"v":1,"kind":"message","text":"x","body":{"kind":"k","fields":{"a":[]}}}`,
	} {
		f.Add("", "", "", "", "", []byte(nil), uint64(0), []byte(data))
	}
	f.Fuzz(func(t *testing.T, kind, name, id, text, bodyKind string, fields []byte, n uint64, data []byte) {
		e := Entry{Kind: Kind(kind), From: Person{Role(kind), id, name}, MessageID: id, UpTo: n, Body: Body{bodyKind, text, fields}}
		if e.Body.check() != nil {
			e.Body = Text(text)
		}
		all := [][]byte{data}
		if made, err := encode(&e, n); err == nil {
			all = append(all, made)
			r := record{Schema: schema, Kind: e.Kind, From: &e.From, MessageID: id, Text: text, UpTo: n, SiteLog: n}
			if e.From == (Person{}) {
				r.From = nil
			}
			if e.Body.Kind != "" {
				r.Body = &recordBody{e.Body.Kind, e.Body.Fields}
			}
			if want, err := json.Marshal(r); err != nil || string(made) != string(want) {
				t.Errorf("by hand %s, ordinary %s, %v", made, want, err)
			}
			again, err := decode(&eventlog.Record{Data: made})
			if err != nil {
				t.Fatalf("%s cannot be read: %v", made, err)
			}
			if err := e.Body.Fields.Format(); e.Body.Fields != nil && err != nil || !reflect.DeepEqual(again, e) {
				t.Errorf("%+v came back as %+v", e, again)
			}
		}
		for _, data := range all {
			var by Entry
			if !decodePlain(&by, data) {
				continue
			}
			var want record
			if err := json.Unmarshal(data, &want); err != nil || want.From == nil ||
				!reflect.DeepEqual(by, Entry{Kind: want.Kind, From: *want.From, MessageID: want.MessageID, Body: Text(want.Text)}) {
				t.Errorf("%q by hand %+v, ordinary %+v, %v", data, by, want, err)
			}
		}
	})
}

// What people write is read by hand, or nothing would be won.
func TestAMessageWithoutEscapesIsReadByHand(t *testing.T) {
	want := zoe("Zoë says: it's <fine> & done 🎉")
	data, err := encode(&want, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got Entry
	if !decodePlain(&got, data) || !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %+v", data, got)
	}
}

func TestBodiesWithinTheirLimits(t *testing.T) {
	large := jsontext.Value(`{"a":"` + strings.Repeat("x", MaxFieldsBytes) + `"}`)
	tests := map[string]struct {
		body Body
		ok   bool
	}{
		"a text":              {Text("x"), true},
		"no text":             {Body{Kind: "k"}, false},
		"a long text":         {Text(strings.Repeat("x", MaxTextBytes+1)), false},
		"a kind and fields":   {Body{"k", "x", jsontext.Value(`{"a":1}`)}, true},
		"fields of no kind":   {Body{"", "x", jsontext.Value(`{}`)}, false},
		"fields are no list":  {Body{"k", "x", jsontext.Value(`[]`)}, false},
		"fields are too much": {Body{"k", "x", large}, false},
	}
	for name, tt := range tests {
		if err := tt.body.check(); (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

const measured = "There are some hundred bytes of text in this message, which is what the measured ones have as well."

func BenchmarkReadRecord(b *testing.B) {
	e := zoe(measured)
	data, err := encode(&e, 0)
	if err != nil {
		b.Fatal(err)
	}
	for name, read := range map[string]func() error{
		"by hand":  func() error { _, err := decode(&eventlog.Record{Data: data}); return err },
		"ordinary": func() error { var r record; return json.Unmarshal(data, &r) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := read(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkWriteRecord(b *testing.B) {
	e := zoe(measured)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := encode(&e, 0); err != nil {
			b.Fatal(err)
		}
	}
}
