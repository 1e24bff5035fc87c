package redislog

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"
)

// errURL quotes nothing of the URL: one that cannot be parsed may have a password
// anywhere.
var errURL = errors.New("redislog: the Redis URL cannot be read: want redis://NAME:PASSWORD@HOST:PORT/DB, with / ? # and % " +
	"of a password written as %2F %3F %23 and %25, and only query parameters of go-redis (what was given is not shown, since it may hold a password)")

// isHost reports whether the text is a host, with or without a port.
func isHost(text string) bool {
	host, port, err := net.SplitHostPort(text)
	if err != nil {
		host, port = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"), "6379"
		if strings.Contains(host, ":") != strings.HasPrefix(text, "[") {
			return false
		}
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return false
	}
	return host != "" && !strings.ContainsFunc(host, func(r rune) bool {
		return r >= utf8.RuneSelf || !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:", r)
	})
}

// networkTimeout bounds one command, one write and one dial.
const networkTimeout = 2 * time.Second

// Dial returns a client for the URL and sends nothing yet. The forms are
//
//	redis://[name:password@]host:port[/db]        one server
//	redis://host:port,host:port,...               a Cluster, by some of its nodes
//	redis+cluster://[name:password@]host:port,... a Cluster, by one node or more
//	redis+sentinel://master[:password]@host:port,...[/db]  the master that the Sentinels name
//
// and the same with rediss for TLS. Query parameters are those of go-redis.
//
// The client never repeats a command by itself, since an effect whose reply was
// lost would happen twice; it respects the deadlines of contexts, and reads a
// Cluster's layout every second, without which a lost master stays lost.
func Dial(url string) (redis.UniversalClient, error) {
	scheme, rest, ok := strings.Cut(url, "://")
	base, kind, _ := strings.Cut(scheme, "+")
	if !ok || base != "redis" && base != "rediss" || kind != "" && kind != "cluster" && kind != "sentinel" {
		return nil, fmt.Errorf("redislog: a URL begins with redis://, rediss://, redis+cluster:// or redis+sentinel://")
	}
	if strings.Contains(rest, "#") {
		return nil, errURL
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	authority, tail := rest[:end], rest[end:]
	if strings.Contains(tail, "@") { // the password contains a slash or question mark
		return nil, errURL
	}
	credentials := ""
	if at := strings.LastIndex(authority, "@"); at >= 0 {
		credentials, authority = authority[:at+1], authority[at+1:]
	}
	hosts := strings.Split(authority, ",")
	for _, h := range hosts {
		if !isHost(h) {
			return nil, errURL
		}
	}
	o, err := redis.ParseURL(base + "://" + credentials + hosts[0] + tail)
	if err != nil {
		return nil, errURL // err quotes the URL, and with it a password
	}
	tune(o)
	if len(hosts) > 1 && o.TLSConfig != nil {
		o.TLSConfig.ServerName = "" // the name of each host instead of the first
	}
	switch {
	case kind == "sentinel":
		if o.Username == "" {
			return nil, fmt.Errorf("redislog: redis+sentinel:// needs a master's name before the @")
		}
		return redis.NewFailoverClient(failover(o, hosts)), nil
	case kind == "cluster" || len(hosts) > 1:
		if o.DB != 0 {
			return nil, fmt.Errorf("redislog: a Cluster has no database %d", o.DB)
		}
		return redis.NewClusterClient(cluster(o, hosts)), nil
	default:
		return redis.NewClient(o), nil
	}
}

func tune(o *redis.Options) {
	o.Protocol = 2 // the receive loop would not see the pushes of RESP3
	o.ContextTimeoutEnabled = true
	o.MaxRetries = -1
	o.DialerRetries = 1
	o.PipelinePoolSize = -1 // one pool for commands and pipelines
	if o.DialTimeout == 0 {
		o.DialTimeout = networkTimeout
	}
	if o.ReadTimeout == 0 {
		o.ReadTimeout = networkTimeout
	}
	if o.WriteTimeout == 0 {
		o.WriteTimeout = networkTimeout
	}
}

func cluster(o *redis.Options, hosts []string) *redis.ClusterOptions {
	return &redis.ClusterOptions{
		Addrs:    hosts,
		Username: o.Username, Password: o.Password, TLSConfig: o.TLSConfig,
		Protocol: o.Protocol, ContextTimeoutEnabled: o.ContextTimeoutEnabled,
		MaxRetries: o.MaxRetries, DialerRetries: o.DialerRetries,
		DialTimeout: o.DialTimeout, ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout,
		PoolSize: o.PoolSize, MinIdleConns: o.MinIdleConns, PoolTimeout: o.PoolTimeout,
		PipelinePoolSize:           o.PipelinePoolSize,
		ClusterStateReloadInterval: time.Second,
	}
}

func failover(o *redis.Options, hosts []string) *redis.FailoverOptions {
	return &redis.FailoverOptions{
		MasterName: o.Username, SentinelAddrs: hosts,
		Password: o.Password, DB: o.DB, TLSConfig: o.TLSConfig,
		Protocol: o.Protocol, ContextTimeoutEnabled: o.ContextTimeoutEnabled,
		MaxRetries: o.MaxRetries, DialerRetries: o.DialerRetries,
		DialTimeout: o.DialTimeout, ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout,
		PoolSize: o.PoolSize, MinIdleConns: o.MinIdleConns, PoolTimeout: o.PoolTimeout,
		PipelinePoolSize: o.PipelinePoolSize,
	}
}
