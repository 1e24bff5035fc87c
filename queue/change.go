package queue

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
)

// Cause says what a change is, for people and estimators; replay assigns the
// same images whatever it is.
type Cause string

// The causes of a change.
const (
	CauseJoined    Cause = "joined"
	CauseLeft      Cause = "left"
	CauseOffered   Cause = "offered"
	CauseAccepted  Cause = "accepted"
	CauseDeclined  Cause = "declined"
	CauseLapsed    Cause = "lapsed"
	CauseClosed    Cause = "closed"
	CauseStatus    Cause = "status"
	CauseBound     Cause = "bound"
	CauseLost      Cause = "lost"
	CauseExpired   Cause = "expired" // a grace time ran out
	CauseForgotten Cause = "forgotten"
	CauseEstimated Cause = "estimated"
	CauseNodeLost  Cause = "node_lost"

	CauseWidened     Cause = "widened"
	CauseHoldEnded   Cause = "hold_ended"
	CauseWrappedUp   Cause = "wrapped_up" // an agent's place is free again
	CauseTransferred Cause = "transferred"
	CauseInvited     Cause = "invited"
	CauseGuestLeft   Cause = "guest_left"
	CauseRaised      Cause = "raised"
	CauseLowered     Cause = "lowered"
	CausePaused      Cause = "paused"
	CauseResumed     Cause = "resumed"
	CauseRated       Cause = "rated"
	CauseLevelRaised Cause = "level_raised"

	CauseClosing        Cause = "closing"
	CauseCloseCancelled Cause = "close_cancelled"
)

// Reason says why a place got worse.
type Reason string

// The reasons for a place that got worse.
const (
	PriorityArrival Reason = "priority_arrival"
	Returned        Reason = "returned"
	TransferIn      Reason = "transfer_in"
	Raised          Reason = "raised"
	Lowered         Reason = "lowered" // one's own head start was
)

// Errors of the deciders. They are final for the State that they were decided
// on; none of them leaves anything changed.
var (
	ErrUnknownDepartment = errors.New("queue: unknown department")
	ErrUnknownLanguage   = errors.New("queue: the department does not speak any of the languages")
	ErrUnknownTicket     = errors.New("queue: unknown ticket")
	ErrUnknownOffer      = errors.New("queue: the offer is not there any more")
	ErrUnknownAgent      = errors.New("queue: unknown agent")
	ErrForbidden         = errors.New("queue: not yours")
	ErrEnded             = errors.New("queue: the ticket has ended")
	ErrQueueFull         = errors.New("queue: the queue's limit is reached")
	ErrTooManyTickets    = errors.New("queue: the site's limit of open tickets is reached")
	ErrTooManyOfVisitor  = errors.New("queue: the visitor's limit of tickets is reached")
	ErrHolds             = errors.New("queue: the agent still holds tickets")
	ErrUnknownUrgency    = errors.New("queue: unknown urgency, or not for visitors to say")
	ErrTopicElsewhere    = errors.New("queue: no agent of the department serves the topic")
	ErrTooHeavy          = errors.New("queue: no agent has the capacity for such a ticket")
	ErrNoRoom            = errors.New("queue: the agent has no room")
	ErrNoAgent           = errors.New("queue: there is no agent to give it to")
	ErrIllegal           = errors.New("queue: no ticket goes from there to there by this cause")
	ErrTooManyGuests     = errors.New("queue: the conversation has as many guests as it may")
)

// Read is a version that a decider saw; "" says that the entity was absent.
type Read struct{ Name, Version string }

// Write sets an entity. Image nil removes it. Before is the image that the decider
// saw, nil for none.
type Write struct {
	Name          string
	Image, Before Image
}

// Change is a proposal: committed as a whole if no read has moved, or not at
// all. The zero Change proposes nothing.
type Change struct {
	// ID comes from the intent: the same wish, seen on the same State, has the
	// same ID, whichever gateway decides it and however often.
	ID string
	// Intent tells two requests under one ID apart; the second is refused.
	Intent    string
	Cause     Cause
	Reads     []Read
	Writes    []Write
	NotBefore Stamp
	NotAfter  Stamp
	// By is the person who asked for it, where that is not plain from what is written.
	By string
	// ReleasesMemory marks a change that gives something back (a place, an offer, a
	// conversation) or keeps what a person has: it is taken even when the log's
	// memory is full.
	ReleasesMemory bool
}

// Empty reports whether there is nothing to do.
func (c *Change) Empty() bool { return c.ID == "" }

// intentID is a commit id: 128 bits over the words of an intent.
func intentID(words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

// version returns the version of an image that may be nil.
func version(i Image) string { return i.revision().Version }

// change begins a Change.
func change(cause Cause, words ...string) Change {
	return Change{ID: intentID(append([]string{string(cause)}, words...)...), Cause: cause}
}

// write adds an after-image of an entity that was seen as was.
func (c *Change) write(before, after Image) {
	c.Reads = append(c.Reads, Read{after.Name(), version(before)})
	c.Writes = append(c.Writes, Write{Name: after.Name(), Image: after, Before: before})
}

// create adds an entity that must be absent.
func (c *Change) create(after Image) {
	c.Reads = append(c.Reads, Read{Name: after.Name()})
	c.Writes = append(c.Writes, Write{Name: after.Name(), Image: after})
}

// remove adds the end of an entity that was seen as was.
func (c *Change) remove(before Image) {
	c.Reads = append(c.Reads, Read{before.Name(), version(before)})
	c.Writes = append(c.Writes, Write{Name: before.Name(), Before: before})
}

// Rank is what a ticket's write does to the sorted set of a queue.
type Rank struct {
	Queue  QueueID
	Ticket string
	// Joined 0 stands for the number of the very record.
	Joined uint64
	// Score is absolute, or relative to the record's stamp with FromStamp.
	Score     Stamp
	FromStamp bool
	Remove    bool
}

// Ranks says how the queues' sorted sets change: only when a ticket enters or
// leaves a line or moves in it.
func (c *Change) Ranks() []Rank {
	var ranks []Rank
	for _, w := range c.Writes {
		before, _ := w.Before.(*Ticket)
		after, _ := w.Image.(*Ticket)
		wasIn, isIn := before != nil && before.Queued(), after != nil && after.Queued()
		if wasIn && isIn && before.Queue() == after.Queue() && before.Score() == after.Score() {
			continue
		}
		if wasIn && (!isIn || before.Queue() != after.Queue()) {
			ranks = append(ranks, Rank{Queue: before.Queue(), Ticket: before.ID, Joined: before.Joined, Remove: true})
		}
		if isIn {
			r := Rank{Queue: after.Queue(), Ticket: after.ID, Joined: after.Joined, Score: after.Score()}
			if after.JoinedAt == OwnStamp {
				r.FromStamp, r.Score = true, -Stamp(after.HeadStart)
			}
			ranks = append(ranks, r)
		}
	}
	return ranks
}
