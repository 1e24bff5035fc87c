// Command tsgen prints the TypeScript side of gateway/protocol: interfaces of
// the frames with their comments, unions of their names and codes, and the
// limits. It reads Go source, not compiled types, because constants and
// comments are part of the contract and reflection sees neither. With a third
// argument it also writes the frames as an AsyncAPI document.
//
// Usage: tsgen PACKAGE_DIR TYPESCRIPT_FILE [ASYNCAPI_FILE]
package main

import (
	"bytes"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) < 3 || len(os.Args) > 4 {
		fmt.Fprintln(os.Stderr, "usage: tsgen PACKAGE_DIR TYPESCRIPT_FILE [ASYNCAPI_FILE]")
		os.Exit(2)
	}
	source, err := load(os.Args[1])
	if err == nil {
		err = write(os.Args[2], source.print)
	}
	if err == nil && len(os.Args) == 4 {
		err = write(os.Args[3], source.printAsyncAPI)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tsgen:", err)
		os.Exit(1)
	}
}

func write(path string, content func(*bytes.Buffer) error) error {
	var out bytes.Buffer
	if err := content(&out); err != nil {
		return err
	}
	return os.WriteFile(path, out.Bytes(), 0o644)
}
