package sitefile

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// reader walks the syntax tree of one file and collects its problems.
// Decoding into structs would stop at the first problem and lose the lines.
type reader struct {
	// dir is the base of relative paths; sources are the other files that were read.
	dir     string
	sources Sources
	// variables are the environment variables that were read.
	variables []string
	// invalid is nil while no problem was found.
	invalid *Invalid
}

func (r *reader) report(line int, path, message string) {
	if r == nil {
		return
	}
	if r.invalid == nil {
		r.invalid = &Invalid{}
	}
	r.invalid.add(Problem{Line: line, Path: path, Message: message})
}

// value is the value at one path of the file, which may be missing. The zero value
// is missing and reports nothing: it stands for the parts of something that was
// reported already.
type value struct {
	r    *reader
	path string
	// line is the parent's line if the value is missing.
	line int
	// node is nil if the value is missing or empty.
	node ast.Node
	// private is true for values that may be secrets by mistake.
	private bool
}

// minSecret is the least length of a secret; a private value of that length or more
// is not shown.
const minSecret = 32

// clean reports whether no problem was found so far, so that what was read is what
// the file says.
func (r *reader) clean() bool { return r != nil && r.invalid == nil }

func (v value) child(path string, node ast.Node, line int) value {
	c := value{r: v.r, path: path, line: line, private: v.private}
	if _, null := node.(*ast.NullNode); node != nil && !null {
		c.node = node
	}
	if node != nil && node.GetToken() != nil {
		c.line = node.GetToken().Position.Line
	}
	return c
}

func (v value) missing() bool { return v.node == nil }

// empty reports whether the value is missing or an empty list.
func (v value) empty() bool {
	list, ok := v.node.(*ast.SequenceNode)
	return v.missing() || ok && len(list.Values) == 0
}

// bad reports the value and what is wanted instead.
func (v value) bad(want string) { v.r.report(v.line, v.path, "got "+v.shown()+"; want "+want) }

// fault reports a problem without the value, for values that must not be shown.
func (v value) fault(format string, args ...any) {
	v.r.report(v.line, v.path, fmt.Sprintf(format, args...))
}

// shown describes the value for a message.
func (v value) shown() string {
	switch n := v.node.(type) {
	case nil:
		return "nothing"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode, *ast.MergeKeyNode, *ast.MappingKeyNode:
		return "a YAML anchor, alias, merge or tag"
	case *ast.StringNode:
		return v.quoted(n.Value)
	case *ast.LiteralNode:
		return v.quoted(n.Value.Value)
	default:
		if text := v.node.GetToken().Value; len(text) < minSecret {
			return text
		}
		return "a long number"
	}
}

// quoted shows a text, shortened; see the package comment for private ones.
func (v value) quoted(s string) string {
	const most = 64
	switch {
	case v.private && len(s) >= minSecret:
		return fmt.Sprintf("a text of %d bytes", len(s))
	case len(s) > most:
		return fmt.Sprintf("%q...", strings.ToValidUTF8(s[:most], ""))
	default:
		return fmt.Sprintf("%q", s)
	}
}

// text returns the value if it is a text. ok is false if it is missing, or is
// something else, which is then reported.
func (v value) text(want string) (string, bool) {
	switch n := v.node.(type) {
	case nil:
		return "", false
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		v.bad(want + ", in quotes")
		return "", false
	default:
		v.bad(want)
		return "", false
	}
}

// list returns the values of a list, none if the value is missing.
func (v value) list(want string) []value {
	if v.missing() {
		return nil
	}
	seq, ok := v.node.(*ast.SequenceNode)
	if !ok {
		v.bad(want)
		return nil
	}
	out := make([]value, len(seq.Values))
	for i, n := range seq.Values {
		out[i] = v.child(fmt.Sprintf("%s[%d]", v.path, i), n, v.line)
	}
	return out
}

// pair is one entry of a mapping. Its key is the name with its place in the file, for
// names that are values themselves.
type pair struct {
	name string
	key  value
	value
}

var plainName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// pairs returns the entries of a mapping in their order, none if the value is
// missing. ok is false if it is no mapping, which is reported.
func (v value) pairs(want string) ([]pair, bool) {
	var entries []*ast.MappingValueNode
	switch n := v.node.(type) {
	case nil:
		return nil, true
	case *ast.MappingNode:
		entries = n.Values
	case *ast.MappingValueNode:
		entries = []*ast.MappingValueNode{n}
	default:
		v.bad(want)
		return nil, false
	}
	out := make([]pair, 0, len(entries))
	for _, e := range entries {
		key := v.child(v.path, e.Key, v.line)
		scalar, ok := e.Key.(ast.ScalarNode)
		if !ok || key.missing() {
			key.bad("a plain name before the colon")
			continue
		}
		if _, merge := e.Key.(*ast.MergeKeyNode); merge {
			key.bad("a plain name before the colon")
			continue
		}
		name := scalar.GetToken().Value
		key.path = v.under(name)
		out = append(out, pair{name, key, v.child(key.path, e.Value, key.line)})
	}
	return out, true
}

// under returns the path of a name in this mapping.
func (v value) under(name string) string {
	switch {
	case v.path == "":
		return name
	case plainName.MatchString(name):
		return v.path + "." + name
	default:
		return v.path + "." + v.quoted(name)
	}
}

// fields returns the entries of a mapping whose names are fixed. Unknown names are
// reported; entries that are missing come back as missing values.
func (v value) fields(known ...string) map[string]value {
	pairs, ok := v.pairs("a mapping with the fields " + strings.Join(known, ", "))
	if !ok {
		return nil
	}
	out := make(map[string]value, len(known))
	for _, name := range known {
		out[name] = v.child(v.under(name), nil, v.line)
	}
	for _, p := range pairs {
		if !slices.Contains(known, p.name) {
			v.r.report(p.line, v.path, "unknown field "+v.quoted(p.name)+"; known: "+strings.Join(known, ", "))
			continue
		}
		out[p.name] = p.value
	}
	return out
}
