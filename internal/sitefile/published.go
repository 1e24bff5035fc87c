package sitefile

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// published lists the secrets in the source code of Nextup: in the demo, in examples
// and in tests and measurements. Any reader of the code can sign tokens with them.
var published = []string{
	"for-development-only-never-serve-real-people-with-it",
	"a-secret-of-the-browser-tests-only-32-bytes-or-more",
	"a secret that is known to everybody",
	"this secret protects nobody: it is for the tests of routing alone",
	"hnPC1sAHZRzpTyRMUWd7jfEp6G1yLtIQT9PgJ9SmZ9A=",
}

// publishedForms returns the published secrets and what they decode to.
var publishedForms = sync.OnceValue(func() (all [][]byte) {
	for _, p := range published {
		all = append(all, encodings([]byte(p), 1)...)
	}
	return all
})

// Published reports whether the secret is one of the source code, in any usual
// encoding, with other capitals or signs between its letters, or with something
// before or after it: operators start from the demo's file.
func (s Secret) Published() bool {
	for _, form := range encodings(s, 3) {
		if slices.ContainsFunc(publishedForms(), func(known []byte) bool { return resembles(form, known) }) {
			return true
		}
	}
	return false
}

// resembles compares only letters and digits, or the bytes where there are hardly
// any of them.
func resembles(form, known []byte) bool {
	a, b := letters(form), letters(known)
	if len(b) < minSecret/2 || len(a) < minSecret/2 {
		return bytes.Equal(form, known)
	}
	return strings.Contains(a, b) || len(a) >= minSecret-8 && strings.Contains(b, a)
}

func letters(s []byte) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, string(bytes.ToValidUTF8(s, nil)))
}

// encodings returns the secret and what it decodes to, up to a depth.
func encodings(s []byte, depth int) [][]byte {
	all := [][]byte{s}
	if depth == 0 {
		return all
	}
	text := strings.Trim(string(s), " \t\r\n\"'`")
	bare := strings.TrimRight(text, "=")
	decoders := []func() ([]byte, error){
		func() ([]byte, error) { return base64.RawStdEncoding.DecodeString(bare) },
		func() ([]byte, error) { return base64.RawURLEncoding.DecodeString(bare) },
		func() ([]byte, error) {
			return base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ToUpper(bare))
		},
		func() ([]byte, error) { return hex.DecodeString(strings.TrimPrefix(text, "0x")) },
		func() ([]byte, error) { d, err := url.QueryUnescape(text); return []byte(d), err },
	}
	for _, decode := range decoders {
		if d, err := decode(); err == nil && len(d) >= minSecret/2 && string(d) != string(s) {
			all = append(all, encodings(d, depth-1)...)
		}
	}
	return all
}
