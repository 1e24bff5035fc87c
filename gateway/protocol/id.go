package protocol

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// requestIDIn returns the id of a frame that is refused, so that its sender learns
// which request it was. The frame may be invalid JSON: the content of strings, even a
// bad escape or bytes that are not UTF-8, does not stop the search, and neither does
// depth or a duplicate key. Only a member "id" of the outermost object counts, the
// first one if there are several. The search ends where the frame stops being a list
// of members.
func requestIDIn(data []byte) string {
	rest, ok := after(data, '{')
	if !ok {
		return ""
	}
	for {
		var key, value []byte
		if key, rest, ok = looseString(rest); !ok {
			return ""
		}
		if rest, ok = after(rest, ':'); !ok {
			return ""
		}
		start := bytes.TrimLeft(rest, space)
		if rest, ok = looseValue(start); !ok {
			return ""
		}
		if value = bytes.TrimRight(start[:len(start)-len(rest)], space); unquoted(key) == "id" {
			if id := unquoted(value); plainID(id) {
				return id
			}
		}
		if rest, ok = after(rest, ','); !ok {
			return ""
		}
	}
}

const space = " \t\r\n"

// after skips space and the character c.
func after(data []byte, c byte) (rest []byte, ok bool) {
	data = bytes.TrimLeft(data, space)
	if len(data) == 0 || data[0] != c {
		return nil, false
	}
	return data[1:], true
}

// looseString cuts a string with its quotation marks off the front, without checking
// its content.
func looseString(data []byte) (s, rest []byte, ok bool) {
	data = bytes.TrimLeft(data, space)
	if len(data) == 0 || data[0] != '"' {
		return nil, nil, false
	}
	for i := 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return data[:i+1], data[i+1:], true
		}
	}
	return nil, nil, false
}

// looseValue skips a value: a string, an object or array with its content, or all
// that comes before the next comma or closing brace.
func looseValue(data []byte) (rest []byte, ok bool) {
	depth := 0
	for len(data) > 0 {
		switch data[0] {
		case '"':
			if _, data, ok = looseString(data); !ok {
				return nil, false
			}
			continue
		case '{', '[':
			depth++
		case ',':
			if depth == 0 {
				return data, true
			}
		case '}', ']':
			if depth == 0 {
				return data, true
			}
			depth--
		}
		data = data[1:]
	}
	return nil, depth == 0
}

// unquoted returns the text of a JSON string, "" if it is none.
func unquoted(s []byte) string {
	if len(s) == 0 || s[0] != '"' {
		return ""
	}
	text, err := jsontext.AppendUnquote(nil, s)
	if err != nil {
		return ""
	}
	return string(text)
}
