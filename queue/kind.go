package queue

import "fmt"

// kind is what the log and replay need to know of one kind of entity. A new kind is
// one file: an Image, and an entry made by register. Most need no more than that:
//
//	func init() {
//		register(noticePrefix, kind{empty: func(string) Image { return &Notice{} }})
//	}
//
//	func (s *State) Notice(id string) *Notice { return entity[Notice](s, noticePrefix+id) }
//
// A State keeps such images by their names, and a Step names those that its record
// wrote in Others. A kind that is looked up in other ways has find and put.
type kind struct {
	// empty returns the image into which the body of the entity with the id is decoded.
	empty func(id string) Image
	// find returns the entity with the id, or nil.
	find func(s *State, id string) Image
	// put replaces an image by another one, of which either may be nil, and notes it
	// in the step.
	put func(s *State, id string, before, after Image, r Record, step *Step)
	// intern makes an image that no other goroutine has seen share what it has in
	// common with others; nil for a kind that is too rare for that.
	intern func(s *State, i Image)
}

// kinds are by the first byte of their prefix.
var kinds [256]*kind

// register makes a kind known whose entities' names begin with the prefix: a letter
// of its own and a slash.
func register(prefix string, k kind) {
	if kinds[prefix[0]] != nil {
		panic("queue: two kinds of entities have the prefix " + prefix)
	}
	if k.find == nil {
		k.find = func(s *State, id string) Image { return s.others[prefix+id] }
		k.put = func(s *State, id string, _, after Image, _ Record, step *Step) { s.putOther(prefix+id, after, step) }
	}
	kinds[prefix[0]] = &k
}

// kindOf returns the kind and the id of the entity with the name; the kind is nil if
// only a newer version knows it.
func kindOf(name string) (k *kind, id string) {
	if len(name) < 2 || name[1] != '/' {
		return nil, name
	}
	return kinds[name[0]], name[2:]
}

// emptyImage returns an image to decode the body of the entity with the name into.
func emptyImage(name string) (Image, error) {
	k, id := kindOf(name)
	if k == nil {
		return nil, fmt.Errorf("%w: entity %q", ErrSchema, name)
	}
	return k.empty(id), nil
}

// putOther keeps an image by its name; nil removes it.
func (s *State) putOther(name string, i Image, step *Step) {
	if i == nil {
		delete(s.others, name)
	} else {
		s.others[name] = i
	}
	step.Others = append(step.Others, name)
}

// entity returns the image with the name of a kind that has no find of its own, or nil.
func entity[T any](s *State, name string) *T {
	i, _ := any(s.others[name]).(*T)
	return i
}

// present is an image as an Image, nil if there is none.
func present[P interface {
	*T
	Image
}, T any](i P) Image {
	if i == nil {
		return nil
	}
	return i
}
