package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const protocolDir = "../../gateway/protocol"

func TestTheCommittedFilesAreThoseOfTheProtocol(t *testing.T) {
	s, err := load(protocolDir)
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string]func(*bytes.Buffer) error{
		"../../client-js/src/core/protocol.gen.ts": s.print,
		"../../docs/asyncapi.yaml":                 s.printAsyncAPI,
	} {
		var want bytes.Buffer
		if err := content(&want); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want.Bytes()) {
			t.Errorf("%s is not what the protocol says: run go generate ./gateway/protocol", path)
		}
	}
}

func TestAFieldWithoutTypeScriptIsRefusedByName(t *testing.T) {
	for name, field := range map[string]string{
		"a map by number": "Extra map[int]string `json:\"extra\"`",
		"a map of floats": "Extra map[string]float64 `json:\"extra\"`",
		"a float":         "Extra float64 `json:\"extra\"`",
		"no json name":    "Extra string",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			code := "package protocol\ntype Type string\ntype CloseCode int\nconst TypeA Type = \"a\"\n" +
				"type A struct {\n\tType Type `json:\"type\"`\n\t" + field + "\n}\n" +
				"func (A) FrameType() Type { return TypeA }\nfunc (A) serverFrame() Type { return TypeA }\n"
			if err := os.WriteFile(filepath.Join(dir, "a.go"), []byte(code), 0o600); err != nil {
				t.Fatal(err)
			}
			s, err := load(dir)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.print(new(bytes.Buffer)); err == nil || !strings.Contains(err.Error(), "Extra") {
				t.Errorf("got %v, want an error that names Extra", err)
			}
		})
	}
}
