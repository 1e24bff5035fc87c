package eta

import (
	"fmt"
	"maps"
	"math"
	"testing"

	"nextup/queue"
)

func TestPlaysOfOneLineAgreeWithTheFormula(t *testing.T) {
	const now = 10_000_000
	st := scenery(now, 10, 20)
	e := New(nil)
	e.SetBudget(100_000)
	e.Estimate(st, now)
	for i := range 30 {
		e.Estimate(st, now+queue.Stamp(i+1)*playEveryStamp)
	}
	for _, position := range []int{2, 5, 12, 20} {
		c := e.twin.by[support.String()][octave(position)]
		if c.mean.N < 100 {
			t.Fatalf("position %d: %.0f plays", position, c.mean.N)
		}
		if ratio := c.mean.A / c.mean.B; math.Abs(ratio-1) > 0.12 {
			t.Errorf("position %d: plays say %.3f times what Rate says", position, ratio)
		}
		if ratio := c.variance.A / c.variance.B; math.Abs(ratio-1) > 0.25 {
			t.Errorf("position %d: the variance of plays is %.3f times what Rate says", position, ratio)
		}
	}
}

func TestPlaysLeaveTheStateAlone(t *testing.T) {
	const now = 10_000_000
	st := scenery(now, 5, 30)
	number, size := st.Number(), st.Size(support)
	e := New(nil)
	e.Estimate(st, now)
	if st.Number() != number || st.Size(support) != size || len(st.Held("a1")) != 1 || st.Held("a1")[0].ID != "busya1" {
		t.Error("a play has changed the site")
	}
}

func TestALongPlayGoesOnOverSeveralLooks(t *testing.T) {
	const now = 10_000_000
	st := scenery(now, 20, 200)
	e := New(nil)
	e.SetBudget(150)
	for i := range 20 {
		e.Estimate(st, now+queue.Stamp(i)*playEveryStamp)
		learned := e.twin.by[support.String()] != nil
		if i == 0 && learned {
			t.Fatal("learned from a play that is not over")
		}
		if learned {
			return
		}
	}
	t.Error("a play of 200 tickets is not over after 3,000 records")
}

func TestTheSameRecordsGiveTheSameEstimates(t *testing.T) {
	const now = 10_000_000
	curves := func() string {
		st := scenery(now, 10, 40)
		e := New(nil)
		var all string
		for i := range 5 {
			out := e.Estimate(st, now+queue.Stamp(i)*playEveryStamp)
			all += fmt.Sprintln(out.Curves, string(e.Checkpoint(st).Data))
		}
		return all
	}
	if a, b := curves(), curves(); a != b {
		t.Error("two estimators that saw the same differ")
	}
}

func TestAStepThatEndsAndASiteThatPausesKeepTheCountsRight(t *testing.T) {
	// The estimator's own view, kept by records alone, is what the state says.
	const now = 10_000_000
	st := scenery(now, 3, 5)
	e := New(nil)
	e.Estimate(st, now)
	at := queue.Stamp(now)
	play := func(c queue.Change, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		at += 1000
		e.Observe(st.Play(c, at))
	}
	play(st.Close("a0", "busya0"))
	for _, c := range st.Match(st.At(), 8) {
		play(c, nil)
	}
	offered := st.Held("a0")[0]
	play(st.Decline("a0", offered.Offer.ID))
	play(st.SetStatus("a1", queue.Away))
	for _, c := range st.Match(st.At(), 8) {
		play(c, nil)
	}
	play(st.Leave("w4", "wait4"))
	fresh := New(nil)
	fresh.sync(st)
	if !maps.EqualFunc(e.waiting, fresh.waiting, func(a, b *waitingGroup) bool { return a.n == b.n }) || len(e.withRoom) != len(fresh.withRoom) {
		t.Errorf("%v wait and %d have room, the state says %v and %d", e.waiting, len(e.withRoom), fresh.waiting, len(fresh.withRoom))
	}
	for id, p := range fresh.agents {
		if q := e.agents[id]; q == nil || q.load != p.load || len(q.held) != len(p.held) || q.Takes() != p.Takes() {
			t.Errorf("%s: load %d of %d held, the state says %d of %d", id, q.load, len(q.held), p.load, len(p.held))
		}
	}
}
