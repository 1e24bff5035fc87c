package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"nextup/app"
	"nextup/gateway/admin"
)

type inspectCmd struct {
	Sites        inspectSitesCmd        `cmd:"" help:"Print the sites, and how many tickets and agents each has."`
	Queues       inspectQueuesCmd       `cmd:"" help:"Print the lines of a site."`
	Tickets      inspectTicketsCmd      `cmd:"" help:"Print tickets of a site: those that are open, unless a status is named."`
	Ticket       inspectTicketCmd       `cmd:"" help:"Print all that is known of one ticket, but for what people wrote."`
	Conversation inspectConversationCmd `cmd:"" help:"Print the entries of a ticket's conversation, without their texts unless those are asked for."`
	Nodes        inspectNodesCmd        `cmd:"" help:"Print the gateways that live."`
	Level        inspectLevelCmd        `cmd:"" help:"Print the levels of the sites, and what the gateways know."`
}

// Help is shown by --help below the summary.
func (inspectCmd) Help() string {
	return `Asks a running gateway at its admin port (nextup serve --admin), so it works on the
gateway's machine: in a shell, by docker exec or kubectl exec. It shows the line as that
gateway sees it. Names of visitors are not shown, and what people wrote only by
"conversation --texts", which the audit log keeps. docs/admin.md has more.

Example:

    nextup inspect queues
    nextup inspect tickets --queue support/en --limit 10
    kubectl exec chat-nextup-7d4f -- /nextup inspect sites`
}

type siteFlag struct {
	Site string `help:"Site; may be left out if there is only one." placeholder:"ID"`
}

func (f *siteFlag) query() url.Values { return url.Values{"site": {f.Site}} }

type (
	inspectSitesCmd  struct{ adminFlags }
	inspectQueuesCmd struct {
		adminFlags
		siteFlag
	}
	inspectTicketsCmd struct {
		adminFlags
		siteFlag
		Queue   string `help:"Those of a line." env:"-" placeholder:"DEPARTMENT/LANGUAGE"`
		Status  string `help:"Those of a status: waiting, offered, assigned, closed or abandoned." enum:"waiting,offered,assigned,closed,abandoned," default:"" env:"-"`
		Visitor string `help:"Those of a visitor." env:"-" placeholder:"ID"`
		Agent   string `help:"Those that take an agent's room." env:"-" placeholder:"ID"`
		Limit   int    `help:"How many at most: of each line those that stand first, of ended ones the newest." default:"50" env:"-"`
	}
	inspectTicketCmd struct {
		adminFlags
		siteFlag
		Ticket string `arg:"" help:"Id of the ticket."`
	}
	inspectConversationCmd struct {
		adminFlags
		siteFlag
		auditFlags
		Ticket string `arg:"" help:"Id of the ticket."`
		Texts  bool   `help:"Print what people wrote as well; needs --reason, and is in the audit log." env:"-"`
		After  uint64 `help:"Entries after this number alone." env:"-" placeholder:"N"`
	}
	inspectNodesCmd struct{ adminFlags }
	inspectLevelCmd struct{ adminFlags }
)

// table prints rows below a heading, with columns that are wide enough.
func table[T any](out io.Writer, heading string, rows []T, cells func(T) []any) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, heading)
	for _, row := range rows {
		for i, cell := range cells(row) {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, printable(fmt.Sprint(cell)))
		}
		fmt.Fprintln(w)
	}
	_ = w.Flush() // as little as Fprint's errors
}

// printable is a text that people or their systems chose, without what would move the
// cursor or colour the terminal of an operator.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return '·'
	}, s)
}

