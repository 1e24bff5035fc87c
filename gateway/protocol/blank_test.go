package protocol

import (
	"encoding/json"
	"os"
	"strconv"
	"testing"
)

// The list is what the client's tests read as well, so that what the page lets
// through is what the gateway takes.
func TestTheInvisibleCharactersAreThoseOfTheSharedList(t *testing.T) {
	data, err := os.ReadFile("testdata/invisible.json")
	if err != nil {
		t.Fatal(err)
	}
	var ranges [][2]string
	if err := json.Unmarshal(data, &ranges); err != nil {
		t.Fatal(err)
	}
	listed := map[rune]bool{}
	for _, r := range ranges {
		lo, errLo := strconv.ParseInt(r[0], 16, 32)
		hi, errHi := strconv.ParseInt(r[1], 16, 32)
		if errLo != nil || errHi != nil {
			t.Fatal(r)
		}
		for c := lo; c <= hi; c++ {
			listed[rune(c)] = true
		}
	}
	for r := rune(0); r <= 0x10ffff; r++ {
		if surrogate := 0xd800 <= r && r < 0xe000; !surrogate && Blank(string(r)) != listed[r] {
			t.Errorf("U+%04X: blank is %t, the list says %t", r, !listed[r], listed[r])
		}
	}
}

func TestWhatCannotBeSeenIsBlank(t *testing.T) {
	for name, row := range map[string]struct {
		text  string
		blank bool
	}{
		"nothing":                    {"", true},
		"spaces and line breaks":     {" \t\r\n\u00a0\u3000\u2028", true},
		"zero width and directions":  {"\u200b\u200d\u2060\ufeff\u202e\u2066", true},
		"fillers of Hangul":          {"\u3164\u115f\uffa0", true},
		"a braille pattern of none":  {"\u2800", true},
		"tags and variations":        {"\U000e0001\ufe0f\U000e01ef", true},
		"controls":                   {"\x00\x1b\x7f", true},
		"a letter among them":        {"\u200bx\u200b", false},
		"an emoji joined":            {"👩‍💻", false},
		"a mark without a letter":    {"\u0301", false},
		"an Arabic number sign":      {"\u0600", false},
		"what a bad byte becomes":    {"\ufffd", false},
		"a private use character":    {"\ue000", false},
		"one that Unicode lacks yet": {"\u0378", false},
	} {
		if got := Blank(row.text); got != row.blank {
			t.Errorf("%s: blank is %t", name, got)
		}
	}
}

// [frame-7]: an optional text that cannot be seen counts as left out.
func TestAnOptionalTextThatIsBlankIsNotThere(t *testing.T) {
	for frame, text := range map[string]func(Request) string{
		`{"type":"join","department":"d","topic":" \u200b"}`:                           func(r Request) string { return r.(Join).Topic },
		`{"type":"rate","ticket":"t","score":1,"comment":"\u3164"}`:                    func(r Request) string { return r.(Rate).Comment },
		`{"type":"transfer","ticket":"t","to":{"tier":2},"note":"\n"}`:                 func(r Request) string { return r.(Transfer).Note },
		`{"type":"pause","department":"d","language":"en","paused":true,"reason":" "}`: func(r Request) string { return r.(Pause).Reason },
	} {
		req, err := Decode([]byte(frame))
		if err != nil {
			t.Errorf("%s: %v", frame, err)
		} else if got := text(req); got != "" {
			t.Errorf("%s: %q is left", frame, got)
		}
	}
}
