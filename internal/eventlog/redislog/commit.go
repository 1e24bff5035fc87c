package redislog

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog"
)

//go:embed commit.lua
var commitSource string

var (
	commitScript = redis.NewScript(commitSource)
	// freeingScript is the same, but runs when Redis is out of memory.
	freeingScript = redis.NewScript(strings.Replace(commitSource, "#!lua\n", "#!lua flags=allow-oom\n", 1))
)

// maxCommitsPerScript keeps a script short: Redis does nothing else meanwhile.
const maxCommitsPerScript = 128

// Commit implements eventlog.Backend. It acknowledges nothing that is not as
// durable as Options say: the error is then an eventlog.ErrUnavailable, and a
// retry finds the commit and proves it anew.
func (b *Backend) Commit(ctx context.Context, log eventlog.Log, commits []eventlog.Commit) ([]eventlog.Outcome, error) {
	if err := eventlog.Check(log, commits); err != nil {
		return nil, err
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	script := commitScript
	if eventlog.AllFree(commits) {
		script = freeingScript
	}
	outcomes := make([]eventlog.Outcome, 0, len(commits))
	for len(commits) > 0 {
		part := commits[:min(len(commits), maxCommitsPerScript)]
		commits = commits[len(part):]
		c := call{script: script, again: b.options.Durability == Replica}
		c.encode(log, part)
		reply, proof, err := b.run(ctx, &c)
		if err != nil {
			return nil, err
		}
		known := len(outcomes)
		if outcomes, err = b.decode(reply, len(part), outcomes); err != nil {
			return nil, err
		}
		if slices.ContainsFunc(outcomes[known:], acknowledges) {
			if err := proven(proof); err != nil {
				return nil, err
			}
		}
	}
	return outcomes, nil
}

func acknowledges(o eventlog.Outcome) bool {
	return o.Status == eventlog.Committed || o.Status == eventlog.Duplicate
}

// call is one run of commit.lua.
type call struct {
	script *redis.Script
	whole  bool // send the script itself: the server does not know its hash
	again  bool // a commit that was there is written again, so that WAIT covers it
	keys   []string
	args   []any
	// trace, if set, hears the name of each: what the script's header lists.
	trace func(kind, name string)
}

func (c *call) key(name, key string) {
	c.keys = append(c.keys, key)
	if c.trace != nil {
		c.trace("KEYS", name)
	}
}

func (c *call) arg(name string, value any) {
	c.args = append(c.args, value)
	if c.trace != nil {
		c.trace("ARGV", name)
	}
}

func (c *call) encode(log eventlog.Log, commits []eventlog.Commit) {
	c.key("head", headKey(log.Name))
	c.key("records", recordsKey(log.Name))
	c.key("entities", entitiesKey(log.Name))
	if log.Remember > 0 {
		for i := range commits {
			c.key("id*", idKey(log.Name, commits[i].ID))
		}
	}
	base := len(c.keys)
	sets := map[string]int{}
	for i := range commits {
		for _, r := range commits[i].Ranks {
			if sets[r.Set] == 0 {
				sets[r.Set] = len(sets) + 1
				c.key("rank*", rankKey(log.Name, r.Set))
			}
		}
	}

	c.arg("remember", milliseconds(log.Remember))
	c.arg("trim", milliseconds(log.Trim))
	c.arg("keep", milliseconds(log.Keep))
	c.arg("channel", signalsChannel(log.Name))
	c.arg("records", recordsPrefix)
	c.arg("most", maxPushed)
	c.arg("wake", wakePayload)
	c.arg("again", flag(c.again))
	c.arg("base", base)
	c.arg("commits", len(commits))
	for i := range commits {
		c.encodeOne(&commits[i], sets)
	}
}

func (c *call) encodeOne(commit *eventlog.Commit, sets map[string]int) {
	c.arg("length", 11+2*len(commit.Reads)+3*len(commit.Writes)+6*len(commit.Ranks))
	c.arg("id", commit.ID)
	c.arg("intent", commit.Intent)
	c.arg("not_before", commit.NotBefore)
	c.arg("not_after", commit.NotAfter)
	c.arg("fence", commit.Fence)
	c.arg("raise_fence", commit.RaiseFence)
	c.arg("seal", flag(commit.Seal))
	c.arg("data", commit.Data)
	c.arg("reads", len(commit.Reads))
	for _, r := range commit.Reads {
		c.arg("name*", r.Name)
		c.arg("version*", r.Version)
	}
	c.arg("writes", len(commit.Writes))
	for _, w := range commit.Writes {
		c.arg("entity*", w.Name)
		c.arg("set*", flag(w.Body != nil))
		c.arg("body*", w.Body)
	}
	c.arg("ranks", len(commit.Ranks))
	for _, r := range commit.Ranks {
		c.arg("set_key*", sets[r.Set])
		c.arg("member*", r.Member)
		c.arg("number*", r.Number)
		c.arg("score*", r.Score)
		c.arg("from_stamp*", flag(r.FromStamp))
		c.arg("remove*", flag(r.Remove))
	}
}

func (b *Backend) decode(reply []any, commits int, outcomes []eventlog.Outcome) ([]eventlog.Outcome, error) {
	if len(reply) != 1+4*commits {
		return nil, fmt.Errorf("%w: %d values answer %d commits", eventlog.ErrUnavailable, len(reply), commits)
	}
	clock, ok := reply[0].(int64)
	for i := 1; ok && i < len(reply); i += 4 {
		status, okStatus := reply[i].(int64)
		number, okNumber := reply[i+1].(int64)
		at, okAt := reply[i+2].(int64)
		id, okID := reply[i+3].(string)
		ok = okStatus && okNumber && okAt && okID
		outcomes = append(outcomes, eventlog.Outcome{
			Status: eventlog.Status(status),
			Head:   eventlog.Head{Number: uint64(number), ID: id, At: at},
		})
	}
	if !ok {
		return nil, fmt.Errorf("%w: the answer to a commit has other types than expected", eventlog.ErrUnavailable)
	}
	b.clock.sample(clock)
	return outcomes, nil
}

// milliseconds rounds up: 0 would mean for ever.
func milliseconds(d time.Duration) int64 {
	return int64((d + time.Millisecond - 1) / time.Millisecond)
}

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}
