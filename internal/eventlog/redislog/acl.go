package redislog

import (
	"embed"
	"regexp"
	"slices"
	"strings"
)

// sent lists the commands that this package, the registry of nodes and go-redis
// itself send to Redis. The commands of the scripts are read from the scripts.
var sent = []string{
	"asking", "cluster|slots", "command", "config|get", "del", "eval", "eval_ro", "evalsha", "evalsha_ro", "exists",
	"hdel", "hgetall", "hmget", "hset", "info", "ping", "publish", "select", "subscribe", "time", "unsubscribe", "wait",
	"xrange", "zrange", "zrank",
}

//go:embed *.lua
var folder embed.FS

// scripts returns the sources of all scripts.
func scripts() (sources []string) {
	files, _ := folder.ReadDir(".") // it is part of the binary
	for _, f := range files {
		source, _ := folder.ReadFile(f.Name())
		sources = append(sources, string(source))
	}
	return sources
}

var called = regexp.MustCompile(`call\('([A-Z]+)'`)

// ACL returns what the Redis user of the gateways needs, as rules of ACL SETUSER:
// config|get is for durability disk without TrustDisk, wait for replica, and asking,
// cluster|slots and command for a Cluster, zrange and zrank for looking into a queue.
func ACL() []string {
	commands := slices.Clone(sent)
	for _, script := range scripts() {
		for _, m := range called.FindAllStringSubmatch(script, -1) {
			commands = append(commands, strings.ToLower(m[1]))
		}
	}
	slices.Sort(commands)
	rules := []string{"resetkeys", "~nextup:*", "resetchannels", "&nextup:*", "-@all"}
	for _, c := range slices.Compact(commands) {
		rules = append(rules, "+"+c)
	}
	return rules
}
