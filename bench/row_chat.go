package main

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

const pairs = 500

// talkers are pairs of people in conversation over two gateways and one Redis:
// visitors at the first, agents at the second.
type talkers struct {
	redis    *server
	gateways [2]*child
	crowd    *child // both sides, so that one clock times a message
}

func (t *talkers) end() {
	for _, c := range []*child{t.crowd, t.gateways[0], t.gateways[1]} {
		if c != nil {
			c.end()
		}
	}
	if t.redis != nil {
		t.redis.end()
	}
}

func (t *talkers) pids() []int {
	return []int{t.gateways[0].pid(), t.gateways[1].pid(), t.redis.pid()}
}

// meet brings all pairs into conversation.
func meet(kind string, args ...string) (t *talkers, err error) {
	t = &talkers{}
	defer func() {
		if err != nil {
			t.end()
		}
	}()
	if t.redis, err = startRedis(); err != nil {
		return t, err
	}
	address := t.redis.addr
	if kind == "nextup" {
		address = t.redis.url()
	}
	for i := range t.gateways {
		if t.gateways[i], err = start(kind, append([]string{"-redis", address}, args...)...); err != nil {
			return t, err
		}
	}
	if t.crowd, err = start("crowd"); err != nil {
		return t, err
	}
	ours := kind == "nextup"
	if err = t.crowd.call("come", comeOrder{URL: t.gateways[1].address, Name: "a", N: pairs, Kind: kind, Agents: ours, Talk: true, Pairs: true, Beat: 10}, nil); err != nil {
		return t, err
	}
	if err = t.crowd.call("come", comeOrder{URL: t.gateways[0].address, Name: "v", N: pairs, Kind: kind, Join: ours, Pairs: true, Beat: 10}, nil); err != nil {
		return t, err
	}
	for range 100 {
		ready := 0
		if err = t.crowd.call("ready", nil, &ready); err != nil {
			return t, err
		}
		if ready == 2*pairs {
			time.Sleep(time.Second)
			return t, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	var c counts
	_ = t.crowd.call("counts", nil, &c)
	return t, errors.New("not all found a partner: " + c.LastError)
}

// messageSize is that of a text in bytes.
const messageSize = 100

func (t *talkers) talk(o talkOrder) (sum talked, err error) {
	o.Size = messageSize
	if err = t.crowd.call("talk", o, &sum); err != nil {
		return sum, err
	}
	if sum.Failed > 0 || sum.Heard < 2*sum.Acked {
		var c counts
		_ = t.crowd.call("counts", nil, &c)
		return sum, fmt.Errorf("%d talkers failed, %d of %d messages came: %s", sum.Failed, sum.Heard, 2*sum.Acked, c.LastError)
	}
	return sum, nil
}

var chatSubjects = []struct {
	name, kind string
	args       []string
}{
	{"nextup", "nextup", nil},
	{"centrifuge", "centrifuge", nil},
	{"centrifuge with history", "centrifuge", []string{"-history"}},
}

// chat: CPU of both gateways and Redis per message when all write as
// soon as the last message was acknowledged.
func (b *bench) chat() error {
	var subjects []subject
	for _, s := range chatSubjects {
		subjects = append(subjects, subject{name: s.name, measure: func() (float64, error) {
			t, err := meet(s.kind, s.args...)
			if err != nil {
				return 0, err
			}
			defer t.end()
			if _, err := t.talk(talkOrder{Seconds: 2}); err != nil {
				return 0, err
			}
			if s.kind == "nextup" {
				b.profile(t.gateways[0], "chat", "cpu", b.seconds)
				b.profile(t.gateways[1], "chat1", "cpu", b.seconds)
			}
			before, err := t.redis.books()
			if err != nil {
				return 0, err
			}
			var sum talked
			used, err := over(t.pids(), func() (err error) { sum, err = t.talk(talkOrder{Seconds: b.seconds}); return err })
			if err != nil {
				return 0, err
			}
			after, err := t.redis.books()
			per := after.minus(before)
			notef("%s: %.0f messages a second, of it Redis %.1f µs and %.2f commands a message, p99 %.1f ms",
				s.name, float64(sum.Acked)/b.seconds, per.cpu/float64(sum.Acked)*1e6, per.commands/float64(sum.Acked), sum.P99)
			return used / float64(sum.Acked) * 1e6, err
		}})
	}
	all, err := b.turns(b.repeats, subjects...)
	if err != nil {
		return err
	}
	b.add(row{
		fmt.Sprintf("chat message through Redis, %d pairs on two gateways, closed loop: CPU of gateways and Redis", pairs),
		figure(all["nextup"], "µs"), figure(all["centrifuge"], "µs") + ", with history " + figure(all["centrifuge with history"], "µs"), "–",
		times(median(all["nextup"]), median(all["centrifuge"])) + ", with history " + times(median(all["nextup"]), median(all["centrifuge with history"])),
		"≤ 0.5 ×", "≤ 0.35 ×",
	})
	return nil
}

// latency: how long a message takes from one side to the other at a load that
// both servers bear.
func (b *bench) latency() error {
	const rate = 5000
	results := map[string][]float64{}
	var subjects []subject
	for _, s := range chatSubjects {
		t, err := meet(s.kind, s.args...)
		if err != nil {
			return err
		}
		defer t.end()
		if _, err := t.talk(talkOrder{Seconds: 1, Rate: rate}); err != nil {
			return err
		}
		subjects = append(subjects, subject{name: s.name, measure: func() (float64, error) {
			if s.kind == "nextup" {
				b.profile(t.gateways[0], "latency", "cpu", b.seconds/2)
			}
			sum, err := t.talk(talkOrder{Seconds: b.seconds / 2, Rate: rate})
			if got := float64(sum.Acked) / (b.seconds / 2); err == nil && got < .9*rate {
				err = fmt.Errorf("only %.0f messages a second", got)
			}
			results[s.name+" p50"] = append(results[s.name+" p50"], sum.P50)
			return sum.P99, err
		}})
	}
	all, err := b.turns(2*b.repeats+1, subjects...)
	if err != nil {
		return err
	}
	shown := func(name string) string {
		v, p50 := all[name], results[name+" p50"]
		slices.Sort(p50)
		return fmt.Sprintf("%.1f ms (%.1f–%.1f), p50 %.1f", median(v), v[0], v[len(v)-1], median(p50))
	}
	b.add(row{
		fmt.Sprintf("its p99 to the other side at %d messages a second, %d turns", rate, 2*b.repeats+1),
		shown("nextup"), shown("centrifuge") + ", with history " + shown("centrifuge with history"), "–",
		times(median(all["nextup"]), median(all["centrifuge"])) + ", with history " + times(median(all["nextup"]), median(all["centrifuge with history"])),
		"≤ 0.6 ×", "≤ 0.3 ×",
	})
	return nil
}
