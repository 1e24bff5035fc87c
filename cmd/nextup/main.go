// Command nextup is the gateway and its tools in one binary. Each subcommand is
// one file: its flags, its help and its Run; everything else lives in packages.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
)

// cli has one field for each subcommand.
type cli struct {
	Serve   serveCmd   `cmd:"" help:"Run a gateway."`
	Token   tokenCmd   `cmd:"" help:"Sign a token for development, or explain one."`
	Level   levelCmd   `cmd:"" help:"Show or raise what the logs of sites may hold, which rules whether an older release can serve them."`
	Check   checkCmd   `cmd:"" help:"Say everything that is wrong with a site file."`
	Traffic trafficCmd `cmd:"" help:"Send simulated visitors and agents to gateways, at human pace."`

	Simulate simulateCmd `cmd:"" help:"Play a scenario on a virtual clock and print waits and service level."`
	Plan     planCmd     `cmd:"" help:"Say how many agents a forecast needs."`
	Backtest backtestCmd `cmd:"" help:"Say how true the estimates would have been on a log of contacts."`

	Version kong.VersionFlag `help:"Print the version."`
}

const description = `Nextup puts visitors in line, shows them their place and an honest wait, and hands
them to an agent who speaks their language and has room.`

func main() {
	var commands cli
	ctx := kong.Parse(&commands,
		kong.Name("nextup"),
		kong.Description(description),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Vars{"version": thisBuild().String()},
		kong.BindTo(os.Stdout, (*io.Writer)(nil)),
	)
	if err := ctx.Run(); err != nil {
		if !errors.As(err, new(loggedError)) {
			fmt.Fprintln(os.Stderr, "nextup:", err)
		}
		code := 1
		if coded := (interface{ ExitCode() int })(nil); errors.As(err, &coded) {
			code = coded.ExitCode()
		}
		os.Exit(code)
	}
}
