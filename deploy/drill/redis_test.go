//go:build drill

package drill

import (
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/test/redistest"
)

func (h *house) admin(do func(*redis.Client) error) {
	h.t.Helper()
	c := h.redis.Client()
	defer c.Close()
	if err := do(c); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) configure(name, value string) {
	h.t.Helper()
	h.admin(func(c *redis.Client) error { return c.ConfigSet(h.t.Context(), name, value).Err() })
}

// fill gives Redis so much memory, as a share of what it uses: that is so much that the
// people of a drill make no difference.
func (h *house) fill(share float64) {
	h.admin(func(c *redis.Client) error {
		if err := c.SetRange(h.t.Context(), "ballast", 64<<20, "x").Err(); err != nil {
			return err
		}
		info, err := c.InfoMap(h.t.Context(), "memory").Result()
		if err != nil {
			return err
		}
		used, err := strconv.ParseFloat(info["Memory"]["used_memory"], 64)
		if err != nil {
			return err
		}
		return c.ConfigSet(h.t.Context(), "maxmemory", strconv.FormatInt(int64(used*share), 10)).Err()
	})
}

// leaseCase has another program take the dispatcher's lease again and again.
func leaseCase() drillCase {
	given := make(chan struct{})
	return drillCase{
		breaks: func(h *house) {
			c := h.redis.Client()
			h.t.Cleanup(func() { _ = c.Close() })
			go func() {
				tick := time.NewTicker(100 * time.Millisecond)
				defer tick.Stop()
				for {
					keys, err := c.Keys(h.t.Context(), "*:lease:*").Result()
					for i := 0; err == nil && i < len(keys); i++ {
						err = c.Set(h.t.Context(), keys[i], "a stranger", 3*time.Second).Err()
					}
					select {
					case <-tick.C:
					case <-given:
						return
					case <-h.t.Context().Done():
						return
					}
				}
			}()
		},
		mends: func(h *house) { close(given); h.runbook("NextupNoDispatcher") },
		want:  alert{"NextupNoDispatcher", "critical", "prod"}, wait: 40 * time.Second,
	}
}

// replicaCase has gateways that acknowledge nothing that no replica has.
func replicaCase() drillCase {
	var replica *redistest.Server
	return drillCase{
		redisArgs: []string{"--repl-diskless-sync-delay", "0"},
		args:      []string{"--durability", "replica"},
		prepare: func(h *house) {
			host, port, _ := net.SplitHostPort(h.redis.Addr())
			replica = redistest.StartServer(h.t, "--replicaof", host, port)
			h.until("the replica is in step", 30*time.Second, func() bool {
				c := replica.Client()
				defer c.Close()
				info, err := c.Info(h.t.Context(), "replication").Result()
				return err == nil && strings.Contains(info, "master_link_status:up")
			})
		},
		breaks: func(*house) { replica.Kill() },
		mends:  func(h *house) { replica.Restart(h.t) },
		want:   alert{"NextupLogUnavailable", "critical", "prod"}, wait: 40 * time.Second,
	}
}
