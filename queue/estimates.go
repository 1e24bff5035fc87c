package queue

import "sort"

// Estimates is what the dispatcher's gateway learned and published: every
// gateway reads its visitors' waits off the same curves, so all say the same,
// and a new gateway knows at once.
type Estimates struct {
	// Curves are by QueueID.String(), and by CurveName for those who need something
	// apart. A queue without one is unknown, and so is an empty one.
	Curves map[string]Curve `json:"curves"`
	// Truth counts by queue how many of the newest waits fell into the range that was shown.
	Truth map[string]Truth `json:"truth,omitzero"`
	// Checkpoint is written by gateways of the last release only. This release keeps its
	// checkpoint in an entity of its own (see State.Checkpoint) and ignores this member.
	Checkpoint []byte `json:"checkpoint,omitzero"`
	// Number is the log number up to which it has learned.
	Number  uint64  `json:"number"`
	Unknown Unknown `json:",embed"`

	Rev Revision `json:"-"`
}

func init() {
	register(estimatesPrefix, kind{
		empty: func(id string) Image {
			if id == checkpointID {
				return &Checkpoint{}
			}
			return &Estimates{}
		},
		find: func(s *State, id string) Image {
			if id == checkpointID {
				return s.others[estimatesPrefix+id]
			}
			return present(s.estimates)
		},
		put: func(s *State, id string, _, after Image, _ Record, step *Step) {
			if id == checkpointID {
				s.putOther(estimatesPrefix+id, after, step)
				return
			}
			s.estimates, _ = after.(*Estimates)
			step.Estimates = true
		},
	})
}

// Truth counts waits that ended with an agent: those judged, and those of them
// that were inside the interval of 80 %. Newer ones weigh more, so neither is a
// whole number.
type Truth struct {
	Judged float64 `json:"judged"`
	Inside float64 `json:"inside"`
	// ByBand is the same by the index of Bands, the position at the join; in each, newer
	// ones weigh more. A gateway of the last release leaves it out: it begins anew then.
	ByBand []Coverage `json:"bands,omitzero"`
}

// Curve gives quantiles of the wait by position, at rising positions. Between
// two points it is read linearly, past the last it goes on with the last slope.
type Curve []Point

// Point is the wait of a visitor at Position now, in seconds: one in ten waits at most
// P10, one in four at most P25, half at most P50, nine in ten at most P90. P10 and P25 are
// 0 below Level1.
type Point struct {
	Position int     `json:"n"`
	P10      float64 `json:"p10,omitzero"`
	P25      float64 `json:"p25,omitzero"`
	P50      float64 `json:"p50"`
	P90      float64 `json:"p90"`
}

// EstimatedWait is a range of seconds, or explicitly unknown.
type EstimatedWait struct {
	Known              bool
	P10, P25, P50, P90 float64
}

// wait returns the wait at a point. The curve of a site below Level1 has no lower end
// but the median.
func (p *Point) wait() EstimatedWait {
	if p.P25 > 0 {
		return EstimatedWait{true, p.P10, p.P25, p.P50, p.P90}
	}
	return EstimatedWait{true, p.P10, p.P50, p.P50, p.P90}
}

// At reads the curve at a position of 1 or more.
func (c Curve) At(position int) EstimatedWait {
	if len(c) == 0 {
		return EstimatedWait{}
	}
	i := sort.Search(len(c), func(i int) bool { return c[i].Position >= position })
	if i < len(c) && c[i].Position == position || len(c) == 1 {
		return c[min(i, len(c)-1)].wait()
	}
	i = min(max(i, 1), len(c)-1)
	a, b := c[i-1].wait(), c[i].wait()
	f := float64(position-c[i-1].Position) / float64(c[i].Position-c[i-1].Position)
	at := func(a, b float64) float64 { return max(0, a+f*(b-a)) }
	return EstimatedWait{true, at(a.P10, b.P10), at(a.P25, b.P25), at(a.P50, b.P50), at(a.P90, b.P90)}
}

// Estimates returns what was published last, or nil.
func (s *State) Estimates() *Estimates { return s.estimates }

// Wait is the published estimate for a position of a queue.
func (s *State) Wait(q QueueID, position int) EstimatedWait {
	if s.estimates == nil {
		return EstimatedWait{}
	}
	return s.estimates.Curves[q.String()].At(position)
}

// Name implements Image.
func (e *Estimates) Name() string { return estimatesPrefix }

func (e *Estimates) revision() Revision            { return e.Rev }
func (e *Estimates) resolve(rev Revision, _ Stamp) { e.Rev = rev }

func (e *Estimates) version() string {
	if e == nil {
		return ""
	}
	return e.Rev.Version
}

// CurveOf is the published curve for a ticket in line, to be read at its position:
// that of the tickets that need the same, or of its queue where nothing apart was
// said of them. It is the same for all tickets of a queue that share their Requirements.
func (s *State) CurveOf(t *Ticket) Curve {
	if s.estimates == nil {
		return nil
	}
	c, apart := s.estimates.Curves[CurveName(t.Queue(), t.Requirements)]
	if !apart {
		c = s.estimates.Curves[t.Queue().String()]
	}
	return c
}

// CurveName is the key of the curve for those in a queue who need more, or
// less, than the queue asks for.
func CurveName(q QueueID, n *Requirements) string { return q.String() + "|" + n.key() }

// QueueRequirements is what a ticket without a topic asks for in a queue at first.
func (s *State) QueueRequirements(q QueueID) *Requirements {
	dep, _ := s.site.Department(q.Department)
	return s.requirementsOf(dep, q.Language, Topic{})
}
