package queue

import (
	"bytes"
	"hash/maphash"
	"iter"
)

// table finds entities by their ids. It is a hash table of pointers with open
// addressing: for a hundred thousand tickets it takes a third of what a map of
// strings does, since the ids are in the entities already. A tag of each hash
// stands beside its pointer, so that hardly any other entity is looked at.
type table[T any] struct {
	id    func(*T) string
	seed  maphash.Seed
	tags  []uint8 // 0: the slot is empty
	slots []*T
	n     int
	// mark sorts the entities into a few groups, and marks has the group of each slot, so
	// that one group is found without a look at the entities of the others. Both are nil
	// in a table without groups.
	mark  func(*T) uint8
	marks []uint8
}

func newTable[T any](id func(*T) string, room int) table[T] {
	t := table[T]{id: id, seed: maphash.MakeSeed()}
	size := 8
	for size*4/5 < room {
		size *= 2
	}
	t.resize(size)
	return t
}

func (t *table[T]) len() int { return t.n }

// resize makes the number of slots a power of two.
func (t *table[T]) resize(size int) {
	old := t.slots
	t.tags, t.slots = make([]uint8, size), make([]*T, size)
	if t.mark != nil {
		t.marks = make([]uint8, size)
	}
	for _, e := range old {
		if e != nil {
			at, tag, _ := t.find(t.id(e))
			t.set(at, tag, e)
		}
	}
}

// set puts an entity, or none, in a slot.
func (t *table[T]) set(at int, tag uint8, e *T) {
	t.tags[at], t.slots[at] = tag, e
	if t.mark != nil {
		t.marks[at] = 0
		if e != nil {
			t.marks[at] = t.mark(e)
		}
	}
}

// grouped makes the table sort its entities by mark.
func (t *table[T]) grouped(mark func(*T) uint8) {
	t.mark = mark
	t.resize(len(t.slots))
}

// marked returns the entities of a group.
func (t *table[T]) marked(mark uint8) []*T {
	var all []*T
	for from := 0; ; from++ {
		i := bytes.IndexByte(t.marks[from:], mark)
		if i < 0 {
			return all
		}
		if from += i; t.slots[from] != nil {
			all = append(all, t.slots[from])
		}
	}
}

// find returns where the id stands, or the empty slot where it would stand.
func (t *table[T]) find(id string) (at int, tag uint8, found bool) {
	hash := maphash.String(t.seed, id)
	tag, mask := uint8(hash>>56)|1, len(t.slots)-1
	for at = int(hash) & mask; t.tags[at] != 0; at = (at + 1) & mask {
		if t.tags[at] == tag && t.id(t.slots[at]) == id {
			return at, tag, true
		}
	}
	return at, tag, false
}

// get returns the entity with the id, or nil.
func (t *table[T]) get(id string) *T {
	at, _, _ := t.find(id)
	return t.slots[at]
}

// put takes an entity in, instead of another one with its id.
func (t *table[T]) put(e *T) {
	at, tag, found := t.find(t.id(e))
	if !found {
		if t.n++; t.n > len(t.slots)*4/5 {
			t.resize(2 * len(t.slots))
			at, tag, _ = t.find(t.id(e))
		}
	}
	t.set(at, tag, e)
}

// remove takes the entity with the id out. Those behind it that the gap would hide
// move up.
func (t *table[T]) remove(id string) {
	gap, _, found := t.find(id)
	if !found {
		return
	}
	mask := len(t.slots) - 1
	for at := (gap + 1) & mask; t.tags[at] != 0; at = (at + 1) & mask {
		home := int(maphash.String(t.seed, t.id(t.slots[at]))) & mask
		if (at-home)&mask >= (at-gap)&mask { // its home is not behind the gap
			t.set(gap, t.tags[at], t.slots[at])
			gap = at
		}
	}
	t.set(gap, 0, nil)
	if t.n--; len(t.slots) > 64 && t.n < len(t.slots)/8 {
		t.resize(len(t.slots) / 4)
	}
}

// all visits the entities in no order. Meanwhile an entity may be replaced, but none
// put in or removed.
func (t *table[T]) all() iter.Seq[*T] {
	slots := t.slots
	return func(yield func(*T) bool) {
		for _, e := range slots {
			if e != nil && !yield(e) {
				return
			}
		}
	}
}
