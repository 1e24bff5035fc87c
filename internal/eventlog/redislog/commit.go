package redislog

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog"
)

//go:embed commit.lua
var commitSource string

var (
	commitScript = redis.NewScript(commitSource)
	// freeingScript is the same script, allowed to run when Redis is out of memory.
	freeingScript = redis.NewScript(strings.Replace(commitSource, "#!lua\n", "#!lua flags=allow-oom\n", 1))
)

// maxCommitsPerScript keeps a run of the script short: Redis does nothing else
// meanwhile.
const maxCommitsPerScript = 128

// Commit implements eventlog.Backend. It acknowledges nothing that is not as
// durable as Options demand: the error is then an eventlog.ErrUnavailable, and a
// retry finds the commit and proves it anew.
func (b *Backend) Commit(ctx context.Context, log eventlog.Log, commits []eventlog.Commit) ([]eventlog.Outcome, error) {
	if err := eventlog.Check(log, commits); err != nil {
		return nil, err
	}
	ctx, cancel := bounded(ctx)
	defer cancel()
	frees := eventlog.AllReleaseMemory(commits)
	outcomes := make([]eventlog.Outcome, 0, len(commits))
	for len(commits) > 0 {
		part := commits[:min(len(commits), maxCommitsPerScript)]
		commits = commits[len(part):]
		out, proof, err := b.run(ctx, call{log: log, commits: part, frees: frees})
		if err == nil && slices.ContainsFunc(out, acknowledges) {
			err = proven(proof)
		}
		if err != nil {
			if !errors.Is(err, eventlog.ErrFull) && !errors.Is(err, eventlog.ErrUntried) {
				b.doubt(ctx, log)
			}
			return nil, err
		}
		outcomes = append(outcomes, out...)
	}
	return outcomes, nil
}

func acknowledges(o eventlog.Outcome) bool {
	return o.Status == eventlog.Committed || o.Status == eventlog.Duplicate
}

// call is a set of commits to one log that fits into one run of the script.
type call struct {
	log     eventlog.Log
	commits []eventlog.Commit
	frees   bool // all of them free memory: a full server should take it
	probe   bool // it is applied beside the log: see Probe
	// first adds a probe's own commands before the script, in the same round trip; it is
	// called for each attempt. nil adds none.
	first func(redis.Pipeliner)
}

// scriptRun holds the keys and arguments of one run of commit.lua, for one call or
// several.
type scriptRun struct {
	keys []string
	args []any
	// trace, if set, is called with the name of each, as the script's header lists
	// them; tests compare the two.
	trace func(kind, name string)
}

func (m *scriptRun) key(name, key string) {
	m.keys = append(m.keys, key)
	if m.trace != nil {
		m.trace("KEYS", name)
	}
}

func (m *scriptRun) arg(name string, value any) {
	m.args = append(m.args, value)
	if m.trace != nil {
		m.trace("ARGV", name)
	}
}

// header adds what comes first; rewrite has a commit that was there already written
// again, so that WAIT covers it.
func (m *scriptRun) header(rewrite bool, database string) {
	m.arg("again", strconv.Itoa(flag(rewrite))+database)
}

// encode adds the commits of calls to one log.
func (m *scriptRun) encode(log eventlog.Log, calls ...call) {
	keys, count := len(m.keys), 0
	key := func(name, key string) {
		if calls[0].probe {
			key = beside(key)
		}
		m.key(name, key)
	}
	key("head", headKey(log.Name))
	key("records", recordsKey(log.Name))
	key("entities", entitiesKey(log.Name))
	for _, c := range calls {
		count += len(c.commits)
		if log.Remember > 0 {
			for i := range c.commits {
				key("id*", idKey(log.Name, c.commits[i].ID))
			}
		}
	}
	var sets map[string]int
	for _, c := range calls {
		for i := range c.commits {
			for _, r := range c.commits[i].Ranks {
				if sets[r.Set] == 0 {
					if sets == nil {
						sets = map[string]int{}
					}
					sets[r.Set] = len(sets) + 1
					key("rank*", rankKey(log.Name, r.Set))
				}
			}
		}
	}

	m.arg("keys", len(m.keys)-keys)
	m.arg("values", 0)
	values := len(m.args)
	m.arg("remember", milliseconds(log.Remember))
	m.arg("trim", milliseconds(log.Trim))
	m.arg("keep", milliseconds(log.Keep))
	m.arg("commits", count)
	for _, c := range calls {
		for i := range c.commits {
			m.encodeOne(&c.commits[i], sets)
		}
	}
	m.args[values-1] = len(m.args) - values
}

