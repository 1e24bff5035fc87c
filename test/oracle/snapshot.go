package oracle

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Row is one record of a log as its stream holds it.
type Row struct {
	Number   uint64
	ID, Prev string
	AtMS     int64
	Data     string
}

// Log is one log as Redis holds it.
type Log struct {
	// Head is the number of the newest record that the log claims.
	Head uint64
	Rows []Row
	// Entities are the bodies by name, Ranks the sorted sets by queue.
	Entities map[string]string
	Ranks    map[string][]string
}

// Snapshot is what Redis holds.
type Snapshot struct {
	// Keys are all keys with their time to live, negative for ever.
	Keys map[string]time.Duration
	// Sites are the sites' logs by id, Conversations the others by ticket.
	Sites, Conversations map[string]*Log
	// Forks are the numbers of a site's log that were seen to change.
	Forks []Fork
}

// Fork is a number of a log that was used again for another record.
type Fork struct {
	Number uint64
	// Seen is when, on the clock of the run.
	Seen time.Duration
}

// keyForm is how the product names its keys: the log's name as hash tag, then
// what part of it.
var keyForm = regexp.MustCompile(`^nextup:\{([sc]):([^:}]+)(?::([^}]+))?\}:(.+)$`)

// Take reads everything that Redis holds. If a site's log has moved during the read, the
// parts are of different moments, and Take reads again, up to a limit.
func Take(ctx context.Context, client redis.UniversalClient) (*Snapshot, error) {
	for tries := 1; ; tries++ {
		keys, err := allKeys(ctx, client)
		if err != nil {
			return nil, err
		}
		before, err := heads(ctx, client, keys)
		if err != nil {
			return nil, err
		}
		s, err := take(ctx, client, keys)
		if err != nil {
			return nil, err
		}
		after, err := heads(ctx, client, keys)
		if err != nil {
			return nil, err
		}
		if maps.Equal(before, after) {
			return s, nil
		}
		if tries == 10 {
			return nil, fmt.Errorf("oracle: the log moves on and on: %v, then %v", before, after)
		}
	}
}

// heads are the numbers of the sites' logs by key.
func heads(ctx context.Context, client redis.UniversalClient, keys []string) (map[string]string, error) {
	all := map[string]string{}
	for _, key := range keys {
		m := keyForm.FindStringSubmatch(key)
		if m == nil || m[1] != "s" || m[4] != "head" {
			continue
		}
		n, err := client.HGet(ctx, key, "number").Result()
		if err != nil {
			return nil, fmt.Errorf("oracle: %s: %w", key, err)
		}
		all[key] = n
	}
	return all, nil
}

func take(ctx context.Context, client redis.UniversalClient, keys []string) (*Snapshot, error) {
	s := &Snapshot{Keys: map[string]time.Duration{}, Sites: map[string]*Log{}, Conversations: map[string]*Log{}}
	for part := range slices.Chunk(keys, 500) {
		var ttls []*redis.DurationCmd
		_, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
			for _, key := range part {
				ttls = append(ttls, p.PTTL(ctx, key))
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("oracle: %w", err)
		}
		for i, key := range part {
			ttl := ttls[i].Val()
			if ttl == -2 {
				continue // it has expired meanwhile
			}
			s.Keys[key] = ttl
			if err := s.read(ctx, client, key); err != nil {
				return nil, fmt.Errorf("oracle: %s: %w", key, err)
			}
		}
	}
	return s, nil
}

func (s *Snapshot) read(ctx context.Context, client redis.UniversalClient, key string) error {
	m := keyForm.FindStringSubmatch(key)
	if m == nil {
		return nil
	}
	log := s.log(m[1], m[2], m[3])
	part, queue, _ := strings.Cut(m[4], ":")
	var err error
	switch part {
	case "head":
		var n string
		if n, err = client.HGet(ctx, key, "number").Result(); err == nil {
			log.Head, err = strconv.ParseUint(n, 10, 64)
		}
	case "records":
		log.Rows, err = rows(ctx, client, key, 0)
	case "entities":
		var packed map[string]string
		packed, err = client.HGetAll(ctx, key).Result()
		for name, p := range packed { // "<version> <number> <at> <body>"
			if parts := strings.SplitN(p, " ", 4); len(parts) == 4 {
				log.Entities[name] = parts[3]
			}
		}
	case "rank":
		log.Ranks[queue], err = client.ZRange(ctx, key, 0, -1).Result()
	}
	return err
}

func (s *Snapshot) log(kind, site, ticket string) *Log {
	all, name := s.Sites, site
	if kind == "c" {
		all, name = s.Conversations, ticket
	}
	if all[name] == nil {
		all[name] = &Log{Entities: map[string]string{}, Ranks: map[string][]string{}}
	}
	return all[name]
}

// rows reads a stream from after a number on.
func rows(ctx context.Context, client redis.UniversalClient, key string, after uint64) ([]Row, error) {
	entries, err := client.XRange(ctx, key, strconv.FormatUint(after+1, 10)+"-0", "+").Result()
	if err != nil {
		return nil, err
	}
	all := make([]Row, 0, len(entries))
	for _, e := range entries {
		number, _, _ := strings.Cut(e.ID, "-")
		n, err := strconv.ParseUint(number, 10, 64)
		if err != nil {
			return nil, err
		}
		text := func(field string) string { v, _ := e.Values[field].(string); return v }
		at, err := strconv.ParseInt(text("at"), 10, 64)
		if err != nil {
			return nil, err
		}
		all = append(all, Row{Number: n, ID: text("id"), Prev: text("prev"), AtMS: at, Data: text("data")})
	}
	return all, nil
}

func allKeys(ctx context.Context, client redis.UniversalClient) ([]string, error) {
	var mu sync.Mutex
	var all []string
	scan := func(ctx context.Context, c redis.Cmdable) error {
		for cursor := uint64(0); ; {
			keys, next, err := c.Scan(ctx, cursor, "*", 1000).Result()
			if err != nil {
				return err
			}
			mu.Lock()
			all = append(all, keys...)
			mu.Unlock()
			if cursor = next; cursor == 0 {
				return nil
			}
		}
	}
	if cluster, ok := client.(*redis.ClusterClient); ok {
		err := cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error { return scan(ctx, c) })
		return all, err
	}
	return all, scan(ctx, client)
}
