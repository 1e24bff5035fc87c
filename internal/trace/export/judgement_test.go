package export

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"nextup/internal/trace"
)

var stampForm = regexp.MustCompile(`2026-11-02 \d\d:\d\d`)

// visit is one contact of the day, in seconds since midnight.
type visit struct{ joined, taken, ended, agent int }

// busyDay is a day of four agents who are there from the first contact to the last and
// take one after the other, with a line most of the time; one visitor in ten leaves.
func busyDay() (all []visit) {
	rng := rand.New(rand.NewPCG(7, 7))
	free := [4]int{}
	for at := 8 * 3600; at < 20*3600; at += 1 + int(rng.ExpFloat64()*55) {
		first := 0
		for i := range free {
			if free[i] < free[first] {
				first = i
			}
		}
		begin := max(at, free[first])
		if wait := begin - at; wait > 120 && rng.IntN(10) == 0 {
			all = append(all, visit{at, 0, at + 100, -1})
			continue
		}
		end := begin + 20 + int(rng.ExpFloat64()*180)
		free[first] = end
		all = append(all, visit{at, begin, end, first})
	}
	return all
}

// midnight is that of the day.
var midnight = time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)

func clock(second int, layout string) string {
	if second == 0 {
		return ""
	}
	return midnight.Add(time.Duration(second) * time.Second).Format(layout)
}

// contacts returns the day as contacts, in the order in which they joined. Where an export has whole
// minutes, these are spread over a second as it is read.
func contacts(day []visit, unit int) []contact {
	var all []contact
	for i, v := range day {
		at := func(second int) int64 { return int64(second-second%unit) * 1000 }
		c := contact{id: fmt.Sprint("t", i), joined: at(v.joined), taken: at(v.taken), ended: at(v.ended), agent: int32(v.agent)}
		if unit == 60 {
			c.withinMinute()
		}
		if c.agent >= 0 {
			c.ended = max(c.ended, c.taken+1)
		}
		all = append(all, c)
	}
	slices.SortStableFunc(all, func(a, b contact) int { return cmp.Compare(a.joined, b.joined) })
	return all
}

// The same day gives the same judgement in each form. Tickets of Zendesk have whole minutes, so they are
// judged as a trace that has no more.
func TestADayOfContactsIsJudgedTheSameInEveryForm(t *testing.T) {
	t.Parallel()
	day := busyDay()
	var b [6]strings.Builder
	b[1].WriteString("time,callid,queuename,agent,event\n")
	b[2].WriteString("name,inbox_id,user_id,conversation_id,event_start_time,event_end_time\n")
	b[3].WriteString("_id,ts,servedBy.username,servedBy.ts,closedAt,departmentId\n")
	b[4].WriteString("Id,Assignee,Group,Created at,Initially assigned at,Solved at\n")
	b[5].WriteString("id,timestamp,duration,wait_time,department_name,agent_names,missed\n")
	first := [4]int{}
	end := [4]int{}
	for _, v := range day {
		if v.agent >= 0 {
			if first[v.agent] == 0 {
				first[v.agent] = v.taken
			}
			end[v.agent] = max(end[v.agent], v.ended)
		}
	}
	for i := range 4 {
		fmt.Fprintf(&b[0], "%d|NONE|q|a%d|ADDMEMBER|\n%d|NONE|q|a%d|REMOVEMEMBER|\n", midnight.Unix()+int64(first[i]), i, midnight.Unix()+int64(end[i]), i)
	}
	for i, v := range day {
		agent, unix := "", midnight.Unix()
		if v.agent >= 0 {
			agent = fmt.Sprint("a", v.agent)
			fmt.Fprintf(&b[0], "%d|t%d|q|NONE|ENTERQUEUE||1\n%d|t%d|q|%s|CONNECT|1\n%d|t%d|q|%s|COMPLETEAGENT|1\n", unix+int64(v.joined), i, unix+int64(v.taken), i, agent, unix+int64(v.ended), i, agent)
			fmt.Fprintf(&b[1], "%s,t%d,q,NONE,ENTERQUEUE\n%s,t%d,q,%s,CONNECT\n%s,t%d,q,%s,COMPLETECALLER\n", clock(v.joined, time.DateTime), i, clock(v.taken, time.DateTime), i, agent, clock(v.ended, time.DateTime), i, agent)
			fmt.Fprintf(&b[2], "first_response,q,%s,t%d,%s,%s\n", agent, i, clock(v.joined, time.DateTime), clock(v.taken, time.DateTime))
		} else {
			fmt.Fprintf(&b[0], "%d|t%d|q|NONE|ENTERQUEUE||1\n%d|t%d|q|NONE|ABANDON|1|1|1\n", unix+int64(v.joined), i, unix+int64(v.ended), i)
			fmt.Fprintf(&b[1], "%s,t%d,q,NONE,ENTERQUEUE\n%s,t%d,q,NONE,ABANDON\n", clock(v.joined, time.DateTime), i, clock(v.ended, time.DateTime), i)
		}
		fmt.Fprintf(&b[2], "conversation_resolved,q,%s,t%d,%s,%s\n", agent, i, clock(v.joined, time.DateTime), clock(v.ended, time.DateTime))
		fmt.Fprintf(&b[3], "t%d,%s,%s,%s,%s,q\n", i, clock(v.joined, time.RFC3339), agent, clock(v.taken, time.RFC3339), clock(v.ended, time.RFC3339))
		fmt.Fprintf(&b[4], "t%d,%s,q,%s,%s,%s\n", i, agent, clock(v.joined, "2006-01-02 15:04"), clock(v.taken, "2006-01-02 15:04"), clock(v.ended, "2006-01-02 15:04"))
		fmt.Fprintf(&b[5], "t%d,%s,%d,%d,q,%s,%v\n", i, clock(v.joined, time.RFC3339), v.ended-v.joined, v.taken-v.joined, agent, v.agent < 0)
	}
	exact, minutes := judged(t, traceOf(contacts(day, 1)), TraceFormat), judged(t, traceOf(contacts(day, 60)), TraceFormat)
	if exact.N < 300 {
		t.Fatalf("only %d waits are judged", exact.N)
	}
	for i, tt := range []struct {
		format string
		want   trace.Truth
	}{
		{"asterisk", exact}, {"asterisk-table", exact}, {"chatwoot", exact}, {"rocketchat", exact},
		{"zendesk", minutes}, {"zendesk-chat", exact},
	} {
		got := judged(t, b[i].String(), tt.format)
		if got != tt.want {
			t.Errorf("%s: %+v\nas a trace: %+v", tt.format, got, tt.want)
		}
	}
}

