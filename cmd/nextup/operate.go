package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"nextup/gateway/admin"
)

// endCmd, moveCmd and pauseCmd are commands of package app, asked for at the admin port of
// a gateway; drainCmd and reloadCmd are for that gateway itself.
type (
	endCmd struct {
		adminFlags
		siteFlag
		auditFlags
		Ticket string `arg:"" help:"Id of the ticket."`
	}
	moveCmd struct {
		adminFlags
		siteFlag
		auditFlags
		Ticket     string `arg:"" help:"Id of the ticket."`
		Agent      string `help:"Agent who gets it." env:"-" placeholder:"ID"`
		Department string `help:"Department to which it goes." env:"-" placeholder:"ID"`
		Language   string `help:"Language in which it waits." env:"-" placeholder:"TAG"`
		Tier       int    `help:"Lowest tier that will do from now on, 1 to 3." env:"-" placeholder:"N"`
	}
	pauseCmd struct {
		adminFlags
		siteFlag
		auditFlags
		Queue  string `arg:"" help:"Queue, as department/language."`
		Resume bool   `help:"Go on serving it." env:"-"`
	}
	drainCmd struct {
		adminFlags
		auditFlags
	}
	reloadCmd struct {
		adminFlags
		auditFlags
	}
)

const operateHelp = `It is asked of a running gateway at its admin port (nextup serve --admin), on the
gateway's machine, and holds on all gateways. The audit log has it with --by and
--reason. docs/admin.md has more.

Example:

    `

// Help is shown by --help below the summary.
func (endCmd) Help() string {
	return `To people it ends as if its agent had closed it or, while it waits, its visitor had left.
` + operateHelp + `nextup end 0c6e7a1e-… --reason "a test of ours"`
}

// Help is shown by --help below the summary.
func (moveCmd) Help() string {
	return `It keeps the time of its join and its conversation, as a transfer does.
` + operateHelp + `nextup move 0c6e7a1e-… --department support --language en --reason "came to the wrong line"`
}

// Help is shown by --help below the summary.
func (pauseCmd) Help() string {
	return `Visitors still join a paused queue and keep their places; none of them is offered to an agent.
` + operateHelp + `nextup pause support/en --reason "a fire drill"
    nextup pause support/en --resume --reason "it is over"`
}

// Help is shown by --help below the summary.
func (drainCmd) Help() string {
	return `As SIGTERM does: it is not ready any more, sends its sockets to the other gateways, and
ends. An orchestrator may start it again.`
}

// Help is shown by --help below the summary.
func (reloadCmd) Help() string {
	return `As SIGHUP does, but with an answer: it fails if the site file is refused, and what was in
force stays.`
}

// Run implements the command.
func (c *endCmd) Run(out io.Writer) error {
	return c.operate(out, "end", c.auditFlags, admin.Command{Site: c.Site, Ticket: c.Ticket})
}

// Run implements the command.
func (c *moveCmd) Run(out io.Writer) error {
	if c.Agent == "" && c.Department == "" && c.Language == "" && c.Tier == 0 {
		return errors.New("say where it goes: --agent, --department, --language or --tier")
	}
	return c.operate(out, "move", c.auditFlags, admin.Command{
		Site: c.Site, Ticket: c.Ticket, Agent: c.Agent, Department: c.Department, Language: c.Language, Tier: c.Tier,
	})
}

// Run implements the command.
func (c *pauseCmd) Run(out io.Writer) error {
	department, language, ok := strings.Cut(c.Queue, "/")
	if !ok {
		return fmt.Errorf("%s: want a queue as department/language (nextup inspect queues lists them)", c.Queue)
	}
	name := "pause"
	if c.Resume {
		name = "resume"
	}
	return c.operate(out, name, c.auditFlags, admin.Command{Site: c.Site, Department: department, Language: language})
}

// operate asks for a command and prints what came of it.
func (f *adminFlags) operate(out io.Writer, name string, audit auditFlags, c admin.Command) error {
	if audit.Reason == "" {
		return errors.New("a --reason is needed, for the audit log")
	}
	c.By, c.Reason = audit.operator(), audit.Reason
	answer, err := f.ask(http.MethodPost, "/v1/commands/"+name, nil, c)
	if err != nil {
		return err
	}
	if f.JSON {
		return printJSON(out, answer)
	}
	var done admin.Done
	if err := json.Unmarshal(answer, &done); err != nil {
		return err
	}
	if done.Log == 0 {
		fmt.Fprintln(out, "nothing to do: it is so already")
		return nil
	}
	fmt.Fprintf(out, "done, as number %d of the site's log\n", done.Log)
	return nil
}

// Run implements the command.
func (c *drainCmd) Run(out io.Writer) error { return c.tell(out, "/drain", c.auditFlags) }

// Run implements the command.
func (c *reloadCmd) Run(out io.Writer) error { return c.tell(out, "/reload", c.auditFlags) }

func (f *adminFlags) tell(out io.Writer, path string, audit auditFlags) error {
	answer, err := f.ask(http.MethodPost, path, nil, admin.Command{By: audit.operator(), Reason: audit.Reason})
	if err == nil {
		_, err = out.Write(answer)
	}
	return err
}
