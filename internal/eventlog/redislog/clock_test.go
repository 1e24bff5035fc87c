package redislog

import (
	"bytes"
	_ "embed"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog"
	"nextup/internal/eventlog/eventlogtest"
	"nextup/test/redistest"
)

func TestDeadlinesPassOnRedisWhateverItsClockDoes(t *testing.T) {
	t.Parallel()
	server, set := redistest.StartServerWithClock(t)
	b, told := openWatched(t, server)
	eventlogtest.ClockIsSet(t, b, set)
	if b.ClockJumps() == 0 || !strings.Contains(told.String(), "the clock of Redis jumped") {
		t.Errorf("%d jumps were counted, and the log says %q", b.ClockJumps(), told)
	}
}

func openWatched(t *testing.T, server *redistest.Server) (*Backend, *bytes.Buffer) {
	t.Helper()
	told := &bytes.Buffer{}
	b, err := Open(t.Context(), server.URL(), Options{Logger: slog.New(slog.NewTextHandler(told, nil))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b, told
}

// before is the script of the gateways that know nothing of lead. While a new release
// is brought out they run beside those that do.
//
//go:embed testdata/commit_before_lead.lua
var before string

func TestOldAndNewGatewaysTogetherLoseNothingAndDeadlinesPass(t *testing.T) {
	t.Parallel()
	server, set := redistest.StartServerWithClock(t)
	b, _ := openWatched(t, server)
	old := redis.NewScript(before)
	log := eventlog.Log{Name: "s:mixed", Remember: time.Minute}
	newest, number := int64(0), int64(0)
	took := func(who string, status, n, at int64) {
		t.Helper()
		if number++; status != int64(eventlog.Committed) || n != number || at < newest {
			t.Fatalf("%s: status %d, number %d stamped %d, after %d stamped %d", who, status, n, at, number-1, newest)
		}
		newest = at
	}
	commit := func(id string) []eventlog.Commit {
		return []eventlog.Commit{{ID: id, Reads: []eventlog.Read{}, Writes: []eventlog.Write{{Name: id, Body: []byte("x")}}, Data: []byte(id)}}
	}
	ids := 0
	byOld := func() {
		t.Helper()
		ids++
		var m scriptRun
		m.header(false, "")
		m.encode(log, call{log: log, commits: commit(fmt.Sprint("old", ids))})
		reply, err := old.Run(t.Context(), b.Client(), m.keys, m.args...).Slice()
		if err != nil {
			t.Fatal(err)
		}
		took("old", reply[1].(int64), reply[2].(int64), reply[3].(int64))
	}
	byNew := func() {
		t.Helper()
		ids++
		out, err := b.Commit(t.Context(), log, commit(fmt.Sprint("new", ids)))
		if err != nil {
			t.Fatal(err)
		}
		took("new", int64(out[0].Status), int64(out[0].Head.Number), out[0].Head.At)
	}
	for _, ahead := range []time.Duration{0, time.Hour, 0, 2 * time.Hour, 0, -time.Hour, 0} {
		set(ahead)
		for range 3 {
			byOld()
			byNew()
			byOld()
			byOld()
			byNew()
		}
		lapses := commit(fmt.Sprintf("lapse-%d", number))
		lapses[0].NotBefore = newest + 100
		for until := time.Now().Add(10 * time.Second); ; byOld() {
			out, err := b.Commit(t.Context(), log, lapses)
			if err != nil {
				t.Fatal(err)
			}
			if out[0].Status == eventlog.Committed {
				took("new", int64(out[0].Status), int64(out[0].Head.Number), out[0].Head.At)
				break
			}
			if time.Now().After(until) {
				t.Fatalf("set to %v: the deadline does not pass", ahead)
			}
		}
	}
	records, err := b.Read(t.Context(), log, 0, 10_000)
	if err != nil || int64(len(records)) != number {
		t.Fatalf("%d records of %d are there: %v", len(records), number, err)
	}
}

func TestALogsTimeIsWhatTheLogSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const noon = 1_700_000_000_000
		wall := func() int64 { return noon }
		p := newPace()
		now := func(want int64, when string) {
			t.Helper()
			if got := p.now(wall); got != want {
				t.Errorf("%s: %d, want %d", when, got-noon, want-noon)
			}
		}
		now(noon, "before the log is asked")
		if !p.stale(0) {
			t.Error("a log that was never asked is not to be asked")
		}
		sent := time.Now()
		time.Sleep(time.Second)
		p.sample(noon+1000, sent, 0)
		now(noon+1000, "after an answer")
		sent = time.Now()
		time.Sleep(3 * time.Second)
		p.sample(noon+1500, sent, 0) // it was on its way for most of that
		now(noon+4000, "after a slow answer")
		p.reached(noon + 5000)
		now(noon+5000, "after a newer stamp")
		p.sample(noon+4900, time.Now(), 0)
		now(noon+5000, "after a small correction")
		time.Sleep(time.Second)
		now(noon+5900, "a second later")
		p.sample(noon-3_600_000, time.Now(), 0)
		now(noon-3_600_000, "in a log that has gone back")
		p.sample(noon-3_640_000, time.Now(), 0)
		now(noon-3_640_000, "in a log that has gone back by less than a minute: an offer of half a minute is shown as one")
		if p.stale(0) || !p.stale(1) {
			t.Error("it is to be asked after a jump, and not before")
		}
		time.Sleep(sampleLife + 1)
		if !p.stale(0) {
			t.Error("it is never asked again")
		}
	})
}
