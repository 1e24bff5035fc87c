package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"nextup/internal/trace"
	"nextup/internal/trace/export"
)

type backtestCmd struct {
	Log    string        `arg:"" help:"A trace, or the export of another desk, plain or gzipped."`
	Format string        `help:"What the log is: trace, asterisk, asterisk-table, chatwoot, rocketchat, zendesk or zendesk-chat; found by its header otherwise." placeholder:"NAME"`
	Zone   string        `help:"Time zone of an export's stamps without one, and of the hours in the summary, such as Europe/Berlin." default:"UTC"`
	Dates  string        `help:"Whether the day (dmy) or the month (mdy) comes first in an export's dates, if the file does not tell." placeholder:"ORDER" enum:",dmy,mdy" default:""`
	Away   time.Duration `help:"How long an agent without a contact still counts as there, in an export without their status." default:"30m"`
	Every  time.Duration `help:"Ask also so often while a ticket waits; 0 asks at the join alone." default:"0s"`
	Over   time.Duration `help:"Summary: score waits longer than this." default:"0s"`
	After  float64       `help:"Summary: score those who joined after this share of the trace's time." default:"0"`
	Seed   uint64        `help:"The same seed gives the same estimates." default:"1"`
}

// Help is shown by --help below the summary.
func (backtestCmd) Help() string {
	return `Replays a log of contacts and writes, as one JSON line per join, what the estimator would
have said with what was known then. A summary goes to stderr: how far off it was, next to
simpler ways to estimate; how true the ranges were, by size of the estimate, position,
queue, hour and class; and in words where they were wrong. With --every it counts those
who would have been shown a longer wait than before. A row that cannot be read ends it
with 2.

The log is one of these, found by its header:

    trace           the form below, with a header or without
    asterisk        the file queue_log, several of them one after the other as well
    asterisk-table  the same as a table: time, callid, queuename, agent, event
    chatwoot        the table reporting_events
    rocketchat      mongoexport --type=csv of rocketchat_room with the fields _id, t, ts,
                    queuedAt, departmentId, servedBy.username, servedBy.ts, closedAt
    zendesk         the CSV export of tickets
    zendesk-chat    chats of the API: id, type, timestamp, end_timestamp, duration,
                    wait_time, department_name, agent_names, missed, started_by

Of an export it says what it was read as, which rows were left out, what the export does
not say, and what follows for the judgement. Only queue_log tells when agents are there.

The columns of a trace are at_ms (milliseconds that never go back), event, ticket, agent, queue and,
where there are any, head_start_s and capacity, in any order; others are ignored. At the
same stamp the events stand in this order:

    agent_on   agent, queue (those served, as a|b), capacity (1 if empty)
    close      ticket, agent
    join       ticket, queue, head_start_s (0 if empty)
    assign     ticket, agent
    abandon    ticket
    agent_off  agent

Each line is an object with ticket, queue, at_ms, position, known (false where no person
serves the queue), mean_s, p10_s, p25_s, p50_s, p90_s, and shown_low_s and shown_high_s, which
are what the visitor would see by then: 7200 stands for more than an hour.

Examples:

    nextup backtest last-month.csv.gz > said.jsonl
    nextup backtest --every 30s --over 5s --after 0.5 last-month.csv > said.jsonl
    cat /var/log/asterisk/queue_log.1 /var/log/asterisk/queue_log > calls && nextup backtest calls
    nextup backtest --zone Europe/Berlin --over 3m tickets.csv > said.jsonl`
}

// Run implements the command.
func (c *backtestCmd) Run(out io.Writer) error {
	if c.Every < 0 || c.Over < 0 || c.After < 0 || c.After >= 1 {
		return fmt.Errorf("backtest: --every and --over are 0 or more, --after is from 0 to below 1")
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil || c.Away <= 0 {
		return fmt.Errorf("backtest: --zone is a time zone such as Europe/Berlin, --away is above 0: %s, %v", c.Zone, c.Away)
	}
	log, report, err := export.Open(c.Log, export.Options{Format: c.Format, Zone: zone, DayFirst: c.Dates, Away: c.Away})
	if err != nil {
		return err
	}
	if report != nil {
		report.Print(os.Stderr)
	}
	if len(log.Ignored) > 0 {
		fmt.Fprintf(os.Stderr, "backtest: ignoring the columns %s\n", strings.Join(log.Ignored, ", "))
	}
	score := &trace.Score{Hour: log.Hour, Over: c.Over.Seconds(), From: log.First + int64(c.After*float64(log.Last-log.First))}
	lines := bufio.NewWriterSize(out, 1<<16)
	reported := time.Now()
	err = trace.Replay(log, trace.Options{
		Every: c.Every.Milliseconds(), Seed: c.Seed, Scores: []*trace.Score{score},
		OnEstimate: func(s trace.Estimate) error {
			if err := json.MarshalWrite(lines, s); err != nil {
				return err
			}
			return lines.WriteByte('\n')
		},
		Progress: func(events int) {
			if time.Since(reported) > progressEvery {
				reported = time.Now()
				fmt.Fprintf(os.Stderr, "backtest: %d of %d events (%.0f %%)\n", events, log.Rows, 100*float64(events)/float64(log.Rows))
			}
		},
	})
	if err != nil {
		return err
	}
	if err := lines.Flush(); err != nil {
		return err
	}
	score.Print(os.Stderr)
	return nil
}

// progressEvery is how often a long run reports its progress.
const progressEvery = 2 * time.Second
