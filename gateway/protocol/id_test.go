package protocol

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// What stands in strings is never taken for the frame's id, and the frame's own
// is found whatever else is wrong with it.
func FuzzTheIDOfARefusedFrameIsItsOwn(f *testing.F) {
	f.Add("r-1", "n-1", `my order \ud83d`, false)
	f.Add("r-1", "n-1", "\xff\xfe\n\t", true)
	f.Add("~", "r-1", `\",\"id\":\"n`, true)
	f.Fuzz(func(t *testing.T, id, inner, text string, last bool) {
		if !plainID(id) || !plainID(inner) || strings.ContainsAny(id+inner, `"\`) || !whole(text) {
			t.Skip()
		}
		own := fmt.Sprintf(`"id":%q`, id)
		others := fmt.Sprintf(`"text":"%s","in":{"id":%q,"deep":[{"id":%q}]},"list":["id",%q]`, text, inner, inner, inner)
		frame := "{" + own + "," + others + "}"
		if last {
			frame = "{" + others + "," + own + "}"
		}
		if got := requestIDIn([]byte(frame)); got != id {
			t.Errorf("the id of %q is %q", frame, got)
		}
		if got := requestIDIn([]byte("{" + others + "}")); got != "" {
			t.Errorf("%q has no id, not %q", others, got)
		}
	})
}

// whole reports whether a string that is written so ends where it should.
func whole(text string) bool {
	_, rest, ok := looseString([]byte(`"` + text + `"`))
	return ok && len(rest) == 0
}

func FuzzTheIDOfWhatIsJSONIsWhatAParserFinds(f *testing.F) {
	for _, data := range fixtures(f, "client") {
		f.Add(data)
	}
	f.Add([]byte(`{"a":{"id":"x"},"id":"y"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var object map[string]json.RawMessage
		got := requestIDIn(data)
		if json.Unmarshal(data, &object) != nil || object == nil {
			return
		}
		var want string
		if json.Unmarshal(object["id"], &want) != nil || !plainID(want) {
			want = ""
		}
		// A parser takes the last of several, and here the first counts.
		if once := strings.Count(strings.ToLower(string(data)), `"id"`) == 1 && !strings.Contains(string(data), `\`); once && got != want {
			t.Errorf("the id of %q is %q, a parser says %q", data, got, want)
		}
	})
}
