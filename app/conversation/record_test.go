package conversation

import (
	"reflect"
	"testing"

	"github.com/go-json-experiment/json"

	"nextup/gateway/protocol"
	"nextup/internal/eventlog"
)

func message(text string) record {
	return record{
		Kind: protocol.EntryMessage, MessageID: "m1", Text: text,
		From: &protocol.Person{Role: protocol.Visitor, ID: "v", Name: "Zoë"},
	}
}

// FuzzPlainRecords holds what is read by hand to the ordinary decoder, both of bytes
// that come and of messages made of them, and what is written to the ordinary encoder.
func FuzzPlainRecords(f *testing.F) {
	for _, text := range []string{"hello", "a \"word\"", "Zoë 🎉 \u2028", "a\nb", "\\", "<&>", ""} {
		data, err := message(text).encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, text)
	}
	f.Add([]byte(`{"v":1,"kind":"message","from":{"role":"visitor","id":"v"},"message_id":"m","text":"a"}}`), "\xff")
	f.Add([]byte(`{"v":1,"kind":"message","from":{"role":"visitor","id":"v","id":"w"},"message_id":"m","text":"a"}`), "\x7f")
	f.Add([]byte(`{"v":1,"kind":"message","from":{"role":"visitor","id":""},"message_id":"","text":""}`), "\x00")
	f.Add([]byte("{\"v\":1,\"kind\":\"message\",\"from\":{\"role\":\"\",\"id\":\"\xff\"},\"message_id\":\"\",\"text\":\"\"}"), "x")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		all := [][]byte{data}
		from := &protocol.Person{Role: protocol.Role(text), ID: string(data), Name: text}
		for _, r := range []record{
			message(text), {}, {From: &protocol.Person{}}, {Kind: protocol.EntryRead, From: from, UpTo: uint64(len(data))},
			{Kind: protocol.EntryKind(text), From: from, MessageID: string(data), SiteLog: uint64(len(text))},
		} {
			got, err := r.encode()
			r.Schema = schema
			want, wantErr := json.Marshal(r)
			if (err == nil) != (wantErr == nil) || err == nil && string(got) != string(want) {
				t.Errorf("%+v by hand %s, %v, ordinary %s, %v", r, got, err, want, wantErr)
			}
		}
		if made, err := message(text).encode(); err == nil {
			all = append(all, made)
			if e, err := entry("t", eventlog.Record{Data: made}); err != nil || e.Text != text {
				t.Errorf("%q came back as %q, %v", text, e.Text, err)
			}
		}
		for _, data := range all {
			got, plain := plainRecord(data)
			if !plain {
				continue
			}
			var want record
			if err := json.Unmarshal(data, &want); err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%q by hand %+v, ordinary %+v, %v", data, got, want, err)
			}
		}
	})
}

// What people write is read by hand, or nothing would be won.
func TestAMessageWithoutEscapesIsReadByHand(t *testing.T) {
	data, err := message("Zoë says: it's <fine> & done 🎉").encode()
	if err != nil {
		t.Fatal(err)
	}
	if got, plain := plainRecord(data); !plain || got.Text != "Zoë says: it's <fine> & done 🎉" || got.From.Name != "Zoë" {
		t.Errorf("%s: %+v, %v", data, got, plain)
	}
}

func BenchmarkReadRecord(b *testing.B) {
	data, err := message("There are some hundred bytes of text in this message, which is what the measured ones have as well.").encode()
	if err != nil {
		b.Fatal(err)
	}
	for name, read := range map[string]func() error{
		"by hand":  func() error { _, err := entry("t", eventlog.Record{Data: data}); return err },
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
	r := message("There are some hundred bytes of text in this message, which is what the measured ones have as well.")
	for name, write := range map[string]func() error{
		"by hand":  func() error { _, err := r.encode(); return err },
		"ordinary": func() error { _, err := json.Marshal(r); return err },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := write(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
