package redislog

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog"
)

const entitiesPerPage = 512

//go:embed scan.lua
var scanSource string

var scanScript = redis.NewScript(scanSource)

// cursorBits is the number of low bits of a cursor that are Redis's own; the mark of
// the server that gave it stands above them.
const cursorBits = 40

// Scan implements eventlog.Backend. Redis's cursors are valid only for the process
// that gave them, since each hashes in its own way: continuing at another one, after
// a failover or when the log's slot has moved, would silently leave entities out. So
// that is an error, and the caller starts over.
func (b *Backend) Scan(ctx context.Context, log eventlog.Log, cursor uint64) ([]eventlog.Entity, uint64, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	reply, err := scanScript.RunRO(ctx, b.client, []string{entitiesKey(log.Name)},
		strconv.FormatUint(cursor&(1<<cursorBits-1), 10), entitiesPerPage).Slice()
	if err != nil {
		return nil, 0, failed(err)
	}
	if len(reply) != 3 {
		return nil, 0, broken("page", fmt.Errorf("%d values", len(reply)))
	}
	next, err := strconv.ParseUint(text(reply[0]), 10, cursorBits)
	if err != nil {
		return nil, 0, broken("cursor", err)
	}
	server := mark(text(reply[2]))
	if cursor != 0 && cursor>>cursorBits != server {
		return nil, 0, fmt.Errorf("%w: the scan began at another server", eventlog.ErrUnavailable)
	}
	if next != 0 {
		next |= server << cursorBits
	}
	pairs, _ := reply[1].([]any)
	entities := make([]eventlog.Entity, 0, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		e, err := parseEntity(text(pairs[i]), text(pairs[i+1]))
		if err != nil {
			return nil, 0, broken("entity", err)
		}
		entities = append(entities, e)
	}
	return entities, next, nil
}

// Entity implements eventlog.Backend.
func (b *Backend) Entity(ctx context.Context, log eventlog.Log, name string) (eventlog.Entity, error) {
	ctx, cancel := bounded(ctx)
	defer cancel()
	packed, err := b.client.HGet(ctx, entitiesKey(log.Name), name).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return eventlog.Entity{}, nil
	case err != nil:
		return eventlog.Entity{}, failed(err)
	}
	e, err := parseEntity(name, packed)
	if err != nil {
		return eventlog.Entity{}, broken("entity", err)
	}
	return e, nil
}

// mark returns the part of a hash of the server's name that fits beside its cursors.
func mark(server string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(server)) // it never fails
	return h.Sum64() >> cursorBits
}

func parseEntity(name, packed string) (e eventlog.Entity, err error) {
	parts := strings.SplitN(packed, " ", 4)
	if len(parts) != 4 {
		return e, fmt.Errorf("%q is not version, number, at and body", name)
	}
	e.Name, e.Version, e.Body = name, parts[0], []byte(parts[3])
	if e.Number, err = strconv.ParseUint(parts[1], 10, 64); err != nil {
		return e, err
	}
	e.At, err = strconv.ParseInt(parts[2], 10, 64)
	return e, err
}
