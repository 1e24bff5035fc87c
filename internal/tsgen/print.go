package main

import (
	"bytes"
	"fmt"
	"go/constant"
	"go/token"
	"go/types"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// print writes the whole TypeScript file.
func (s *source) print(out *bytes.Buffer) error {
	fmt.Fprintf(out, "// Generated from gateway/protocol by internal/tsgen; go generate ./gateway/protocol writes it anew.\n")
	for _, c := range s.constants("") {
		s.doc(out, "", c.Pos())
		fmt.Fprintf(out, "export const %s = %s;\n", screaming(c.Name()), c.Val().ExactString())
	}
	structs, enums := s.reachable()
	for _, obj := range enums {
		s.doc(out, "\n", obj.Pos())
		fmt.Fprintf(out, "export const %s = [\n", plural(obj.Name()))
		for _, c := range s.constants(obj.Name()) {
			fmt.Fprintf(out, "  %s,%s\n", c.Val().ExactString(), s.trailing(c.Pos()))
		}
		fmt.Fprintf(out, "] as const;\nexport type %s = (typeof %s)[number];\n", obj.Name(), plural(obj.Name()))
	}
	// Each close code is a constant of its own as well, so that a bundle holds only those that it uses.
	fmt.Fprintf(out, "\n")
	for _, c := range s.constants("CloseCode") {
		fmt.Fprintf(out, "export const %s = %s;%s\n", screaming(c.Name()), c.Val().ExactString(), s.trailing(c.Pos()))
	}
	s.doc(out, "\n", s.pkg.Scope().Lookup("CloseCode").Pos())
	fmt.Fprintf(out, "export const CloseCode = {\n")
	for _, c := range s.constants("CloseCode") {
		fmt.Fprintf(out, "  %s: %s,\n", strings.TrimPrefix(c.Name(), "Close"), screaming(c.Name()))
	}
	fmt.Fprintf(out, "} as const;\n")
	for _, obj := range structs {
		if err := s.printInterface(out, obj.Name(), obj.Name(), ""); err != nil {
			return err
		}
	}
	both := slices.Concat(s.client, s.server)
	for i, name := range both {
		if slices.Contains(both[:i], name) {
			continue // sent both ways
		}
		if err := s.printInterface(out, name, name+"Frame", s.frameType(name)); err != nil {
			return err
		}
	}
	s.printUnion(out, "ClientFrame", "What a client may send.", s.client)
	s.printUnion(out, "ServerFrame", "What the server may send.", s.server)
	return nil
}

// frameType returns the value of "type" for the frame: Hello has TypeHello.
func (s *source) frameType(name string) string {
	return constant.StringVal(s.constant("Type" + name).Val())
}

func (s *source) printUnion(out *bytes.Buffer, name, doc string, frames []string) {
	fmt.Fprintf(out, "\n/** %s */\nexport type %s =", doc, name)
	for _, frame := range frames {
		fmt.Fprintf(out, "\n  | %sFrame", frame)
	}
	fmt.Fprintf(out, ";\n")
}

func (s *source) printInterface(out *bytes.Buffer, goName, tsName, frameType string) error {
	obj := s.pkg.Scope().Lookup(goName)
	s.doc(out, "\n", obj.Pos())
	fmt.Fprintf(out, "export interface %s%s {\n", tsName, extends(obj.Type().Underlying().(*types.Struct)))
	if err := s.printFields(out, obj.Type().Underlying().(*types.Struct), frameType); err != nil {
		return fmt.Errorf("%s: %w", goName, err)
	}
	fmt.Fprintf(out, "}\n")
	return nil
}

func (s *source) printFields(out *bytes.Buffer, t *types.Struct, frameType string) error {
	for i := range t.NumFields() {
		f := t.Field(i)
		tag := reflect.StructTag(t.Tag(i)).Get("json")
		if f.Embedded() && tag == "" {
			if f.Name() != "Envelope" {
				continue // the interface extends it
			}
			if err := s.printFields(out, f.Type().Underlying().(*types.Struct), frameType); err != nil {
				return err
			}
			continue
		}
		key, options, _ := strings.Cut(tag, ",")
		if key == "" {
			return fmt.Errorf("field %s has no json name", f.Name())
		}
		kind, err := tsType(f.Type())
		if err != nil {
			return fmt.Errorf("field %s: %w", f.Name(), err)
		}
		if key == "type" {
			kind = fmt.Sprintf("%q", frameType)
		}
		optional := ""
		if strings.Contains(options, "omitzero") {
			optional = "?"
		}
		s.indentedDoc(out, f.Pos())
		fmt.Fprintf(out, "  %s%s: %s;\n", key, optional, kind)
	}
	return nil
}

// extends returns the extends clause for the struct that another embeds. The envelope
// is no such struct: its type differs in every frame.
func extends(t *types.Struct) string {
	for f := range t.Fields() {
		if f.Embedded() && f.Name() != "Envelope" {
			return " extends " + f.Name()
		}
	}
	return ""
}

func tsType(t types.Type) (string, error) {
	switch t := t.(type) {
	case *types.Named:
		return t.Obj().Name(), nil
	case *types.Pointer:
		return tsType(t.Elem())
	case *types.Slice:
		elem, err := tsType(t.Elem())
		return elem + "[]", err
	case *types.Map:
		if key, ok := t.Key().(*types.Basic); ok && key.Kind() == types.String {
			elem, err := tsType(t.Elem())
			return "Record<string, " + elem + ">", err
		}
	case *types.Basic:
		switch {
		case t.Info()&types.IsString != 0:
			return "string", nil
		case t.Info()&types.IsInteger != 0:
			return "number", nil
		case t.Info()&types.IsBoolean != 0:
			return "boolean", nil
		}
	}
	return "", fmt.Errorf("no TypeScript for %s", t)
}

func (s *source) doc(out *bytes.Buffer, before string, pos token.Pos) {
	out.WriteString(before)
	writeDoc(out, "", s.docs[pos])
}

func (s *source) indentedDoc(out *bytes.Buffer, pos token.Pos) { writeDoc(out, "  ", s.docs[pos]) }

func writeDoc(out *bytes.Buffer, indent, text string) {
	lines := strings.Split(text, "\n")
	switch {
	case text == "":
	case len(lines) == 1:
		fmt.Fprintf(out, "%s/** %s */\n", indent, text)
	default:
		fmt.Fprintf(out, "%s/**\n", indent)
		for _, line := range lines {
			fmt.Fprintf(out, "%s\n", strings.TrimRight(indent+" * "+line, " "))
		}
		fmt.Fprintf(out, "%s */\n", indent)
	}
}

func (s *source) trailing(pos token.Pos) string {
	if doc := s.docs[pos]; doc != "" {
		return " // " + strings.ReplaceAll(doc, "\n", " ")
	}
	return ""
}

var (
	acronymEnd = regexp.MustCompile(`([A-Z])([A-Z][a-z])`)
	wordStart  = regexp.MustCompile(`([a-z0-9])([A-Z])`)
)

// screaming turns MaxIDBytes into MAX_ID_BYTES.
func screaming(name string) string {
	name = acronymEnd.ReplaceAllString(name, "${1}_${2}")
	return strings.ToUpper(wordStart.ReplaceAllString(name, "${1}_${2}"))
}

// plural returns the name of the list of an enumeration's values: AgentStatus has
// AGENT_STATUSES.
func plural(name string) string {
	name = screaming(name)
	if strings.HasSuffix(name, "S") {
		return name + "ES"
	}
	return name + "S"
}
