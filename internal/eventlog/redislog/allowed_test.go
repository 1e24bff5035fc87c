package redislog_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"nextup/internal/eventlog"
	"nextup/internal/eventlog/eventlogtest"
	"nextup/internal/eventlog/redislog"
	"nextup/test/redistest"
)

// The user of the gateways loses one command after the other while they write. The
// probe names it, whatever it is for; nothing that was acknowledged is missing, and
// once the user has the command again all goes on as if nothing had been.
func TestAUserWhoLosesACommandIsToldWhichAndNothingIsTorn(t *testing.T) {
	server := redistest.StartServer(t)
	admin := server.Client()
	t.Cleanup(func() { _ = admin.Close() })
	// Those that are not needed here, or without which less memory is freed.
	spared := []string{
		"asking", "cluster|slots", "command", "config|get", "copy", "exists", "info", "rename", "select", "wait", "xdel", "xsetid", "zrange", "zrank",
	}
	ofStart := []string{"subscribe", "unsubscribe"} // of a connection that is there they are told when it is opened anew
	for _, rule := range redislog.ACL() {
		command, ok := strings.CutPrefix(rule, "+")
		if !ok {
			continue
		}
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			user := "user-" + strings.ReplaceAll(command, "|", "-")
			set := func(rules ...string) {
				t.Helper()
				args := []any{"ACL", "SETUSER", user}
				for _, r := range rules {
					args = append(args, r)
				}
				if err := admin.Do(t.Context(), args...).Err(); err != nil {
					t.Fatal(err)
				}
			}
			set(append([]string{"on", ">a-secret"}, redislog.ACL()...)...)
			url := "redis://" + user + ":a-secret@" + server.Addr()
			b := open(t, url)
			log := eventlog.Log{Name: "of-" + user, Remember: time.Minute, Trim: time.Hour}
			acknowledged := map[string]bool{}
			commit := func(n int) error {
				c := eventlog.Commit{
					ID: fmt.Sprint("c", n), Data: []byte("x"),
					Writes: []eventlog.Write{{Name: fmt.Sprint("e", n), Body: []byte("x")}, {Name: fmt.Sprint("e", n-1)}},
					Ranks:  []eventlog.Rank{{Set: "s", Member: "m", Score: int64(n)}},
				}
				if n%2 == 0 {
					c.Writes, c.Ranks = c.Writes[1:], nil
				}
				out, err := b.Commit(t.Context(), log, []eventlog.Commit{c})
				if err == nil && out[0].Status != eventlog.Committed && out[0].Status != eventlog.Duplicate {
					t.Errorf("commit %d: status %d", n, out[0].Status)
				}
				acknowledged[c.ID] = acknowledged[c.ID] || err == nil
				return err
			}
			for n := range 3 {
				if err := commit(n + 1); err != nil {
					t.Fatal(err)
				}
			}
			set("-" + command)
			for n := range 4 { // before a probe has found out
				_ = commit(n + 4)
			}
			switch {
			case slices.Contains(ofStart, command):
				if other, err := redislog.Open(t.Context(), url, redislog.Options{}); err == nil || !strings.Contains(err.Error(), command) {
					t.Errorf("a gateway that starts says %v", err)
					if err == nil {
						_ = other.Close()
					}
				}
			case command == "ping":
				if err := b.Ready(t.Context()); err == nil || !strings.Contains(err.Error(), command) {
					t.Errorf("readiness says %v", err)
				}
			case !slices.Contains(spared, command):
				awaitProbe(t, b, log, "without "+command, func(err error) bool { return refused(err) && strings.Contains(err.Error(), command) })
				if err := commit(8); !errors.Is(err, eventlog.ErrUntried) {
					t.Errorf("a commit after that: %v", err)
				}
			}
			set("+" + command)
			awaitProbe(t, b, log, "with "+command+" again", taken)
			for n := range 9 {
				if err := commit(n + 1); err != nil {
					t.Fatalf("commit %d with %s again: %v", n+1, command, err)
				}
			}
			records, err := b.Read(t.Context(), log, 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range records {
				if i > 0 && r.Prev != records[i-1].ID {
					t.Errorf("record %d follows %q, not %q", r.Number, r.Prev, records[i-1].ID)
				}
				delete(acknowledged, r.ID)
			}
			if len(records) != 9 || len(acknowledged) > 0 {
				t.Errorf("%d records of 9; %v were acknowledged and are not among them", len(records), acknowledged)
			}
			replica := eventlogtest.NewReplica()
			f := eventlog.NewFollower(b, log, replica, eventlog.FollowerOptions{})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_ = f.Run(ctx) // it ends with the context's error
			}()
			defer func() { cancel(); <-ended }()
			if err := f.WaitFor(ctx, 9); err != nil {
				t.Fatal(err)
			}
			replica.Match(t, b, log)
		})
	}
}