func (m *scriptRun) encodeOne(commit *eventlog.Commit, sets map[string]int) {
	m.arg("id", commit.ID)
	m.arg("intent", commit.Intent)
	m.arg("data", commit.Data)
	m.arg("limits", limits(commit))
	m.arg("rest", 0)
	rest := len(m.args)
	if len(commit.Reads)+len(commit.Writes)+len(commit.Ranks) == 0 {
		return
	}
	m.arg("reads", len(commit.Reads))
	for _, r := range commit.Reads {
		m.arg("name*", r.Name)
	}
	for _, r := range commit.Reads {
		m.arg("version*", r.Version)
	}
	m.arg("writes", 0)
	writes, removals := len(m.args), 0
	for _, w := range commit.Writes {
		if w.Body == nil {
			removals++
			continue
		}
		m.arg("entity*", w.Name)
		m.arg("body*", w.Body)
	}
	m.args[writes-1] = len(commit.Writes) - removals
	m.arg("removals", removals)
	for _, w := range commit.Writes {
		if w.Body == nil {
			m.arg("removed*", w.Name)
		}
	}
	m.arg("ranks", len(commit.Ranks))
	for _, r := range commit.Ranks {
		how := "add"
		switch {
		case r.Remove:
			how = "rem"
		case r.FromStamp:
			how = "stamp"
		}
		m.arg("set_key*", sets[r.Set])
		m.arg("how*", how)
		m.arg("score*", r.Score)
		m.arg("number*", r.Number)
		m.arg("member*", r.Member)
	}
	m.args[rest-1] = len(m.args) - rest
}

// limits encodes the bounds of a commit and the fence and seal that it sets: mostly
// nothing, or the fence of a message.
func limits(c *eventlog.Commit) string {
	switch {
	case c.NotBefore != 0 || c.NotAfter != 0 || c.RaiseFence != 0 || c.Seal:
		return fmt.Sprintf("%d %d %d %d %d", c.Fence, c.NotBefore, c.NotAfter, c.RaiseFence, flag(c.Seal))
	case c.Fence != 0:
		return strconv.FormatUint(c.Fence, 10)
	}
	return ""
}

// perCommit is the number of values of a reply that answer one commit.
const perCommit = 4

// answers checks the form of a whole reply, samples the times in it (the server's
// and those of the logs), and returns the answers to the commits.
func (p *batcher) answers(reply *redis.Cmd, commits int, logs []string, sent time.Time) ([]any, error) {
	values, err := reply.Slice()
	if err != nil {
		return nil, err
	}
	if len(values) != 1+perCommit*commits+len(logs) {
		return nil, fmt.Errorf("%d values answer %d commits to %d logs", len(values), commits, len(logs))
	}
	clock, ok := values[0].(int64)
	if !ok {
		return nil, errAnswer
	}
	jumps := p.b.jumps.Load() // read before sampling, so that a jump that shows only now has the log asked once more
	p.sample(clock, sent)
	stamps := values[1+perCommit*commits:]
	for i, log := range logs {
		if of, asked := p.b.paces.Load(log); asked {
			if stamp, ok := stamps[i].(int64); ok {
				of.(*pace).sample(stamp, sent, jumps)
			}
		}
	}
	return values[1 : 1+perCommit*commits], nil
}

var errAnswer = errors.New("the answer to a commit has other types than expected")

// decode turns the answers to the commits of one call into outcomes.
func decode(answers []any, commits []eventlog.Commit) ([]eventlog.Outcome, error) {
	outcomes := make([]eventlog.Outcome, len(commits))
	for i := range commits {
		answer := answers[perCommit*i:]
		status, okStatus := answer[0].(int64)
		number, okNumber := answer[1].(int64)
		at, okAt := answer[2].(int64)
		id, okID := answer[3].(string)
		if answer[3] == nil {
			id, okID = commits[i].ID, true
		}
		switch {
		case !okStatus || !okNumber || !okAt || !okID:
			return nil, failed(errAnswer)
		case status == 0:
			return nil, failed(errors.New(id))
		}
		outcomes[i] = eventlog.Outcome{
			Status: eventlog.Status(status),
			Head:   eventlog.Head{Number: uint64(number), ID: id, At: at},
		}
	}
	return outcomes, nil
}

// milliseconds rounds up, because 0 would mean for ever.
func milliseconds(d time.Duration) int64 {
	return int64((d + time.Millisecond - 1) / time.Millisecond)
}

func flag(on bool) int {
	if on {
		return 1
	}
	return 0
}
