package stream

import (
	"hash/maphash"
	"sync"

	"nextup/gateway/protocol"
)

// maxAnswered is how many answers a conn remembers.
const maxAnswered = 32

// answered remembers the answers to a conn's newest requests. A frame that was posted twice,
// since the answer to the first did not come, may arrive again at any time, also after newer
// ones: it is answered the same, and undoes none of them.
type answered struct {
	mu   sync.Mutex
	seed maphash.Seed
	by   map[uint64][]byte
	// order has the keys of by, the oldest at next.
	order []uint64
	next  int
}

// find returns the answer that the same frame was given.
func (a *answered) find(frame []byte) (answer []byte, yes bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.by == nil {
		return nil, false
	}
	answer, yes = a.by[maphash.Bytes(a.seed, frame)]
	return answer, yes
}

// key is by what a frame is remembered.
func (a *answered) key(frame []byte) uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.by == nil {
		a.seed, a.by = maphash.MakeSeed(), map[uint64][]byte{}
	}
	return maphash.Bytes(a.seed, frame)
}

// keep remembers an answer, unless the request may be asked again or has no id.
func (a *answered) keep(key uint64, frame protocol.ServerFrame, answer []byte) {
	switch f := frame.(type) {
	case protocol.OK:
	case protocol.Error:
		if f.ID == "" || f.RetryAfterMS > 0 || f.Code == protocol.CodeInternal {
			return
		}
	default:
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, again := a.by[key]; again {
		return
	}
	a.by[key] = answer
	if len(a.order) < maxAnswered {
		a.order = append(a.order, key)
		return
	}
	delete(a.by, a.order[a.next])
	a.order[a.next] = key
	a.next = (a.next + 1) % maxAnswered
}
