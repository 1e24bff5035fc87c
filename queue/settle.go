package queue

import (
	"slices"
	"unique"
)

// askKey tells most asks apart; what it does not is looked at.
type askKey struct {
	department, language, topic, urgency, tier, need string

	headStart    Millis
	weight, step int
}

// maxAsks bounds State.asks: past it, what tickets have in common is collected anew.
const maxAsks = 1024

// settle makes an image that nobody else has seen yet share what it has in common
// with others: long lines are mostly people who ask for the same.
func (s *State) settle(i Image) {
	switch is := i.(type) {
	case *Ticket:
		is.Status = shared(is.Status)
		s.settleAsk(is)
		if v := s.visitors.get(is.Visitor); v != nil {
			share(is, v)
		}
	case *Visitor:
		is.Session.Node = shared(is.Session.Node)
		if t := s.tickets.get(is.Ticket); t != nil && t.Visitor == is.ID {
			is.ID, is.Ticket = t.Visitor, t.ID
			if t.Rev.Version == is.Rev.Version {
				is.Rev.Version = t.Rev.Version
			}
		}
	}
}

// share makes a ticket use the words of its visitor.
func share(t *Ticket, v *Visitor) {
	t.Visitor = v.ID
	if t.ID == v.Ticket {
		t.ID = v.Ticket
	}
	if t.Rev.Version == v.Rev.Version {
		t.Rev.Version = v.Rev.Version
	}
}

// shared is the one copy of a word.
func shared[T ~string](word T) T { return T(unique.Make(string(word)).Value()) }

// settleAsk gives a ticket its need and the ask of those who ask alike.
func (s *State) settleAsk(t *Ticket) {
	if t.Requirements == nil {
		t.Requirements = s.plain(t.Queue())
	}
	if t.Requirements.word == "" {
		t.Requirements.word = t.Requirements.key()
	}
	k := askKey{
		department: t.Department, language: t.Language, topic: t.Topic, urgency: t.Urgency, tier: t.VisitorTier,
		need: t.Requirements.word, headStart: t.HeadStart, weight: t.Weight, step: t.Step,
	}
	known := s.asks[k]
	switch {
	case known == nil:
		if len(s.asks) >= maxAsks {
			clear(s.asks)
		}
		s.asks[k] = t.Specification
	case known.alike(t.Specification):
		t.Specification = known
	}
}

// alike says whether two asks of one key are equal.
func (a *Specification) alike(b *Specification) bool {
	return a.LanguageRequired == b.LanguageRequired && a.HeadStartReason == b.HeadStartReason &&
		slices.Equal(a.Wishes, b.Wishes) && slices.Equal(a.Listed, b.Listed)
}
