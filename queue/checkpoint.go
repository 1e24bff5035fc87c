package queue

// Checkpoint is what the estimator needs to go on learning, in a form of its own. It
// is large, changes with every record and is read only by the gateway that takes the
// estimates over, so it is not part of what every gateway reads every few seconds:
//
//	if last := st.Checkpoint(); last == nil || now >= last.At.Add(interval) {
//		checkpoint = estimator.Checkpoint(st)
//	}
//	change := st.Publish(estimates, checkpoint)
type Checkpoint struct {
	Data []byte `json:"checkpoint"`
	// Number is the log number up to which it has learned, At when it was written; 0
	// for one that came with the estimates.
	Number  uint64  `json:"number"`
	At      Stamp   `json:"at,omitzero"`
	Unknown Unknown `json:",embed"`

	Rev Revision `json:"-"`
}

// checkpointID makes the checkpoint an entity beside the estimates. A gateway that knows
// no checkpoints takes both for estimates, and takes the first of a record only, which
// is why Publish writes the checkpoint behind them.
const checkpointID = "checkpoint"

// Checkpoint returns the newest checkpoint, or nil: the entity, or what a gateway of the
// last release has published with the estimates.
func (s *State) Checkpoint() *Checkpoint {
	c := entity[Checkpoint](s, estimatesPrefix+checkpointID)
	if e := s.estimates; e != nil && len(e.Checkpoint) > 0 && (c == nil || e.Number > c.Number) {
		return &Checkpoint{Data: e.Checkpoint, Number: e.Number}
	}
	return c
}

// Publish proposes new estimates, and a checkpoint unless it is nil.
func (s *State) Publish(e *Estimates, checkpoint *Checkpoint) Change {
	c := change(CauseEstimated, e.Name(), s.estimates.version())
	if s.estimates == nil {
		c.create(e)
	} else {
		e.Unknown = s.estimates.Unknown
		c.write(s.estimates, e)
	}
	if checkpoint != nil {
		checkpoint.At = OwnStamp
		if before := entity[Checkpoint](s, checkpoint.Name()); before == nil {
			c.create(checkpoint)
		} else {
			checkpoint.Unknown = before.Unknown
			c.write(before, checkpoint)
		}
	}
	return c
}

// Name implements Image.
func (c *Checkpoint) Name() string { return estimatesPrefix + checkpointID }

func (c *Checkpoint) revision() Revision { return c.Rev }

func (c *Checkpoint) resolve(rev Revision, at Stamp) {
	c.Rev = rev
	c.At.resolve(at)
}
