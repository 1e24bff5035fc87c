package redislog_test

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"nextup/internal/eventlog"
	"nextup/internal/eventlog/redislog"
	"nextup/test/redistest"
)

// BenchmarkRedisSpends shows by Redis's own books what a chat message and the life
// of a ticket cost it: messages to 500 conversations, each followed by two
// gateways, and the six commits of a ticket, from so many callers at once.
func BenchmarkRedisSpends(b *testing.B) {
	message := make([]byte, 200)
	body := make([]byte, 300)
	talk := func(n int64) eventlog.Log {
		return eventlog.Log{Name: fmt.Sprint("c:site:", n), Keep: 48 * time.Hour}
	}
	b.Run("message", func(b *testing.B) {
		spends(b, func(n int64, commit func(eventlog.Log, eventlog.Commit)) {
			commit(talk(n%500), eventlog.Commit{
				ID: fmt.Sprintf("message:%027d", n), Intent: fmt.Sprintf("%027d", n), Fence: uint64(n % 2), Data: message,
			})
		}, 500, talk)
	})
	b.Run("ticket", func(b *testing.B) {
		line := eventlog.Log{Name: "s:site", Remember: 10 * time.Minute, Trim: 10 * time.Minute}
		spends(b, func(n int64, commit func(eventlog.Log, eventlog.Commit)) {
			t, v, a := fmt.Sprint("t/", n), fmt.Sprint("v/", n%400), fmt.Sprint("a/", n%100)
			id := func(what string) string { return fmt.Sprintf("%s%022d", what, n) }
			image := func(name string) eventlog.Write { return eventlog.Write{Name: name, Body: body} }
			rank := eventlog.Rank{Set: "q", Member: t, Number: uint64(n), Score: n}
			commit(line, eventlog.Commit{
				ID: id("j"), Intent: id("i"), Reads: []eventlog.Read{{Name: "n/x"}, {Name: "n/y"}, {Name: t}, {Name: "n/z"}},
				Writes: []eventlog.Write{image(v), image(t)}, Ranks: []eventlog.Rank{rank}, Data: append(body, body...),
			})
			commit(line, eventlog.Commit{
				ID: id("o"), Reads: []eventlog.Read{{Name: t, Version: id("j")}, {Name: "n/x"}, {Name: "n/y"}},
				Writes: []eventlog.Write{image(a), image(t)}, Data: append(body, body...),
			})
			rank.Remove = true
			commit(line, eventlog.Commit{
				ID: id("a"), Reads: []eventlog.Read{{Name: t, Version: id("o")}}, NotAfter: time.Now().Add(time.Hour).UnixMilli(),
				Writes: []eventlog.Write{image(t)}, Ranks: []eventlog.Rank{rank}, Data: body,
			})
			commit(talk(n), eventlog.Commit{ID: id("m"), Fence: 1, RaiseFence: 1, Data: message})
			commit(line, eventlog.Commit{
				ID: id("c"), Reads: []eventlog.Read{{Name: t, Version: id("a")}, {Name: "n/x"}},
				Writes: []eventlog.Write{image(t), image(a)}, Data: append(body, body...),
			})
			commit(talk(n), eventlog.Commit{ID: "closed", Seal: true, ReleasesMemory: true, Data: message})
		}, 0, talk, line)
	})
}

func spends(b *testing.B, life func(n int64, commit func(eventlog.Log, eventlog.Commit)), talks int64, talk func(int64) eventlog.Log, more ...eventlog.Log) {
	url := redistest.Start(b)
	writer := open(b, url)
	var confirmed sync.WaitGroup // the first wake-up of each subscription
	for range 2 {
		gateway := open(b, url)
		for n := range talks {
			more = append(more, talk(n))
		}
		for _, log := range more {
			confirmed.Add(1)
			once := sync.OnceFunc(confirmed.Done)
			gateway.Subscribe(log, func(eventlog.Signal) { once() })
		}
	}
	confirmed.Wait()
	began := spent(b, writer)
	b.ResetTimer()
	var n atomic.Int64
	var all sync.WaitGroup
	for range 64 {
		all.Go(func() {
			for {
				i := n.Add(1)
				if i > int64(b.N) {
					return
				}
				life(i, func(log eventlog.Log, c eventlog.Commit) {
					out, err := writer.Commit(b.Context(), log, []eventlog.Commit{c})
					if err != nil || out[0].Status != eventlog.Committed {
						b.Errorf("%s: %+v, %v", c.ID, out, err)
					}
				})
			}
		})
	}
	all.Wait()
	b.StopTimer()
	now := spent(b, writer)
	b.ReportMetric((now.cpu-began.cpu)/float64(b.N)*1e6, "redis-µs/op")
	b.ReportMetric((now.commands-began.commands)/float64(b.N), "commands/op")
}

// books are what Redis did so far: seconds of processor time, and commands.
type books struct{ cpu, commands float64 }

func spent(b *testing.B, of *redislog.Backend) books {
	info, err := of.Client().Info(b.Context(), "cpu", "stats").Result()
	if err != nil {
		b.Fatal(err)
	}
	value := func(name string) float64 {
		_, after, _ := strings.Cut(info, name+":")
		text, _, _ := strings.Cut(after, "\r")
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			b.Fatal(err)
		}
		return v
	}
	return books{value("used_cpu_user") + value("used_cpu_sys"), value("total_commands_processed")}
}