// moment is a time of the log, "-" for none.
func moment(ms int64) string {
	if ms == 0 {
		return "-"
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05Z")
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "-"
}

// Run implements the command.
func (c *inspectSitesCmd) Run(out io.Writer) error {
	return show(&c.adminFlags, out, "/v1/sites", nil, func(out io.Writer, all []admin.Site) {
		table(out, "SITE\tREADY\tDISPATCHES\tLOG\tLEVEL\tWAITING\tASSIGNED\tENDED\tAGENTS\tAVAILABLE", all, func(s admin.Site) []any {
			ready := "yes"
			if !s.Ready {
				ready = "no: " + s.Why
			}
			return []any{s.ID, ready, yes(s.Dispatches), s.Log, s.Level, s.Waiting, s.Assigned, s.Ended, s.Agents, s.Available}
		})
	})
}

// Run implements the command.
func (c *inspectQueuesCmd) Run(out io.Writer) error {
	return show(&c.adminFlags, out, "/v1/queues", c.query(), func(out io.Writer, all []admin.Queue) {
		table(out, "QUEUE\tWAITING\tAGENTS WITH ROOM\tFIRST JOINED\tSTATE", all, func(q admin.Queue) []any {
			var state []string
			if q.PausedBy != "" {
				state = append(state, fmt.Sprintf("paused by %s: %s", q.PausedBy, q.Paused))
			}
			if q.Unattended {
				state = append(state, "no agent is available")
			}
			if q.Withdrawn {
				state = append(state, "not in the site file")
			}
			return []any{q.Department + "/" + q.Language, q.Waiting, q.WithRoom, moment(q.OldestMS), cmp.Or(strings.Join(state, "; "), "-")}
		})
	})
}

// Run implements the command.
func (c *inspectTicketsCmd) Run(out io.Writer) error {
	query := c.query()
	query.Set("queue", c.Queue)
	query.Set("status", c.Status)
	query.Set("visitor", c.Visitor)
	query.Set("agent", c.Agent)
	query.Set("limit", strconv.Itoa(c.Limit))
	return show(&c.adminFlags, out, "/v1/tickets", query, func(out io.Writer, found admin.Tickets) {
		defer c.cut(out, found)
		if len(found.Tickets) == 0 {
			fmt.Fprintln(out, "no ticket matches")
			return
		}
		table(out, "TICKET\tSTATUS\tQUEUE\tPLACE\tJOINED\tVISITOR\tAGENT\tOFFERS\tEND", found.Tickets, func(t admin.Ticket) []any {
			return []any{
				t.ID, t.Status, t.Department + "/" + t.Language, t.Position, moment(t.JoinedMS), t.Visitor,
				cmp.Or(t.Agent, t.OfferedTo, "-"), t.Offers, cmp.Or(t.End, "-"),
			}
		})
	})
}

// cut prints what a list of tickets leaves out.
func (c *inspectTicketsCmd) cut(out io.Writer, found admin.Tickets) {
	if found.More {
		fmt.Fprintf(out, "there are more than %d: --limit shows more\n", c.Limit)
	}
	if found.NotSearched > 0 {
		fmt.Fprintf(out, "%d that ended before were not looked at: nextup inspect ticket ID shows each\n", found.NotSearched)
	}
}

// Run implements the command.
func (c *inspectTicketCmd) Run(out io.Writer) error {
	if c.Ticket == "" {
		return errNoTicket
	}
	return show(&c.adminFlags, out, "/v1/tickets/"+url.PathEscape(c.Ticket), c.query(), func(out io.Writer, t admin.Ticket) {
		type line struct {
			name  string
			value any
		}
		lines := []line{
			{"ticket", t.ID}, {"status", t.Status}, {"queue", t.Department + "/" + t.Language}, {"topic", t.Topic}, {"urgency", t.Urgency},
			{"asks for", requirement(t)}, {"place", t.Position}, {"head start", (time.Duration(t.HeadStartS) * time.Second).String()},
			{"joined", moment(t.JoinedMS)}, {"visitor", t.Visitor}, {"visitor is on", t.VisitorNode}, {"visitor lost", moment(t.VisitorLostMS)},
			{"held for", t.HeldFor}, {"offers", t.Offers}, {"offered to", t.OfferedTo}, {"did not take it", strings.Join(t.Declined, ", ")},
			{"agent", t.Agent}, {"agent is on", t.AgentNode}, {"agent lost", moment(t.AgentLostMS)}, {"assigned", moment(t.AssignedMS)},
			{"guests", strings.Join(t.Guests, ", ")}, {"ended", moment(t.EndedMS)}, {"end", t.End}, {"newest log number", t.Log},
		}
		lines = slices.DeleteFunc(lines, func(l line) bool { return slices.Contains([]any{"", "-", "0s", 0}, l.value) })
		table(out, "FIELD\tVALUE", lines, func(l line) []any { return []any{l.name, l.value} })
	})
}

func requirement(t admin.Ticket) string {
	asks := slices.Clone(t.Skills)
	if t.Tier > 1 {
		asks = append(asks, fmt.Sprintf("tier %d", t.Tier))
	}
	return strings.Join(asks, ", ")
}

// errNoTicket is for an id from a variable of a shell that is not set.
var errNoTicket = errors.New("want the id of a ticket: the one that was given is empty")

// Run implements the command.
func (c *inspectConversationCmd) Run(out io.Writer) error {
	if c.Ticket == "" {
		return errNoTicket
	}
	query := c.query()
	if c.Texts {
		if c.Reason == "" {
			return errors.New("--texts: reading what people wrote needs a --reason, for the audit log")
		}
		query.Set("texts", "true")
		query.Set("by", c.operator())
		query.Set("reason", c.Reason)
	}
	query.Set("after", strconv.FormatUint(c.After, 10))
	return show(&c.adminFlags, out, "/v1/conversations/"+url.PathEscape(c.Ticket), query, func(out io.Writer, all []admin.Entry) {
		heading := "NUMBER\tAT\tKIND\tROLE\tFROM\tID"
		if c.Texts {
			heading += "\tTEXT"
		}
		if len(all) == 0 {
			fmt.Fprintf(out, "there is no entry after number %d\n", c.After)
			return
		}
		table(out, heading, all, func(e admin.Entry) []any {
			cells := []any{e.Number, moment(e.AtMS), e.Kind, cmp.Or(e.Role, "-"), cmp.Or(e.From, "-"), cmp.Or(e.MessageID, "-")}
			if c.Texts {
				cells = append(cells, e.Text)
			}
			return cells
		})
		if len(all) == app.MaxTranscript {
			fmt.Fprintf(out, "there may be more: --after %d\n", all[len(all)-1].Number)
		}
	})
}

// Run implements the command.
func (c *inspectNodesCmd) Run(out io.Writer) error {
	return show(&c.adminFlags, out, "/v1/nodes", nil, func(out io.Writer, all []admin.Node) {
		table(out, "GATEWAY\tANSWERS\tKNOWS LEVEL\tANOTHER SITE FILE FOR", all, func(n admin.Node) []any {
			return []any{n.Name, yes(n.Self), n.Level, cmp.Or(strings.Join(n.Differs, ", "), "-")}
		})
	})
}

// Run implements the command.
func (c *inspectLevelCmd) Run(out io.Writer) error {
	return show(&c.adminFlags, out, "/v1/level", nil, func(out io.Writer, l admin.Levels) {
		table(out, "SITE\tLEVEL", l.Sites, func(s admin.NamedLevel) []any { return []any{s.Name, s.Level} })
		fmt.Fprintln(out)
		if l.Unknown != "" {
			fmt.Fprintln(out, l.Unknown)
			return
		}
		table(out, "GATEWAY\tKNOWS", l.Nodes, func(n admin.NamedLevel) []any { return []any{n.Name, n.Level} })
	})
}
