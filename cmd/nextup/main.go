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
	Inspect inspectCmd `cmd:"" help:"Print what a running gateway knows: sites, queues, tickets, conversations, gateways, levels."`
	End     endCmd     `cmd:"" help:"End a ticket."`
	Move    moveCmd    `cmd:"" help:"Give a ticket to an agent, or move it to another queue or tier."`
	Pause   pauseCmd   `cmd:"" help:"Stop offering the visitors of a queue to agents, or go on."`
	Drain   drainCmd   `cmd:"" help:"Have a gateway send its sockets elsewhere and end."`
	Reload  reloadCmd  `cmd:"" help:"Have a gateway read its site file again."`
	Check   checkCmd   `cmd:"" help:"Say everything that is wrong with a site file."`
	Traffic trafficCmd `cmd:"" help:"Send simulated visitors and agents to gateways, at human pace."`

	Simulate simulateCmd `cmd:"" help:"Play a scenario on a virtual clock and print waits and service level."`
	Plan     planCmd     `cmd:"" help:"Say how many agents a forecast needs."`
	Backtest backtestCmd `cmd:"" help:"Say how true the estimates would have been on a log of contacts."`

	Version kong.VersionFlag `help:"Print the version." env:"-"`
}

const description = `Nextup puts visitors in line, shows them their place and an honest wait, and hands
them to an agent who speaks their language and has room.

Settings can be given as environment variables, in capitals: NEXTUP_LISTEN for
--listen. A flag counts before its variable, and an empty one does not count. Give secrets there, or in files: the
arguments of a process can be read by every user of its machine.`

func main() {
	parser, err := newParser(&cli{}, os.Stdout)
	if err != nil {
		panic(err) // a mistake in the tags of a command, which every test meets
	}
	ctx, err := parser.Parse(os.Args[1:])
	parser.FatalIfErrorf(err)
	if err := ctx.Run(variablesOf(ctx.Selected())); err != nil {
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

// newParser returns the parser of the command line. Each flag has an environment variable
// too, which counts where the flag is not given and the variable not empty, but for flags that
// say what one call is about.
func newParser(commands *cli, out io.Writer) (*kong.Kong, error) {
	unsetEmpty()
	return kong.New(commands,
		kong.Name("nextup"),
		kong.Description(description),
		kong.DefaultEnvars(envPrefix),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Vars{"version": thisBuild().String()},
		kong.BindTo(out, (*io.Writer)(nil)),
	)
}
