package queue

import "sort"

// line is one queue in order. It is a sorted slice with room at the front:
// arrivals mostly go to the end and departures mostly come from the front, so
// both are cheap, a rank is a binary search, and a waiting ticket costs one
// pointer. In the middle the shorter side is moved: at 100,000 waiting that is
// at most 400 KB of memmove.
type line struct {
	buf  []*Ticket
	head int
	// weights counts the tickets of each weight, so that a match need not walk
	// a line in which nothing fits.
	weights map[int]int
	// ahead remembers the latest insertions that were not at the end, newest
	// last: they are why somebody's place got worse.
	ahead []insertion
}

type insertion struct {
	ticket *Ticket
	number uint64
	reason Reason
}

// maxAhead bounds line.ahead; a gateway reads it within a cadence.
const maxAhead = 64

func (l *line) all() []*Ticket { return l.buf[l.head:] }
func (l *line) len() int       { return len(l.buf) - l.head }

// search returns the index at which t stands or would stand.
func (l *line) search(t *Ticket) int {
	all := l.all()
	return sort.Search(len(all), func(i int) bool { return !all[i].before(t) })
}

// find returns t's index, or -1.
func (l *line) find(t *Ticket) int {
	i := l.search(t)
	if all := l.all(); i < len(all) && all[i].ID == t.ID {
		return i
	}
	return -1
}

func (l *line) insert(t *Ticket) {
	if l.weights == nil {
		l.weights = map[int]int{}
	}
	l.weights[t.Weight]++
	i, n := l.search(t), l.len()
	if l.head > 0 && i < n-i {
		l.head--
		copy(l.buf[l.head:], l.buf[l.head+1:l.head+1+i])
	} else {
		l.buf = append(l.buf, nil)
		copy(l.buf[l.head+i+1:], l.buf[l.head+i:])
	}
	l.buf[l.head+i] = t
}

// remove takes t out and says whether it was there.
func (l *line) remove(t *Ticket) bool {
	i := l.find(t)
	if i < 0 {
		return false
	}
	if l.weights[t.Weight]--; l.weights[t.Weight] == 0 {
		delete(l.weights, t.Weight)
	}
	if n := l.len(); i < n-i-1 {
		copy(l.buf[l.head+1:], l.buf[l.head:l.head+i])
		l.buf[l.head] = nil
		l.head++
	} else {
		copy(l.buf[l.head+i:], l.buf[l.head+i+1:])
		l.buf[len(l.buf)-1] = nil
		l.buf = l.buf[:len(l.buf)-1]
	}
	l.shrink()
	return true
}

// shrink gives memory back once three quarters of the buffer are unused.
func (l *line) shrink() {
	if n := l.len(); cap(l.buf) > 64 && n < cap(l.buf)/4 || l.head > 1024 && l.head > n {
		l.buf = append(make([]*Ticket, 0, n+n/4+16), l.all()...)
		l.head = 0
	}
}

// replace puts u where its earlier image t stood; both sort alike.
func (l *line) replace(t, u *Ticket) {
	if i := l.find(t); i >= 0 {
		l.buf[l.head+i] = u
	}
}

// note remembers why the places behind t got worse.
func (l *line) note(t *Ticket, number uint64, reason Reason) {
	if len(l.ahead) == maxAhead {
		l.ahead = append(l.ahead[:0], l.ahead[1:]...)
	}
	l.ahead = append(l.ahead, insertion{t, number, reason})
}

// lightest is the smallest weight in the line, 0 when it is empty.
func (l *line) lightest() int {
	least := 0
	for w := range l.weights {
		if least == 0 || w < least {
			least = w
		}
	}
	return least
}
