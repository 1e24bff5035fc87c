package redislog_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"nextup/internal/eventlog"
	"nextup/internal/eventlog/redislog"
	"nextup/test/redistest"
)

// What has ended is kept for a day or two, in the room that it takes and not in the
// room that Redis had laid in for more.
func TestASealedLogKeepsNoRoomForMore(t *testing.T) {
	for name, url := range map[string]string{"single": redistest.Shared(t), "cluster": redistest.SharedCluster(t)} {
		t.Run(name, func(t *testing.T) {
			b := open(t, redistest.As(t, url, redislog.ACL()))
			admin := open(t, url).Client()
			for _, messages := range []int{1, 5, 300} {
				log := eventlog.Log{Name: fmt.Sprint(t.Name(), messages), Keep: time.Hour}
				text := strings.Repeat("what people write ", 3)
				for i := range messages {
					if _, err := b.Commit(t.Context(), log, []eventlog.Commit{{ID: fmt.Sprint("m", i), Data: []byte(text)}}); err != nil {
						t.Fatal(err)
					}
				}
				before, err := b.Read(t.Context(), log, 0, 1000)
				if err != nil {
					t.Fatal(err)
				}
				records := "nextup:{" + log.Name + "}:records"
				open := admin.MemoryUsage(t.Context(), records, 0).Val()
				for range 2 { // the second time it is there already
					if _, err := b.Commit(t.Context(), log, []eventlog.Commit{{ID: "closed", Seal: true, ReleasesMemory: true, Data: []byte("closed")}}); err != nil {
						t.Fatal(err)
					}
				}
				sealed := admin.MemoryUsage(t.Context(), records, 0).Val()
				most := open
				if messages <= 5 {
					most = open / 2
				}
				if sealed == 0 || sealed > most {
					t.Errorf("%d messages: %d bytes while open, %d sealed", messages, open, sealed)
				}
				after, err := b.Read(t.Context(), log, 0, 1000)
				if err != nil || fmt.Sprint(after[:messages]) != fmt.Sprint(before) || len(after) != messages+1 || after[messages].ID != "closed" {
					t.Errorf("%d messages: it is read as %d records, %v", messages, len(after), err)
				}
				for _, key := range keysOf(t, admin, log) {
					if ttl := admin.PTTL(t.Context(), key).Val(); ttl <= 59*time.Minute || ttl > time.Hour+time.Hour/64 {
						t.Errorf("%s lives for %v", key, ttl)
					}
				}
				if out, err := b.Commit(t.Context(), log, one("late")); err != nil || out[0].Status != eventlog.Sealed {
					t.Errorf("after the seal: %v %v", out, err)
				}
			}
		})
	}
}
