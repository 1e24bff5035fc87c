package queue

import "sort"

// sorted is a set in order: a sorted slice with room at the front. Arrivals
// mostly go to the end and departures mostly come from the front, so both are
// cheap, a rank is a binary search, and a member costs no more than itself. In
// the middle the shorter side is moved: at 100,000 pointers that is at most
// 400 KB of memmove.
type sorted[T any] struct {
	buf  []T
	head int
	// before is a strict total order.
	before func(a, b T) bool
}

func (s *sorted[T]) all() []T { return s.buf[s.head:] }
func (s *sorted[T]) len() int { return len(s.buf) - s.head }

// search returns the index at which v stands or would stand.
func (s *sorted[T]) search(v T) int {
	all := s.all()
	return sort.Search(len(all), func(i int) bool { return !s.before(all[i], v) })
}

// find returns v's index, or -1.
func (s *sorted[T]) find(v T) int {
	i := s.search(v)
	if all := s.all(); i < len(all) && !s.before(v, all[i]) {
		return i
	}
	return -1
}

func (s *sorted[T]) insert(v T) {
	i, n := s.search(v), s.len()
	if s.head > 0 && i < n-i {
		s.head--
		copy(s.buf[s.head:], s.buf[s.head+1:s.head+1+i])
	} else {
		s.buf = append(s.buf, v)
		copy(s.buf[s.head+i+1:], s.buf[s.head+i:])
	}
	s.buf[s.head+i] = v
}

// remove takes v out.
func (s *sorted[T]) remove(v T) {
	i := s.find(v)
	if i < 0 {
		return
	}
	var none T
	if n := s.len(); i < n-i-1 {
		copy(s.buf[s.head+1:], s.buf[s.head:s.head+i])
		s.buf[s.head] = none
		s.head++
	} else {
		copy(s.buf[s.head+i:], s.buf[s.head+i+1:])
		s.buf[len(s.buf)-1] = none
		s.buf = s.buf[:len(s.buf)-1]
	}
	s.shrink()
}

// shrink gives memory back once three quarters of the buffer are unused.
func (s *sorted[T]) shrink() {
	if n := s.len(); cap(s.buf) > 64 && n < cap(s.buf)/4 || s.head > 1024 && s.head > n {
		s.buf = append(make([]T, 0, n+n/4+16), s.all()...)
		s.head = 0
	}
}

// replace puts w where v stood; both sort alike.
func (s *sorted[T]) replace(v, w T) {
	if i := s.find(v); i >= 0 {
		s.buf[s.head+i] = w
	}
}

// clone is a copy with a little room at the end.
func (s *sorted[T]) clone() sorted[T] {
	return sorted[T]{buf: append(make([]T, 0, s.len()+8), s.all()...), before: s.before}
}
