package redislog

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"nextup/internal/eventlog"
)

func TestWhatIsPushedIsReadAsItWasWritten(t *testing.T) {
	tests := map[string]*eventlog.Pushed{
		"r0 0 5 0\n2 4\nc1data": {Records: []eventlog.Record{{Number: 1, ID: "c1", At: 5, Data: []byte("data")}}},
		"r7 3 5 2\nc02 4\nc1da\na2 0\nc2": {
			After: eventlog.Head{Number: 7, ID: "c0", At: 3},
			Records: []eventlog.Record{
				{Number: 8, ID: "c1", Prev: "c0", At: 5, Data: []byte("da\na")},
				{Number: 9, ID: "c2", Prev: "c1", At: 5, Data: []byte{}},
			},
		},
		"":                       nil,
		"r":                      nil,
		"r7 3 5 2\nc0":           nil,
		"r7 3 5 9\nc0":           nil,
		"r7 3 5\n":               nil,
		"r7 3 5 2 1\nc02 1\nc1x": nil,
		"r7 3 5 2\nc02 9\nc1":    nil,
		"r7 -3 5 2\nc02 1\nc1x":  nil,
		"r7 3 5 2\nc02 18446744073709551615\nc1x": nil,
	}
	for payload, want := range tests {
		got := signalOf(payload).Pushed
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, want %+v", payload, got, want)
		}
	}
}

// A place in a log is kept for as long as a follower has it open.
func TestWhoKeepsAPlaceKeepsNoMessageWithIt(t *testing.T) {
	const logs, size = 32, 1 << 20
	live := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := live()
	places := make([]eventlog.Head, 0, 2*logs)
	for range logs {
		p := signalOf(fmt.Sprintf("r7 3 5 2\nc02 %d\nc1%s", size, strings.Repeat("x", size))).Pushed
		places = append(places, p.After, p.Last())
	}
	if kept := int64(live() - before); kept > logs*size/4 {
		t.Errorf("%d places keep %d bytes", len(places), kept)
	}
	runtime.KeepAlive(places)
}

func FuzzParsePushed(f *testing.F) {
	f.Add("7 3 5 2\nc02 4\nc1data")
	f.Fuzz(func(t *testing.T, text string) {
		p := parsePushed(text)
		if p == nil {
			return
		}
		prev := p.After
		for _, r := range p.Records {
			if r.Number != prev.Number+1 || r.Prev != prev.ID {
				t.Errorf("%q: record %d does not follow %+v", text, r.Number, prev)
			}
			prev = eventlog.Head{Number: r.Number, ID: r.ID, At: r.At}
		}
	})
}
