package protocol

import (
	"bytes"
	"testing"
)

// FuzzHandwrittenFramesAreTheOrdinaryOnes makes frames of whatever bytes come and
// holds those that are encoded by hand to what the ordinary encoder makes of the
// same values. Every bit of shape reports whether one of the fields is there.
func FuzzHandwrittenFramesAreTheOrdinaryOnes(f *testing.F) {
	f.Add("t-1", "Zoë", "a \"quoted\" \\ line\n\u2028<&>", int64(1700000000123), uint64(7), uint32(0xffffffff))
	f.Add("", "", "", int64(0), uint64(0), uint32(0))
	f.Add("\xff", "\x7f", "\x00", int64(-1), uint64(1<<63), uint32(0x5555))
	f.Add("t", "\u0085", "\xed\xa0\x80", int64(1)<<62, uint64(1), uint32(0xaaaa))
	f.Fuzz(func(t *testing.T, a, b, c string, n int64, u uint64, shape uint32) {
		bit := func() bool { set := shape&1 == 1; shape = shape>>1 | shape<<31; return set }
		text := func(s string) string {
			if bit() {
				return s
			}
			return ""
		}
		number := func() int64 {
			if bit() {
				return n
			}
			return 0
		}
		person := func() *Person {
			if bit() {
				return &Person{Role: Role(text(c)), ID: text(a), Name: text(b)}
			}
			return nil
		}
		ticket := Ticket{
			Type: TypeTicket, Ticket: text(a), Status: TicketStatus(text(b)), Department: text(c), Language: text(b), JoinedAtMS: number(),
			Position: int(number()), Size: int(number()), Reason: Reason(text(c)), Widened: int(number()), Paused: bit(), Unattended: bit(), Agent: person(), AgentLost: bit(),
			End: EndReason(text(a)), AsOfMS: number(), Log: u,
		}
		if bit() {
			ticket.Wait = &Wait{Known: bit(), LowS: int(number()), HighS: int(number())}
		}
		if bit() {
			ticket.Languages = []string{}
			for range n & 3 {
				ticket.Languages = append(ticket.Languages, text(b))
			}
		}
		if p := person(); p != nil {
			ticket.Hold = &Hold{Agent: *p, UntilMS: number()}
		}
		if bit() {
			ticket.Rating = &Rating{Score: int(number()), Comment: text(c)}
		}
		frames := []struct {
			ordinary any
			by       ServerFrame
		}{
			{&ticket, ticket},
			{&ticket, &ticket},
		}
		ok := OK{
			Type: TypeOK, ID: text(a), Log: uint64(number()), Ticket: text(b), MessageID: text(c), Number: uint64(number()),
			AtMS: number(), ExpiresAtMS: number(),
		}
		entry := Entry{
			Type: TypeEntry, Ticket: text(a), Number: u, Kind: EntryKind(text(b)), AtMS: number(), From: person(),
			MessageID: text(a), Text: text(c), UpTo: uint64(number()),
		}
		typing := Typing{Type: TypeTyping, Ticket: text(a), On: bit(), From: person()}
		beat := Heartbeat{Type: TypeHeartbeat, AsOfMS: number(), Log: uint64(number())}
		frames = append(frames, []struct {
			ordinary any
			by       ServerFrame
		}{{&ok, ok}, {&entry, entry}, {&entry, &entry}, {&typing, typing}, {&beat, beat}}...)
		for _, frame := range frames {
			want, wantErr := appendJSON([]byte("before:"), frame.ordinary)
			got, err := Append([]byte("before:"), frame.by)
			if (err == nil) != (wantErr == nil) || !bytes.Equal(got, want) {
				t.Errorf("%T by hand\n%s, %v\nordinary\n%s, %v", frame.by, got, err, want, wantErr)
			}
		}
	})
}

// A frame that is encoded by hand has its type whether or not it is set.
func TestFramesByHandNeedNoType(t *testing.T) {
	for frame, want := range map[ServerFrame]string{
		OK{}:        `{"type":"ok"}`,
		Heartbeat{}: `{"type":"heartbeat"}`,
		Typing{}:    `{"type":"typing","ticket":"","on":false}`,
		Entry{}:     `{"type":"entry","ticket":"","number":0,"kind":"","at_ms":0}`,
		&Ticket{}:   `{"type":"ticket","ticket":"","status":"","department":"","language":"","joined_at_ms":0,"as_of_ms":0,"log":0}`,
	} {
		if got, err := Append(nil, frame); err != nil || string(got) != want {
			t.Errorf("%T: %s, %v, want %s", frame, got, err, want)
		}
	}
}

func BenchmarkAppendPlace(b *testing.B) {
	f := &Ticket{
		Type: TypeTicket, Ticket: "00000000-0000-4000-8000-000000000001", Status: Waiting, Department: "support", Language: "en",
		JoinedAtMS: 1700000000123, Position: 4711, Size: 10000, Wait: &Wait{Known: true, LowS: 600, HighS: 900}, Languages: []string{"en"},
		AsOfMS: 1700000004123, Log: 20123,
	}
	for name, encode := range map[string]func([]byte) ([]byte, error){
		"by hand":  func(dst []byte) ([]byte, error) { return Append(dst, f) },
		"ordinary": func(dst []byte) ([]byte, error) { return appendJSON(dst, f) },
	} {
		b.Run(name, func(b *testing.B) {
			buf := make([]byte, 0, 1024)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := encode(buf[:0]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
