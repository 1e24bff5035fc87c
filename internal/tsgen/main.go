// Command tsgen prints the TypeScript side of gateway/protocol: interfaces of
// the frames with their comments, unions of their names and codes, and the
// limits. It reads Go source, not compiled types, because constants and
// comments are part of the contract and reflection sees neither.
//
// Usage: tsgen PACKAGE_DIR OUTPUT_FILE
package main

import (
	"bytes"
	"fmt"
	"os"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: tsgen PACKAGE_DIR OUTPUT_FILE")
		os.Exit(2)
	}
	source, err := load(os.Args[1])
	if err == nil {
		var out bytes.Buffer
		if err = source.print(&out); err == nil {
			err = os.WriteFile(os.Args[2], out.Bytes(), 0o644)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "tsgen:", err)
		os.Exit(1)
	}
}
