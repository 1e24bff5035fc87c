// Command bench measures the gateway beside a server made with the centrifuge
// library and beside bare sockets, on the same work, in turn.
//
// Every server and every crowd of clients is a process of its own: nextup itself,
// or this very binary under another first argument, driven over its standard input
// (see package orders). What is compared is read from outside: CPU time and resident
// memory of the server's process as the kernel counts them, CPU time and commands
// of Redis, frames that clients received. The machine may be small and shared, so
// the subjects take turns several times and medians are compared; ratios mean
// more than figures.
//
//	go run . run                      every row, into the table on stdout
//	go run . run -rows idle,chat      some rows
//	go run . run -out ../docs/x.md    and into a file, between its two marks
//	go run . run -rows chat -before COMMIT -repeats 12   beside an earlier nextup
package main

import (
	"fmt"
	"os"
)

func main() {
	roles := map[string]func(args []string) error{
		"run": run, "centrifuge": serveCentrifuge, "raw": serveRaw, "crowd": serveCrowd, "line": serveLine,
	}
	if len(os.Args) < 2 || roles[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: bench run [-rows LIST] [-conns N] [-repeats N] [-out FILE] [-before COMMIT]")
		os.Exit(2)
	}
	if err := roles[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", os.Args[1]+":", err)
		os.Exit(1)
	}
}
