package redislog

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog"
)

const headsPerPipeline = 512

// Heads implements eventlog.Backend. Each master of a Cluster is asked apart from the
// others, so that one that hangs costs only the heads that it keeps.
func (b *Backend) Heads(ctx context.Context, logs []eventlog.Log) ([]eventlog.Head, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	heads := make([]eventlog.Head, len(logs))
	if len(logs) == 1 {
		err := b.readHead(ctx, logs[0], &heads[0])
		return heads, err
	}
	byMaster, errs := map[*redis.Client][]int{}, []error(nil)
	for i, log := range logs {
		master, err := b.master(ctx, headKey(log.Name))
		if err != nil {
			heads[i] = eventlog.UnknownHead
			errs = append(errs, failed(err))
			continue
		}
		byMaster[master] = append(byMaster[master], i)
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, places := range byMaster {
		all.Go(func() {
			if err := b.readHeads(ctx, logs, heads, places); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	}
	all.Wait()
	return heads, errors.Join(errs...)
}

// readHead reads a log's head together with what else is asked in this moment.
func (b *Backend) readHead(ctx context.Context, log eventlog.Log, head *eventlog.Head) error {
	*head = eventlog.UnknownHead
	var reply *redis.SliceCmd
	if err := b.together(ctx, headKey(log.Name), func(p redis.Pipeliner) { reply = headOf(ctx, p, log) }); err != nil {
		return failed(err)
	}
	return b.takeHead(ctx, log, reply, head)
}

func headOf(ctx context.Context, p redis.Pipeliner, log eventlog.Log) *redis.SliceCmd {
	return p.HMGet(ctx, headKey(log.Name), "number", "id", "at")
}

// takeHead decodes the answer for a log's head. It leaves one that is not known.
func (b *Backend) takeHead(ctx context.Context, log eventlog.Log, reply *redis.SliceCmd, head *eventlog.Head) error {
	if err := reply.Err(); err != nil {
		return failed(err)
	}
	known, err := parseHead(reply.Val())
	if err != nil {
		return err
	}
	*head = known
	if p, asked := b.paces.Load(log.Name); asked {
		b.keepPace(ctx, log, p.(*pace), head.At)
	}
	return nil
}

// readHeads reads the heads of the logs at these places.
func (b *Backend) readHeads(ctx context.Context, logs []eventlog.Log, heads []eventlog.Head, places []int) error {
	var err, garbled error
	for len(places) > 0 {
		part := places[:min(len(places), headsPerPipeline)]
		places = places[len(part):]
		replies := make([]*redis.SliceCmd, len(part))
		if err == nil { // what does not answer is not asked again
			_, err = b.client.Pipelined(ctx, func(p redis.Pipeliner) error {
				for i, n := range part {
					replies[i] = headOf(ctx, p, logs[n])
				}
				return nil
			})
		}
		for i, n := range part {
			heads[n] = eventlog.UnknownHead
			if replies[i] == nil || replies[i].Err() != nil {
				continue
			}
			if e := b.takeHead(ctx, logs[n], replies[i], &heads[n]); e != nil {
				garbled = e
			}
		}
	}
	if err != nil {
		return failed(err)
	}
	return garbled
}

// keepPace asks a log for its time if that has not been said for a while. A log that
// is ahead of a clock that was set back notes when its time goes on from there, so
// that is asked soon after every jump.
func (b *Backend) keepPace(ctx context.Context, log eventlog.Log, p *pace, newest int64) {
	if newest > 0 {
		p.reached(newest)
	}
	if p.stale(b.jumps.Load()) {
		_, _, _ = b.run(ctx, call{log: log, frees: true}) // a failure is mended by the next look
	}
}

func parseHead(values []any) (eventlog.Head, error) {
	if len(values) != 3 || values[0] == nil {
		return eventlog.Head{}, nil
	}
	number, err1 := strconv.ParseUint(text(values[0]), 10, 64)
	at, err2 := strconv.ParseInt(text(values[2]), 10, 64)
	if err := errors.Join(err1, err2); err != nil {
		return eventlog.Head{}, broken("head", err)
	}
	return eventlog.Head{Number: number, ID: text(values[1]), At: at}, nil
}

// Read implements eventlog.Backend.
func (b *Backend) Read(ctx context.Context, log eventlog.Log, after uint64, limit int) ([]eventlog.Record, error) {
	if limit <= 0 {
		return nil, nil
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	// Without go-redis's typed reply, which makes a map of every record.
	reply, err := b.client.Do(ctx, "XRANGE", recordsKey(log.Name),
		strconv.FormatUint(after+1, 10)+"-0", "+", "COUNT", limit).Slice()
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, failed(err)
	}
	records := make([]eventlog.Record, len(reply))
	for i, entry := range reply {
		r, err := parseRecord(entry)
		if err != nil {
			return nil, broken("record", err)
		}
		if r.Number != after+1+uint64(i) {
			return nil, eventlog.ErrTrimmed
		}
		records[i] = r
	}
	return records, nil
}

func parseRecord(entry any) (r eventlog.Record, err error) {
	pair, _ := entry.([]any)
	if len(pair) != 2 {
		return r, errors.New("not a stream entry")
	}
	number, _, _ := strings.Cut(text(pair[0]), "-")
	if r.Number, err = strconv.ParseUint(number, 10, 64); err != nil {
		return r, err
	}
	fields, _ := pair[1].([]any)
	for i := 0; i+1 < len(fields); i += 2 {
		value := text(fields[i+1])
		switch text(fields[i]) {
		case "id":
			r.ID = value
		case "prev":
			r.Prev = value
		case "at":
			if r.At, err = strconv.ParseInt(value, 10, 64); err != nil {
				return r, err
			}
		case "data":
			r.Data = []byte(value)
		}
	}
	return r, nil
}

// Ranked returns the keys (see eventlog.RankKey) of a sorted set in order: the
// witness that tests compare a replica with.
func (b *Backend) Ranked(ctx context.Context, log eventlog.Log, set string) ([]string, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	keys, err := b.client.ZRange(ctx, rankKey(log.Name, set), 0, -1).Result()
	if err != nil {
		return nil, failed(err)
	}
	return keys, nil
}

// Rank returns the 0-based place of a key in a sorted set, or -1.
func (b *Backend) Rank(ctx context.Context, log eventlog.Log, set, key string) (int64, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	place, err := b.client.ZRank(ctx, rankKey(log.Name, set), key).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return -1, nil
	case err != nil:
		return -1, failed(err)
	}
	return place, nil
}

func text(v any) string {
	s, _ := v.(string)
	return s
}
