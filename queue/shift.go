package queue

// Planned is an agent whose shifts are known beforehand. The rules do not enforce
// them: only the estimate of waits looks at them.
type Planned struct {
	// Facts are what they serve once they are there.
	Facts  AgentFacts
	Shifts []Shift
}

// Shift is when an agent is planned to take tickets: from From until before To,
// and again every so often; an Every of 0 is once.
type Shift struct {
	From, To Stamp
	Every    Millis
}

// around is the shift that is on at a time, or the next one. It is false when
// none comes any more.
func (s Shift) around(at Stamp) (from, to Stamp, ok bool) {
	if at < s.To {
		return s.From, s.To, true
	}
	if s.Every <= 0 {
		return 0, 0, false
	}
	by := Stamp(s.Every) * ((at-s.To)/Stamp(s.Every) + 1)
	return s.From + by, s.To + by, true
}

// maxJoined bounds the shifts that follow each other without a break.
const maxJoined = 16

// At reports whether the agent is planned to be there at a time, and when that
// changes; 0 is never.
func (p *Planned) At(at Stamp) (on bool, until Stamp) {
	for range maxJoined {
		longer := false
		for _, s := range p.Shifts {
			from, to, ok := s.around(max(at, until))
			if ok && from <= max(at, until) && to > until {
				on, until, longer = true, to, true
			}
		}
		if !longer {
			break
		}
	}
	if on {
		return true, until
	}
	for _, s := range p.Shifts {
		if from, _, ok := s.around(at); ok && (until == 0 || from < until) {
			until = from
		}
	}
	return false, until
}
