package routing

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// witness is what the sorted sets of all queues held at one number of the log.
type witness struct {
	number uint64
	lines  map[string][]string
}

// witnesses looks at them many times while the crowd lives, each time at all of
// them in one transaction.
type witnesses struct {
	stop context.CancelFunc
	done sync.WaitGroup
	all  []witness
	// stalled is the longest from one answer of Redis to the next.
	stalled time.Duration
}

func watch(client *redis.Client, r *rules) *witnesses {
	ctx, stop := context.WithCancel(context.Background())
	w := &witnesses{stop: stop}
	w.done.Go(func() {
		for asked := time.Now(); ctx.Err() == nil; pause(ctx, 200*time.Millisecond) {
			if seen, err := look(ctx, client, r); err == nil {
				w.all = append(w.all, seen)
				w.stalled = max(w.stalled, time.Since(asked))
				asked = time.Now()
			}
		}
	})
	return w
}

// seen ends the looking and returns what was seen, in order.
func (w *witnesses) seen() []witness {
	w.stop()
	w.done.Wait()
	slices.SortStableFunc(w.all, func(a, b witness) int { return cmp.Compare(a.number, b.number) })
	return w.all
}

func look(ctx context.Context, client *redis.Client, r *rules) (witness, error) {
	const log = "nextup:{s:" + siteID + "}:"
	lines := map[string]*redis.StringSliceCmd{}
	var head *redis.StringCmd
	_, err := client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		head = p.HGet(ctx, log+"head", "number")
		for name, d := range r.departments {
			for _, l := range d.languages {
				lines[name+"/"+l] = p.ZRange(ctx, log+"rank:"+name+"/"+l, 0, -1)
			}
		}
		return nil
	})
	if err != nil {
		return witness{}, err
	}
	w := witness{lines: map[string][]string{}}
	for q, line := range lines {
		w.lines[q] = line.Val()
	}
	w.number, err = strconv.ParseUint(head.Val(), 10, 64)
	return w, err
}

// testify holds what Redis ranks beside the log against the replayed log.
func (j *judge) testify(w witness) {
	for queue, got := range w.lines {
		var want []string
		for _, t := range j.lines[queue] {
			want = append(want, fmt.Sprintf("%016d:%s", t.Joined, t.ID))
		}
		j.look(onePlace)
		if !slices.Equal(want, got) {
			j.fail(onePlace, "at number %d the sorted set of %s holds %v, the log says %v", w.number, queue, got, want)
		}
	}
}
