package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"nextup/test/faults/setup"
	"nextup/test/oracle"
	"nextup/test/people"
)

// runRow runs a row and judges it.
func (s *testbed) runRow(r row, seed uint64) {
	run, report := s.runLoad(seed, func() {
		if r.fault != nil {
			r.fault(s)
		} else {
			s.wait(s.size.fault)
		}
	})
	if r.expect != nil {
		before := len(s.found[oracle.RowExpects])
		r.expect(s, run.Histories)
		report.Add(oracle.RowExpects, s.found[oracle.RowExpects][before:]...)
	}
	s.Logf("%s\n%s%s", s.marksText(), report, sum(run.Histories))
	for _, st := range report.Wrong() {
		s.Errorf("FAILS: %s (seed %d)", st, seed)
	}
	for _, st := range report.Vacuous() {
		// In a few seconds no person may have been away for just so long.
		if st != oracle.ResetHasCause && (st != oracle.GraceKeeps || isLong()) {
			s.Errorf("VACUOUS: %s had nothing to look at", st)
		}
	}
}

// withoutSocket is the number of people of which one comes by the fallback, as the row or
// NEXTUP_FAULTS_NO_SOCKET says; 0 for none.
func (s *testbed) withoutSocket() int {
	every, _ := strconv.Atoi(os.Getenv("NEXTUP_FAULTS_NO_SOCKET"))
	return max(every, s.noSocket)
}

// runLoad lets a crowd live: load, faults under load, calm, audit, quiet; and has
// the oracle look.
func (s *testbed) runLoad(seed uint64, faults func()) (*oracle.Run, *oracle.Report) {
	s.start = time.Now()
	before := s.metrics()
	scribe := oracle.NewScribe(s.direct, s.site.ID, s.start)
	s.crowd = people.Start(s.Context(), people.Options{
		Targets: s.sockets(), Mint: s.site.Mint, Start: s.start, Seed: seed,
		Visitors: s.visitors, Agents: s.agents, AgentID: setup.AgentID,
		Wishes:       []people.Wish{{Department: "support", Language: "zh"}, {Department: "support", Language: "en"}, {Department: "trading", Language: "en"}},
		VisitorGrace: s.site.VisitorGrace, AgentGrace: s.site.AgentGrace, NoSocket: s.withoutSocket(), Polls: s.polls, Slower: s.slower,
	})
	s.wait(s.warm)
	s.mark("the fault begins")
	faults()
	s.mark("the fault is over")
	s.wait(s.after)

	settling, cancel := context.WithTimeout(s.Context(), s.patience)
	for _, stuck := range s.crowd.Settle(settling) {
		s.wrong(oracle.NothingLeft, "%v after the last join %s", s.patience, stuck)
	}
	cancel()
	s.mark("settled")
	s.wait(500 * time.Millisecond)          // what was told last is on its way
	s.crowd.Audit(s.Context(), time.Minute) // at most, for fifty conversations
	s.mark("audited")
	histories := s.crowd.Histories()
	s.crowd.Leave()
	for _, other := range s.others {
		histories = append(histories, other())
	}
	s.quiet(before)
	snapshot, err := oracle.Take(s.Context(), s.direct)
	if err != nil {
		s.Fatalf("the snapshot: %v", err)
	}
	scribe.Finish(snapshot, s.site.ID)

	run := &oracle.Run{Rules: s.rules, Histories: histories, Snapshot: snapshot}
	report := oracle.Check(run)
	report.Add(oracle.RowExpects)
	for st, details := range s.found {
		report.Add(st, details...)
	}
	s.keep(run)
	return run, report
}

// keep writes the histories and the site's log to the folder that
// NEXTUP_FAULTS_KEEP names.
func (s *testbed) keep(run *oracle.Run) {
	dir := os.Getenv("NEXTUP_FAULTS_KEEP")
	if dir == "" {
		return
	}
	name := filepath.Join(dir, strings.NewReplacer("/", "-", " ", "_").Replace(s.Name()))
	write := func(suffix string, lines func(io.Writer) error) {
		f, err := os.Create(name + suffix)
		if err == nil {
			err = errors.Join(lines(f), f.Close())
		}
		s.Logf("kept: %s%s, %v", name, suffix, err)
	}
	write(".histories.jsonl", func(w io.Writer) error { return oracle.WriteLines(w, run.Histories) })
	if log := run.Snapshot.Sites[run.Rules.Site]; log != nil {
		write(".log.jsonl", func(w io.Writer) error {
			enc := json.NewEncoder(w)
			for _, row := range log.Rows {
				if err := enc.Encode(row); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

// sum says how much happened.
func sum(histories []*oracle.History) string {
	counts := map[string]int{}
	for _, h := range histories {
		for _, e := range h.Events {
			switch {
			case e.Kind == oracle.Answered:
				counts["ok "+string(e.Ask.Type)]++
			case e.Kind == oracle.Unsure:
				counts["unsure "+string(e.Ask.Type)]++
			case e.Kind == oracle.Refused:
				counts["refused "+string(e.Ask.Type)+" "+string(e.Error.Code)]++
			case e.Kind == oracle.Told && e.Error != nil:
				counts["error "+string(e.Error.Code)]++
			case e.Kind == oracle.Told:
				counts["frames"]++
			case e.Kind == oracle.Ended && !e.Wished && e.Close != 0:
				counts["closed "+strconv.Itoa(e.Close)]++
			case e.Kind == oracle.Ended && !e.Wished:
				counts["cut off"]++
			case e.Kind == oracle.Welcomed:
				counts["conns"]++
			}
		}
	}
	var b strings.Builder
	keys := make([]string, 0, len(counts))
	for k := range counts {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		fmt.Fprintf(&b, "%s: %d; ", k, counts[k])
	}
	return b.String()
}

// resumed are the times from the unwished end of a conn between two moments to
// its person's next welcome, shortest first; -1 stands for never.
func resumed(histories []*oracle.History, from, to time.Duration) (all []time.Duration) {
	for _, l := range lostConns(histories, from, to) {
		all = append(all, l.took)
	}
	slices.Sort(all)
	return all
}

// lostConn is one conn that ended unwished: when, and after how long its person
// was welcomed again; -1 is never.
type lostConn struct{ at, took time.Duration }

func lostConns(histories []*oracle.History, from, to time.Duration) (all []lostConn) {
	for _, h := range histories {
		conn, lost := 0, time.Duration(-1)
		for _, e := range h.Events {
			switch {
			case e.Kind == oracle.Audited && lost >= 0:
				all, lost = append(all, lostConn{lost, -1}), -1
			case e.Kind == oracle.Welcomed:
				if lost >= 0 {
					all = append(all, lostConn{lost, e.At - lost})
				}
				conn, lost = e.Conn, -1
			case e.Kind == oracle.Ended && e.Conn == conn && !e.Wished && e.At >= from && e.At <= to:
				lost = e.At
			}
		}
	}
	return all
}
