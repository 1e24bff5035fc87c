package export

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nextup/internal/trace"
)

// lines are the events of a log as text, with the seconds since the first one.
func lines(t *testing.T, log *trace.Log) (all []string) {
	t.Helper()
	first := int64(-1)
	err := log.Events(func(e *trace.Event) error {
		if first < 0 {
			first = e.At
		}
		what := []string{fmt.Sprintf("%g", float64(e.At-first)/1000), string(e.Kind)}
		for _, s := range []string{e.Ticket, e.Agent, e.Queue, strings.Join(e.Serves, "|")} {
			if s != "" {
				what = append(what, s)
			}
		}
		if e.Kind == trace.AgentOn {
			what = append(what, fmt.Sprint("×", e.Capacity))
		}
		all = append(all, strings.Join(what, " "))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestWhatADeskExportsIsReadAsWhatHappened(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		file   string
		events string
		report string
	}{
		{"queue_log", `0 agent_on PJSIP/201 care|sales ×1
95 join 1793520100.11 sales
107 assign 1793520100.11 PJSIP/201
115 join 1793520120.13 care
167 close 1793520100.11 PJSIP/201
170 assign 1793520120.13 PJSIP/201
175 join 1793520180.15 care
195 close 1793520120.13 PJSIP/201
200 agent_off PJSIP/201
225 abandon 1793520180.15
295 agent_on PJSIP/201 care|sales ×1
305 join 1793520310.16 sales
335 join 1793520310.16/2 care
335 abandon 1793520310.16
340 agent_on PJSIP/202 care ×1
340 assign 1793520310.16/2 PJSIP/202
395 close 1793520310.16/2 PJSIP/202
395 agent_off PJSIP/202`, "Asterisk (queue_log): 5 contacts of 2 agents in 2 queues, from 2026-11-01 08:00 to 2026-11-01 08:06 UTC; 3 were served, 2 left, 0 still waited.\nLeft out: 1 that began before the file does (line 21)."},
		{"queue_table.csv", `0 join 1793523600.1 sales
10.5 agent_on PJSIP/201 sales ×1
10.5 assign 1793523600.1 PJSIP/201
130.5 close 1793523600.1 PJSIP/201
130.5 agent_off PJSIP/201`, "1 contacts of 1 agents in 1 queues"},
		{"chatwoot.csv", `0 join 101 7
42 agent_on 3 7 ×1
42 assign 101 3
60 join 102 7
130 agent_on 4 7|8 ×2
130 assign 102 4
240 join 103 8
360 join 104 8
500 assign 104 4
540 abandon 103
600 close 101 3
600 agent_off 3
1200 close 104 4`, "4 contacts of 2 agents in 2 queues, from 2026-11-02 09:00 to 2026-11-02 09:20 UTC; 3 were served, 1 left"},
		{"rocketchat.csv", `0 join aQ1 care
31.1 agent_on ann care|none ×1
31.1 assign aQ1 ann
59.6 join bQ2 care
69.6 agent_on bo care ×1
69.6 assign bQ2 bo
119.6 join cQ3 care
179.6 abandon cQ3
239.6 close bQ2 bo
239.6 agent_off bo
299.6 close aQ1 ann
359.6 join dQ4 none
364.6 assign dQ4 ann`, "Left out: 1 that are of other kinds (line 4)."},
		{"zendesk.csv", `0 join 5001 Cards
60.046 join 5002 Loans
60.47 agent_on Bo Chen Loans ×1
60.47 assign 5002 Bo Chen
60.471 close 5002 Bo Chen
60.471 agent_off Bo Chen
120.47 agent_on Ann Lee Cards ×1
120.47 assign 5001 Ann Lee
180.804 join 5003 Cards
540.469 abandon 5003
720.469 close 5001 Ann Lee
720.469 agent_off Ann Lee`, "Left out: 1 that end before they begin (line 6), 1 that stand there twice (line 7)."},
		{"zendesk_chat.csv", `0 join 2611.1.a Cards
25 agent_on Ann Lee Cards ×1
25 assign 2611.1.a Ann Lee
60 join 2611.1.b Cards
150 abandon 2611.1.b
360 close 2611.1.a Ann Lee
360 agent_off Ann Lee`, "Left out: 1 that are of other kinds (line 4), 1 that were begun by an agent (line 5)."},
	} {
		t.Run(tt.file, func(t *testing.T) {
			t.Parallel()
			log, report, err := Open(filepath.Join("testdata", tt.file), Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(lines(t, log), "\n"); got != tt.events {
				t.Errorf("read as\n%s\nwant\n%s", got, tt.events)
			}
			var out bytes.Buffer
			report.Print(&out)
			if !strings.Contains(out.String(), tt.report) || !strings.Contains(out.String(), "does not say") {
				t.Errorf("the report has no %q:\n%s", tt.report, &out)
			}
		})
	}
}

// The same export in the clothes of another program says the same.
func TestAnExportMayBeWrittenInSeveralWays(t *testing.T) {
	t.Parallel()
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	events := func(t *testing.T, text string, o Options) string {
		log, _, err := Parse(text, o)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(lines(t, log), "\n")
	}
	zendesk, rooms, calls := read("zendesk.csv"), read("rocketchat.csv"), read("queue_log")
	header, body, _ := strings.Cut(zendesk, "\r\n")
	order := func(text, layout string) string {
		return stampForm.ReplaceAllStringFunc(text, func(s string) string {
			at, err := time.Parse("2006-01-02 15:04", s)
			if err != nil {
				t.Fatal(err)
			}
			return at.Format(layout)
		})
	}
	half := strings.Index(calls, "1793520180|")
	for _, tt := range []struct {
		name, text, as string
		o              Options
	}{
		{"lines that end in LF", strings.ReplaceAll(zendesk, "\r\n", "\n"), zendesk, Options{}},
		{"no byte order mark", strings.TrimPrefix(zendesk, "\ufeff"), zendesk, Options{}},
		{"a header in capitals", strings.ToUpper(header) + "\r\n" + body, zendesk, Options{}},
		{"an empty line at the end", zendesk + "\r\n", zendesk, Options{}},
		{"two files, each with its header", zendesk + strings.TrimPrefix(zendesk, "\ufeff"), zendesk, Options{}},
		{"the day first, said", order(zendesk, "02-01-2006 15:04"), zendesk, Options{DayFirst: "dmy"}},
		{"the month first, with a clock of twelve hours", order(zendesk, "1/2/06 3:04 PM"), zendesk, Options{DayFirst: "mdy"}},
		{"the format named", zendesk, zendesk, Options{Format: "zendesk"}},
		{"semicolons between the fields", strings.ReplaceAll(rooms, ",", ";"), rooms, Options{}},
		{"tabs between the fields", strings.ReplaceAll(rooms, ",", "\t"), rooms, Options{}},
		{"NULL for nothing", strings.ReplaceAll(rooms, ",,", ",NULL,"), rooms, Options{}},
		{"a zone in the stamps", strings.ReplaceAll(strings.ReplaceAll(rooms, "T09", "T10"), "Z", "+01:00"), rooms, Options{}},
		{"joined files that are out of order", calls[half:] + calls[:half], calls, Options{}},
		{"a queue_log with CR LF", strings.ReplaceAll(calls, "\n", "\r\n"), calls, Options{}},
		{"events of the desk's own", calls + "1793520600|x|sales|NONE|SURVEY|5\n", calls, Options{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := events(t, tt.as, Options{})
			if got := events(t, tt.text, tt.o); got != want {
				t.Errorf("read as\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestWhatCannotBeReadIsNamedWithItsLine(t *testing.T) {
	t.Parallel()
	const rooms = "_id,ts,servedBy.username,servedBy.ts,closedAt\n"
	const tickets = "Id,Assignee,Group,Created at,Initially assigned at,Solved at\n"
	for _, tt := range []struct {
		name, text string
		o          Options
		line       int
		reason     string
	}{
		{"nothing", "", Options{}, 1, "there is no row"},
		{"no contact", rooms, Options{}, 1, "there is no contact that waited"},
		{"an unknown header", "a,b,c\n1,2,3\n", Options{}, 1, "the columns are those of no export"},
		{"a missing column", "Id,Group,Created at\n", Options{Format: "zendesk"}, 1, `there is no column "assignee"; Zendesk (tickets) needs "id"`},
		{"a column that is there twice", strings.TrimSuffix(rooms, "\n") + ",ts\n", Options{}, 1, `column "ts" stands there twice`},
		{"too few fields", rooms + "a,b\n", Options{}, 2, "2 columns, want 5"},
		{"a time that is none", rooms + "a,soon,,,\n", Options{}, 2, `column "ts": "soon" is no time`},
		{"a year that is a mistake", rooms + "a,0001-01-01T00:00:00Z,,,\n", Options{}, 2, "is in the year 1"},
		{"no id", rooms + ",2026-11-02T09:00:00Z,,,\n", Options{}, 2, `column "_id" is empty`},
		{"days that may be months", tickets + "1,a,g,3/4/2026 9:00,3/4/2026 9:01,\n", Options{}, 2, "--dates dmy or mdy"},
		{"days and months in both orders", tickets + "1,a,g,13/4/2026 9:00,,\n2,a,g,4/13/2026 9:00,,\n", Options{}, 3, "in a row above the other"},
		{"a quote that never ends", tickets + "1,\"a,g,2026-04-03 9:00,,\n", Options{}, 2, "quote"},
		{"a line of queue_log that is cut off", "1793520000|NONE|NONE|NONE|QUEUESTART|\n17935200", Options{}, 2, "1 fields between |"},
		{"a line of queue_log without a time", "now|NONE|NONE|NONE|QUEUESTART|\n", Options{}, 1, `"now" is no time in seconds since 1970`},
		{"a line of queue_log that never ends", "1793520000|NONE|NONE|NONE|QUEUESTART|\n" + strings.Repeat("|", maxLine), Options{}, 2, "cannot be read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := Parse(tt.text, tt.o)
			var row *trace.RowError
			if !errors.As(err, &row) || row.Line != tt.line || !strings.Contains(row.Reason, tt.reason) {
				t.Errorf("got %v, want line %d and %q", err, tt.line, tt.reason)
			}
		})
	}
	if _, _, err := Parse(rooms, Options{Format: "pigeon"}); err == nil || !strings.Contains(err.Error(), "trace, asterisk") {
		t.Errorf("an unknown format: %v", err)
	}
}

// Stamps without a zone are those of the desk's clock, and so are the hours of the day.
func TestTheHoursAreThoseOfTheDesk(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	const tickets = "Id,Assignee,Group,Created at,Initially assigned at,Solved at\n"
	for _, tt := range []struct {
		name, text string
		hour       int
		waits      int64 // seconds
	}{
		{"a desk's own clock", tickets + "1,a,g,2026-11-02 09:00,2026-11-02 09:05,2026-11-02 09:30\n", 9, 300},
		{"UTC", tickets + "1,a,g,2026-11-02 09:00:00 UTC,2026-11-02 09:05:00 UTC,\n", 10, 300},
		{"after the clock was put forward", tickets + "1,a,g,2026-03-29 01:58,2026-03-29 03:03,2026-03-29 04:00\n", 1, 300},
		{"Rocket.Chat's are UTC", "_id,ts,servedBy.username,servedBy.ts,closedAt\n1,2026-11-02 09:00:00,a,2026-11-02 09:05:00,\n", 10, 300},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log, _, err := Parse(tt.text, Options{Zone: berlin})
			if err != nil {
				t.Fatal(err)
			}
			var joined, taken int64
			_ = log.Events(func(e *trace.Event) error {
				if e.Kind == trace.Join {
					joined = e.At
				}
				if e.Kind == trace.Assign {
					taken = e.At
				}
				return nil
			})
			if waited := (taken - joined + 500) / 1000; log.Hour(joined) != tt.hour || waited != tt.waits {
				t.Errorf("joined at %d o'clock and waited %d s, want %d and %d", log.Hour(joined), waited, tt.hour, tt.waits)
			}
		})
	}
}

func TestAnAgentWithoutAStatusIsThereWhileTheyTakeContacts(t *testing.T) {
	t.Parallel()
	minutes := func(pairs ...int64) (all []span) {
		for i := 0; i < len(pairs); i += 2 {
			all = append(all, span{pairs[i], pairs[i+1]})
		}
		return all
	}
	for _, tt := range []struct {
		name               string
		spans, said, pause []span
		want               []span
		capacity           int
	}{
		{"one after the other", minutes(0, 5, 5, 9), nil, nil, minutes(0, 9), 1},
		{"two at a time", minutes(0, 5, 3, 9), nil, nil, minutes(0, 9), 2},
		{"two for a moment", minutes(0, 1000, 995, 2000), nil, nil, minutes(0, 2000), 1},
		{"a rest shorter than away", minutes(0, 5, 30, 40), nil, nil, minutes(0, 40), 1},
		{"a night", minutes(0, 5, 500, 510), nil, nil, minutes(0, 5, 500, 510), 1},
		{"a pause between", minutes(0, 5, 30, 40), nil, minutes(10, 20), minutes(0, 10, 20, 40), 1},
		{"a login that says more", minutes(10, 20), minutes(0, 60), nil, minutes(0, 60), 1},
		{"a contact outside the login", minutes(10, 20, 90, 95), minutes(0, 60), nil, minutes(0, 60, 90, 95), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a := &agent{spans: tt.spans, said: tt.said, away: tt.pause}
			a.measure()
			if got := a.presence(30); fmt.Sprint(got) != fmt.Sprint(tt.want) || a.capacity != tt.capacity {
				t.Errorf("there %v with room for %d, want %v and %d", got, a.capacity, tt.want, tt.capacity)
			}
		})
	}
}
