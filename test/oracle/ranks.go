package oracle

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

// Rank is what the sorted sets of all queues held at one number of the log.
type Rank struct {
	Number uint64
	Lines  map[string][]string
}

// RankWatch looks at them many times while a run goes on, each time at all of them
// in one transaction.
type RankWatch struct {
	stop context.CancelFunc
	done sync.WaitGroup
	all  []Rank
	// stalled is the longest from one answer of Redis to the next.
	stalled time.Duration
}

// WatchRanks begins to look at the queues of a site.
func WatchRanks(client *redis.Client, site string, routing *Routing) *RankWatch {
	ctx, stop := context.WithCancel(context.Background())
	w := &RankWatch{stop: stop}
	w.done.Go(func() {
		again := time.NewTicker(200 * time.Millisecond)
		defer again.Stop()
		for asked := time.Now(); ctx.Err() == nil; {
			if seen, err := rank(ctx, client, site, routing); err == nil {
				w.all = append(w.all, seen)
				w.stalled = max(w.stalled, time.Since(asked))
				asked = time.Now()
			}
			select {
			case <-again.C:
			case <-ctx.Done():
			}
		}
	})
	return w
}

// Seen ends the looking and returns what was seen, in order, and the longest time
// from one answer of Redis to the next.
func (w *RankWatch) Seen() ([]Rank, time.Duration) {
	w.stop()
	w.done.Wait()
	slices.SortStableFunc(w.all, func(a, b Rank) int { return cmp.Compare(a.Number, b.Number) })
	return w.all, w.stalled
}

func rank(ctx context.Context, client *redis.Client, site string, routing *Routing) (Rank, error) {
	log := "nextup:{s:" + site + "}:"
	lines := map[string]*redis.StringSliceCmd{}
	var head *redis.StringCmd
	_, err := client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		head = p.HGet(ctx, log+"head", "number")
		for name, d := range routing.Departments {
			for _, l := range d.Languages {
				lines[name+"/"+l] = p.ZRange(ctx, log+"rank:"+name+"/"+l, 0, -1)
			}
		}
		return nil
	})
	if err != nil {
		return Rank{}, err
	}
	r := Rank{Lines: map[string][]string{}}
	for q, line := range lines {
		r.Lines[q] = line.Val()
	}
	r.Number, err = strconv.ParseUint(head.Val(), 10, 64)
	return r, err
}

// ranked holds what Redis ranks beside the log against the replayed log.
func (j *judge) ranked(r Rank) {
	for queue, got := range r.Lines {
		j.looked(OneOwner)
		if want := j.rankOf(queue); !slices.Equal(want, got) {
			j.wrong(OneOwner, "at number %d the sorted set of %s holds %v, the log says %v", r.Number, queue, got, want)
		}
	}
}

// rankOf is a queue's sorted set by the log.
func (j *judge) rankOf(queue string) []string {
	var all []string
	for _, t := range j.lines[queue] {
		all = append(all, fmt.Sprintf("%016d:%s", t.Joined, t.ID))
	}
	return all
}
