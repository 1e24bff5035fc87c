package main

import (
	"bytes"
	"fmt"
	"go/constant"
	"go/types"
	"reflect"
	"slices"
	"strings"
)

const asyncAPIHead = `# Generated from gateway/protocol by internal/tsgen; go generate ./gateway/protocol writes it anew.
asyncapi: 3.0.0
info:
  title: The wire of Nextup
  version: "1"
  description: >-
    The frames of nextup.v1, for tools. When to send what, what each code means and when to come back stands in
    gateway/protocol/SPEC.md, and only there.
  license:
    name: Apache-2.0
    url: https://www.apache.org/licenses/LICENSE-2.0
defaultContentType: application/json
servers:
  gateway:
    host: chat.example.com
    protocol: wss
    description: Any gateway serves anybody. The subprotocol nextup.v1 is required.
channels:
  socket:
    address: /v1/connect
    description: One JSON object a text message, told apart by type. The first is hello.
    servers:
      - $ref: "#/servers/gateway"
    messages:
`

// printAsyncAPI writes the frames as an AsyncAPI document. The application that
// it describes is the gateway: it receives what clients send.
func (s *source) printAsyncAPI(out *bytes.Buffer) error {
	out.WriteString(asyncAPIHead)
	both := slices.Concat(s.client, s.server)
	slices.Sort(both)
	both = slices.Compact(both)
	for _, name := range both {
		fmt.Fprintf(out, "      %s:\n        $ref: \"#/components/messages/%[1]s\"\n", s.frameType(name))
	}
	fmt.Fprintf(out, "operations:\n")
	s.printOperation(out, "fromClients", "receive", "What a client may send.", s.client)
	s.printOperation(out, "toClients", "send", "What the gateway sends.", s.server)
	fmt.Fprintf(out, "components:\n  messages:\n")
	for _, name := range both {
		fmt.Fprintf(out, "    %s:\n      name: %[1]s\n      payload:\n        $ref: \"#/components/schemas/%sFrame\"\n", s.frameType(name), name)
	}
	fmt.Fprintf(out, "  schemas:\n")
	structs, enums := s.reachable()
	for _, obj := range enums {
		s.printEnum(out, obj.Name())
	}
	for _, obj := range structs {
		if err := s.printSchema(out, obj.Name(), obj.Name(), false); err != nil {
			return err
		}
	}
	for _, name := range both {
		// Gateways refuse fields that they do not know; clients ignore them.
		if err := s.printSchema(out, name, name+"Frame", slices.Contains(s.client, name)); err != nil {
			return err
		}
	}
	return nil
}

func (s *source) printOperation(out *bytes.Buffer, name, action, summary string, frames []string) {
	fmt.Fprintf(out, "  %s:\n    action: %s\n    summary: %s\n    channel:\n      $ref: \"#/channels/socket\"\n    messages:\n", name, action, summary)
	for _, frame := range frames {
		fmt.Fprintf(out, "      - $ref: \"#/channels/socket/messages/%s\"\n", s.frameType(frame))
	}
}

func (s *source) printEnum(out *bytes.Buffer, name string) {
	fmt.Fprintf(out, "    %s:\n", name)
	s.yamlDoc(out, "      ", s.docs[s.pkg.Scope().Lookup(name).Pos()])
	fmt.Fprintf(out, "      type: string\n      enum:\n")
	for _, c := range s.constants(name) {
		fmt.Fprintf(out, "        - %s\n", constant.StringVal(c.Val()))
	}
}

func (s *source) printSchema(out *bytes.Buffer, goName, name string, closed bool) error {
	obj := s.pkg.Scope().Lookup(goName)
	fmt.Fprintf(out, "    %s:\n", name)
	s.yamlDoc(out, "      ", s.docs[obj.Pos()])
	fmt.Fprintf(out, "      type: object\n")
	if closed {
		fmt.Fprintf(out, "      additionalProperties: false\n")
	}
	var required []string
	var properties bytes.Buffer
	if err := s.printProperties(&properties, &required, obj.Type().Underlying().(*types.Struct), goName); err != nil {
		return fmt.Errorf("%s: %w", goName, err)
	}
	fmt.Fprintf(out, "      required: [%s]\n      properties:\n", strings.Join(required, ", "))
	out.Write(properties.Bytes())
	return nil
}

func (s *source) printProperties(out *bytes.Buffer, required *[]string, t *types.Struct, frame string) error {
	for i := range t.NumFields() {
		f := t.Field(i)
		tag := reflect.StructTag(t.Tag(i)).Get("json")
		if f.Embedded() && tag == "" {
			if err := s.printProperties(out, required, f.Type().Underlying().(*types.Struct), frame); err != nil {
				return err
			}
			continue
		}
		key, options, _ := strings.Cut(tag, ",")
		if !strings.Contains(options, "omitzero") {
			*required = append(*required, key)
		}
		fmt.Fprintf(out, "        %s:\n", key)
		if key == "type" {
			fmt.Fprintf(out, "          const: %s\n", s.frameType(frame))
			continue
		}
		if err := s.printType(out, "          ", f.Type(), s.docs[f.Pos()]); err != nil {
			return fmt.Errorf("field %s: %w", f.Name(), err)
		}
	}
	return nil
}

// printType writes a schema; a reference has no description beside it.
func (s *source) printType(out *bytes.Buffer, indent string, t types.Type, doc string) error {
	switch t := t.(type) {
	case *types.Pointer:
		return s.printType(out, indent, t.Elem(), doc)
	case *types.Named:
		fmt.Fprintf(out, "%s$ref: \"#/components/schemas/%s\"\n", indent, t.Obj().Name())
		return nil
	}
	s.yamlDoc(out, indent, doc)
	switch t := t.(type) {
	case *types.Slice:
		fmt.Fprintf(out, "%stype: array\n%[1]sitems:\n", indent)
		return s.printType(out, indent+"  ", t.Elem(), "")
	case *types.Map:
		fmt.Fprintf(out, "%stype: object\n%[1]sadditionalProperties:\n", indent)
		return s.printType(out, indent+"  ", t.Elem(), "")
	case *types.Basic:
		switch {
		case t.Info()&types.IsString != 0:
			fmt.Fprintf(out, "%stype: string\n", indent)
		case t.Info()&types.IsInteger != 0:
			fmt.Fprintf(out, "%stype: integer\n", indent)
		case t.Info()&types.IsBoolean != 0:
			fmt.Fprintf(out, "%stype: boolean\n", indent)
		default:
			return fmt.Errorf("no schema for %s", t)
		}
		return nil
	}
	return fmt.Errorf("no schema for %s", t)
}

func (s *source) yamlDoc(out *bytes.Buffer, indent, text string) {
	if text == "" {
		return
	}
	fmt.Fprintf(out, "%sdescription: >-\n", indent)
	for line := range strings.Lines(text) {
		fmt.Fprintf(out, "%s  %s\n", indent, strings.TrimSpace(line))
	}
}
