package redislog

import (
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Every key and channel of a log carries the log's name as hash tag, so that all
// of a log lies in one slot of a Cluster. commit.lua tells what each holds.

func logKey(log, part string) string { return "nextup:{" + log + "}:" + part }

func headKey(log string) string                  { return logKey(log, "head") }
func recordsKey(log string) string               { return logKey(log, "records") }
func entitiesKey(log string) string              { return logKey(log, "entities") }
func idKey(log, commit string) string            { return logKey(log, "id:"+commit) }
func rankKey(log, set string) string             { return logKey(log, "rank:"+set) }
func leaseKey(log, name string) string           { return logKey(log, "lease:"+name) }
func signalsChannel(log, database string) string { return logKey(log, "signals"+database) }

// databaseOf returns the suffix of the channels of a client's database: the
// databases of a server share its channels.
func databaseOf(client redis.UniversalClient) string {
	if c, ok := client.(*redis.Client); ok && c.Options().DB != 0 {
		return ":" + strconv.Itoa(c.Options().DB)
	}
	return ""
}

// beside returns the key of a probe in the slot of a log.
func beside(key string) string { return strings.Replace(key, "}:", "}:probe:", 1) }

func probeChannel(nonce string) string { return "nextup:probe:" + nonce }
