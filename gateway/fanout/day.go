package fanout

import (
	"slices"
	"sync"

	"nextup/gateway/protocol"
	"nextup/queue"
)

const (
	// bucketLength is a quarter of an hour: no time zone begins its day within one.
	bucketLength queue.Millis = 15 * 60_000
	// dayLength is how far back a day's figures go, at most as long as the site
	// keeps its tickets.
	dayLength queue.Millis = 24 * 3600_000
	// answerTarget is how soon an agent should answer.
	answerTarget queue.Millis = 60_000
	// maxSolved bounds the visitors who are watched for coming back.
	maxSolved = 200_000
)

// day is what the last day of a site came to, in quarters of an hour. Nothing of it
// is stored: it is read off the tickets, as they are and as each step of the log
// makes them, so every gateway has the same, and a new one has it with its snapshot.
type day struct {
	mu      sync.Mutex
	buckets map[queue.Stamp]*bucket
	newest  queue.Stamp // of the buckets
	// solved are the conversations that count as solved, by visitor: until they come
	// back.
	solved map[string]solvedTicket
}

// bucket counts as protocol.BoardBucket does, with times in milliseconds.
type bucket struct {
	joined, answered, inTarget, abandoned, handled, solved, rated, score int64
	waited, handledFor                                                   queue.Millis
}

// solvedTicket is a ticket that counts as solved, and the bucket where it does.
type solvedTicket struct {
	ticket string
	at     queue.Stamp
}

func newDay() *day {
	return &day{buckets: map[queue.Stamp]*bucket{}, solved: map[string]solvedTicket{}}
}

// restore counts the tickets of a new snapshot.
func (d *day) restore(st *queue.State) {
	d.mu.Lock()
	defer d.mu.Unlock()
	clear(d.buckets)
	clear(d.solved)
	d.newest = 0
	st.Tickets(func(t *queue.Ticket) {
		d.count(t, 1)
		if st.TicketOf(t.Visitor) == t {
			d.solve(t)
		}
	})
}

// onSteps counts what steps have changed. A ticket that was forgotten stays counted.
func (d *day) onSteps(_ *queue.State, steps []queue.Step) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range steps {
		for _, t := range s.Tickets {
			if t.After == nil {
				continue
			}
			if t.Before != nil {
				d.count(t.Before, -1)
			} else {
				d.unsolve(t.After.Visitor) // they have come back
			}
			d.count(t.After, 1)
			if t.Before != nil && t.Before.Open() {
				d.solve(t.After)
			} else if t.Before != nil && t.After.Open() { // a fork took back that it has ended
				d.unsolve(t.After.Visitor)
			}
		}
	}
}

// count adds what a ticket is, or takes it away.
func (d *day) count(t *queue.Ticket, by int64) {
	d.at(t.JoinedAt).joined += by
	if answered := t.AnsweredAt(); answered > 0 {
		b, waited := d.at(answered), queue.Millis(answered-t.JoinedAt)
		b.answered += by
		b.waited += queue.Millis(by) * waited
		if waited <= answerTarget {
			b.inTarget += by
		}
		if !t.Open() {
			b := d.at(t.EndedAt)
			b.handled += by
			b.handledFor += queue.Millis(by) * queue.Millis(t.EndedAt-answered)
		}
	} else if !t.Open() {
		d.at(t.EndedAt).abandoned += by
	}
	if t.Rating != nil {
		b := d.at(t.Rating.At)
		b.rated += by
		b.score += by * int64(t.Rating.Score)
	}
}

// solve counts a ticket that has ended as solved, if its first agent ended it.
func (d *day) solve(t *queue.Ticket) {
	if t.Open() || t.End != queue.AgentClosed || t.Token != 1 || len(d.solved) >= maxSolved {
		return
	}
	at := bucketOf(t.EndedAt)
	d.solved[t.Visitor] = solvedTicket{t.ID, at}
	d.at(at).solved++
}

func (d *day) unsolve(visitor string) {
	if s, ok := d.solved[visitor]; ok {
		delete(d.solved, visitor)
		d.at(s.at).solved--
	}
}

// bucketOf is when the bucket of a stamp begins.
func bucketOf(at queue.Stamp) queue.Stamp { return at - at%queue.Stamp(bucketLength) }

// at is the bucket of a stamp; what is counted for a time before the last day goes
// nowhere.
func (d *day) at(stamp queue.Stamp) *bucket {
	from := bucketOf(stamp)
	b := d.buckets[from]
	if b == nil {
		b = &bucket{}
		if from >= d.newest.Add(-dayLength) {
			d.buckets[from] = b
		}
		if from > d.newest {
			d.newest = from
			d.forget(from)
		}
	}
	return b
}

// forget drops what was a day before.
func (d *day) forget(now queue.Stamp) {
	since := bucketOf(now.Add(-dayLength))
	for at := range d.buckets {
		if at < since {
			delete(d.buckets, at)
		}
	}
	for v, s := range d.solved {
		if s.at < since {
			delete(d.solved, v)
		}
	}
}

// frame is the last day as a board shows it, or nil where nothing happened.
func (d *day) frame(now queue.Stamp) *protocol.BoardToday {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forget(now)
	f := protocol.BoardToday{TargetS: int64(answerTarget / 1000), BucketS: int64(bucketLength / 1000), Buckets: []protocol.BoardBucket{}}
	for at, b := range d.buckets {
		if *b == (bucket{}) {
			continue
		}
		f.Buckets = append(f.Buckets, protocol.BoardBucket{
			AtMS: int64(at), Joined: b.joined,
			Answered: b.answered, InTarget: b.inTarget, WaitedS: int64(b.waited / 1000), Abandoned: b.abandoned,
			Handled: b.handled, HandledS: int64(b.handledFor / 1000), Solved: b.solved, Rated: b.rated, Score: b.score,
		})
	}
	if len(f.Buckets) == 0 {
		return nil
	}
	slices.SortFunc(f.Buckets, func(a, b protocol.BoardBucket) int { return int(a.AtMS - b.AtMS) })
	return &f
}
