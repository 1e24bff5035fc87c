package fanout

import (
	"testing"

	"nextup/gateway/protocol"
	"nextup/queue"
)

const minute queue.Stamp = 60_000

// life is a ticket as each step of a log makes it.
type life []*queue.Ticket

func (l life) steps() []queue.Step {
	var steps []queue.Step
	var before *queue.Ticket
	for _, after := range l {
		steps = append(steps, queue.Step{Tickets: []queue.TicketStep{{Before: before, After: after}}})
		before = after
	}
	return steps
}

func joined(id, visitor string, at queue.Stamp) *queue.Ticket {
	return (&queue.Ticket{ID: id, Visitor: visitor, Status: queue.Waiting, JoinedAt: at}).Copy()
}

func with(t *queue.Ticket, change func(*queue.Ticket)) *queue.Ticket {
	after := t.Copy()
	change(after)
	return after
}

func assigned(t *queue.Ticket, at queue.Stamp) *queue.Ticket {
	return with(t, func(t *queue.Ticket) {
		t.FirstAt = t.AnsweredAt()
		t.Status, t.Token, t.AssignedAt = queue.Assigned, t.Token+1, at
	})
}

func ended(t *queue.Ticket, status queue.Status, end queue.EndReason, at queue.Stamp) *queue.Ticket {
	return with(t, func(t *queue.Ticket) { t.Status, t.End, t.EndedAt = status, end, at })
}

// served is the whole life of a ticket that an agent takes after a wait and closes
// ten minutes later.
func served(id, visitor string, at, wait queue.Stamp) life {
	j := joined(id, visitor, at)
	a := assigned(j, at+wait)
	return life{j, a, ended(a, queue.Closed, queue.AgentClosed, at+wait+10*minute)}
}

// [board-4]
func TestADayIsCountedInQuartersOfAnHour(t *testing.T) {
	const noon = 1_000 * 60 * minute
	rate := func(l life, at queue.Stamp, scores ...int) life {
		for i, score := range scores {
			l = append(l, with(l[len(l)-1], func(t *queue.Ticket) { t.Rating = &queue.Rating{Score: score, At: at + queue.Stamp(i)} }))
		}
		return l
	}
	moved := func() life {
		l := served("t", "v", noon, minute/2)[:2]
		back := with(l[1], func(t *queue.Ticket) { t.FirstAt = t.AnsweredAt(); t.Status, t.AssignedAt = queue.Waiting, 0 })
		again := assigned(back, noon+5*minute)
		return append(l, back, again, ended(again, queue.Closed, queue.AgentClosed, noon+8*minute))
	}
	left := func(at queue.Stamp) life {
		j := joined("t", "v", at)
		return life{j, ended(j, queue.Abandoned, queue.VisitorLeft, at+2*minute)}
	}
	for _, tt := range []struct {
		name  string
		lives []life
		want  []protocol.BoardBucket
	}{
		{"nothing has happened", nil, nil},
		{"one who waits", []life{{joined("t", "v", noon)}}, []protocol.BoardBucket{{AtMS: int64(noon), Joined: 1}}},
		{
			"answered within the target and closed", []life{served("t", "v", noon, minute)},
			[]protocol.BoardBucket{{AtMS: int64(noon), Joined: 1, Answered: 1, InTarget: 1, WaitedS: 60, Handled: 1, HandledS: 600, Solved: 1}},
		},
		{
			"each where it happened", []life{served("t", "v", noon+14*minute, 2*minute)},
			[]protocol.BoardBucket{{AtMS: int64(noon), Joined: 1}, {AtMS: int64(noon + 15*minute), Answered: 1, WaitedS: 120, Handled: 1, HandledS: 600, Solved: 1}},
		},
		{"left before an agent came", []life{left(noon)}, []protocol.BoardBucket{{AtMS: int64(noon), Joined: 1, Abandoned: 1}}},
		{
			"passed on: answered once, by the first, and not solved by them", []life{moved()},
			[]protocol.BoardBucket{{AtMS: int64(noon), Joined: 1, Answered: 1, InTarget: 1, WaitedS: 30, Handled: 1, HandledS: 450}},
		},
		{
			"came back: not solved the first time", []life{served("t", "v", noon, minute), {joined("u", "v", noon+12*minute)}},
			[]protocol.BoardBucket{{AtMS: int64(noon), Joined: 2, Answered: 1, InTarget: 1, WaitedS: 60, Handled: 1, HandledS: 600}},
		},
		{
			"somebody else came: solved", []life{served("t", "v", noon, minute), {joined("u", "w", noon+12*minute)}},
			[]protocol.BoardBucket{{AtMS: int64(noon), Joined: 2, Answered: 1, InTarget: 1, WaitedS: 60, Handled: 1, HandledS: 600, Solved: 1}},
		},
		{
			"a rating that replaced another counts alone", []life{rate(served("t", "v", noon, minute), noon+12*minute, 2, 5)},
			[]protocol.BoardBucket{{AtMS: int64(noon), Joined: 1, Answered: 1, InTarget: 1, WaitedS: 60, Handled: 1, HandledS: 600, Solved: 1, Rated: 1, Score: 5}},
		},
		{"a day before is not shown", []life{served("t", "v", noon-25*60*minute, minute)}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := newDay()
			for _, l := range tt.lives {
				d.onSteps(nil, l.steps())
			}
			d.onSteps(nil, []queue.Step{{Tickets: []queue.TicketStep{{Before: joined("old", "o", noon), After: nil}}}}) // forgotten stays counted
			got := d.frame(noon + 14*minute)
			if tt.want == nil {
				if got != nil {
					t.Fatalf("a day of nothing is %+v", got)
				}
				return
			}
			if got == nil || got.TargetS != 60 || got.BucketS != 900 || len(got.Buckets) != len(tt.want) {
				t.Fatalf("the day is %+v", got)
			}
			for i, b := range got.Buckets {
				if b != tt.want[i] {
					t.Errorf("bucket %d is\n%+v, want\n%+v", i, b, tt.want[i])
				}
			}
		})
	}
}

func TestWhatIsAnsweredOnceIsNeverLostFromTheTicket(t *testing.T) {
	j := joined("t", "v", 10*minute)
	if at := j.AnsweredAt(); at != 0 {
		t.Errorf("one who waits was answered at %d", at)
	}
	if at := assigned(assigned(j, 11*minute), 15*minute).AnsweredAt(); at != 11*minute {
		t.Errorf("answered first at %d", at)
	}
}

func TestADayForgetsWhatIsOlderThanADay(t *testing.T) {
	d := newDay()
	for i := range queue.Stamp(400) {
		d.onSteps(nil, served(string(rune('a'+i)), string(rune('a'+i)), i*15*minute, minute).steps())
	}
	if len(d.buckets) > 97 || len(d.solved) > 97 {
		t.Errorf("%d buckets and %d solved are kept", len(d.buckets), len(d.solved))
	}
}