// traceOf writes contacts as a trace whose agents are there from their first contact to the end of their last.
func traceOf(all []contact) string {
	var rows []event
	first, last := [4]int64{}, [4]int64{}
	for i, c := range all {
		rows = append(rows, event{c.joined, int32(i), kindJoin})
		if c.agent < 0 {
			rows = append(rows, event{c.ended, int32(i), kindAbandon})
			continue
		}
		rows = append(rows, event{c.taken, int32(i), kindAssign}, event{c.ended, int32(i), kindClose})
		if first[c.agent] == 0 || c.taken < first[c.agent] {
			first[c.agent] = c.taken
		}
		last[c.agent] = max(last[c.agent], c.ended)
	}
	for i := range first {
		rows = append(rows, event{first[i], int32(i), kindOn}, event{last[i], int32(i), kindOff})
	}
	slices.SortFunc(rows, func(x, y event) int {
		return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.kind, y.kind), cmp.Compare(x.i, y.i))
	})
	var b strings.Builder
	b.WriteString("at_ms,event,ticket,agent,queue\n")
	for _, r := range rows {
		switch r.kind {
		case kindOn, kindOff:
			fmt.Fprintf(&b, "%d,%s,,a%d,q\n", r.at, kinds[r.kind], r.i)
		case kindJoin:
			fmt.Fprintf(&b, "%d,join,%s,,q\n", r.at, all[r.i].id)
		case kindAssign, kindClose:
			fmt.Fprintf(&b, "%d,%s,%s,a%d,\n", r.at, kinds[r.kind], all[r.i].id, all[r.i].agent)
		default:
			fmt.Fprintf(&b, "%d,abandon,%s,,\n", r.at, all[r.i].id)
		}
	}
	return b.String()
}

// judged returns how true the ranges are on a log, found without its name.
func judged(t *testing.T, text, format string) trace.Truth {
	t.Helper()
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	log, report, err := Open(path, Options{})
	if err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	if report == nil && format != TraceFormat || report != nil && report.Format != format {
		t.Fatalf("%s is read as %+v", format, report)
	}
	score := &trace.Score{Over: 30, Hour: log.Hour}
	if err := trace.Replay(log, trace.Options{Seed: 1, Scores: []*trace.Score{score}}); err != nil {
		t.Fatal(err)
	}
	return score.Truths()[0]
}

// Whatever bytes a file has, it is read as a log that may be replayed, or refused with a
// line.
func FuzzAnExportIsReadOrRefused(f *testing.F) {
	files, err := filepath.Glob("testdata/*")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		if data, err := os.ReadFile(name); err == nil {
			f.Add(string(data), uint8(0))
		}
	}
	f.Fuzz(func(t *testing.T, text string, n uint8) {
		o := Options{Format: append(Formats(), "")[int(n)%(len(formats)+2)], DayFirst: []string{"", dayFirst, monthFirst}[int(n)%3]}
		log, report, err := Parse(text, o)
		if err != nil {
			return
		}
		last := int64(0)
		if err := log.Events(func(e *trace.Event) error {
			if e.At < last {
				t.Errorf("an event at %d after one at %d", e.At, last)
			}
			last = e.At
			return nil
		}); err != nil {
			t.Error(err)
		}
		if report != nil && (report.Contacts < 1 || report.Served+report.Left > report.Contacts) {
			t.Errorf("%+v", report)
		}
	})
}
