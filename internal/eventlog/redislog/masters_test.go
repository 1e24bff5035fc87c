package redislog_test

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog"
	"nextup/internal/eventlog/redislog"
	"nextup/test/logtest"
	"nextup/test/redistest"
)

// In a Cluster the conversations of a site lie on all masters. One that refuses
// writes, or hangs, is found out though no client writes to it; from then on what is
// written to its logs is refused at once, and the logs of the other masters hear
// nothing of it.
func TestAMasterThatKeepsNoSiteIsFoundOutToo(t *testing.T) {
	t.Parallel()
	g := redistest.ReplicatedCluster(t)
	var lines logtest.Buffer
	b := open(t, g.URL, func(o *redislog.Options) { o.Logger = slog.New(slog.NewTextHandler(&lines, nil)) })
	site := eventlog.Log{Name: "site"}
	home := keeper(t, g, b, site)
	var talk eventlog.Log // on another master
	for i := 0; talk.Name == "" || keeper(t, g, b, talk) == home; i++ {
		talk.Name = "talk" + strconv.Itoa(i)
	}
	shard := g.Masters[keeper(t, g, b, talk)]
	admin := shard.Client()
	defer admin.Close()
	for name, row := range map[string]struct {
		breaks, mends func(context.Context, *redis.Client) error
	}{
		"too few replicas": {
			func(ctx context.Context, c *redis.Client) error {
				return c.ConfigSet(ctx, "min-replicas-to-write", "5").Err()
			},
			func(ctx context.Context, c *redis.Client) error {
				return c.ConfigSet(ctx, "min-replicas-to-write", "0").Err()
			},
		},
		"writes are paused": {
			func(ctx context.Context, c *redis.Client) error {
				return c.Do(ctx, "CLIENT", "PAUSE", 600_000, "WRITE").Err()
			},
			func(ctx context.Context, c *redis.Client) error { return c.ClientUnpause(ctx).Err() },
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			id := func(of string) string { return strings.ReplaceAll(name, " ", "-") + of }
			awaitRefusing := func(want int) {
				t.Helper()
				tick := time.NewTicker(10 * time.Millisecond)
				defer tick.Stop()
				for b.Refusing() != want {
					select {
					case <-tick.C:
					case <-ctx.Done():
						t.Fatalf("%d masters refuse, want %d", b.Refusing(), want)
					}
				}
			}
			awaitRefusing(0)
			if err := row.breaks(ctx, admin); err != nil {
				t.Fatal(err)
			}
			awaitRefusing(1)
			for i := range 20 {
				if _, err := b.Commit(ctx, talk, one(id(strconv.Itoa(i)))); !errors.Is(err, eventlog.ErrUntried) {
					t.Fatalf("commit %d to the log of the master that refuses: %v", i, err)
				}
				if _, err := b.Commit(ctx, site, one(id(strconv.Itoa(i)))); err != nil {
					t.Fatalf("commit %d to the log of another: %v", i, err)
				}
			}
			if err := b.Probe(ctx, site); err != nil {
				t.Errorf("the site: %v", err)
			}
			if _, err := b.Read(ctx, talk, 0, 10); err != nil {
				t.Errorf("reading: %v", err)
			}
			if err := row.mends(ctx, admin); err != nil {
				t.Fatal(err)
			}
			awaitRefusing(0)
			if _, err := b.Commit(ctx, talk, one(id("mended"))); err != nil {
				t.Errorf("mended: %v", err)
			}
		})
	}
	if n := lines.Count("takes no commits", shard.Addr()); n != 1 {
		t.Errorf("%d lines name the master, want 1 in this minute", n)
	}
}
