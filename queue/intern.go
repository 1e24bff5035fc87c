package queue

import (
	"slices"
	"unique"
)

// specificationKey tells most specifications apart; the rest is compared.
type specificationKey struct {
	department, language, topic, urgency, tier, requirements string

	headStart    Millis
	weight, step int
}

// maxSpecifications bounds State.specifications: past it, what tickets have in common
// is collected anew.
const maxSpecifications = 1024

// intern makes an image that no other goroutine has seen yet share what it has in
// common with others: most tickets of a long line have the same specification.
func (s *State) intern(name string, i Image) {
	if k, _ := kindOf(name); k.intern != nil {
		k.intern(s, i)
	}
}

func (s *State) internTicket(t *Ticket) {
	t.Status = internWord(t.Status)
	s.internSpecification(t)
	if v := s.visitors.get(t.Visitor); v != nil {
		internWords(t, v)
	}
}

func (s *State) internVisitor(v *Visitor) {
	v.Session.Node = internWord(v.Session.Node)
	if t := s.tickets.get(v.Ticket); t != nil && t.Visitor == v.ID {
		v.ID, v.Ticket = t.Visitor, t.ID
		if t.Rev.Version == v.Rev.Version {
			v.Rev.Version = t.Rev.Version
		}
	}
}

// internWords makes a ticket use the words of its visitor.
func internWords(t *Ticket, v *Visitor) {
	t.Visitor = v.ID
	if t.ID == v.Ticket {
		t.ID = v.Ticket
	}
	if t.Rev.Version == v.Rev.Version {
		t.Rev.Version = v.Rev.Version
	}
}

// internWord is the one copy of a word.
func internWord[T ~string](word T) T { return T(unique.Make(string(word)).Value()) }

// internSpecification gives a ticket its requirements, and the specification of tickets with an equal one.
func (s *State) internSpecification(t *Ticket) {
	if t.Requirements == nil {
		t.Requirements = s.plain(t.Queue())
	}
	if t.Requirements.text == "" {
		t.Requirements.text = t.Requirements.key()
	}
	k := specificationKey{
		department: t.Department, language: t.Language, topic: t.Topic, urgency: t.Urgency, tier: t.VisitorTier,
		requirements: t.Requirements.text, headStart: t.HeadStart, weight: t.Weight, step: t.Step,
	}
	known := s.specifications[k]
	switch {
	case known == nil:
		if len(s.specifications) >= maxSpecifications {
			clear(s.specifications)
		}
		s.specifications[k] = t.Specification
	case known.alike(t.Specification):
		t.Specification = known
	}
}

// alike reports whether two specifications of one key are equal.
func (a *Specification) alike(b *Specification) bool {
	return a.LanguageRequired == b.LanguageRequired && a.HeadStartReason == b.HeadStartReason &&
		sameUnknown(a.Requirements.Unknown, b.Requirements.Unknown) && slices.Equal(a.Wishes, b.Wishes) && slices.Equal(a.Listed, b.Listed)
}
