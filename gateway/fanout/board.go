package fanout

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"nextup/app"
	"nextup/gateway/protocol"
	"nextup/gateway/view"
	"nextup/queue"
)

// The cadence of the board: looked at more often than it may be sent, so that
// what changes in between is seen soon after.
const (
	// BoardInterval is how far apart two boards are sent to a supervisor at least.
	BoardInterval = time.Second
	boardTick     = 250 * time.Millisecond
)

// Board is what the supervisors of a site are shown. It is made once for all of them, and
// only while one is here.
type Board struct {
	replica *app.Site
	people  *People
	day     *day
	evicts  func() bool
	log     *slog.Logger

	mu      sync.Mutex
	latest  []byte
	made    BoardSeen
	differs bool // gateways run different site files
}

// BoardSeen says what a board showed. The zero BoardSeen is that of a supervisor who has
// seen none.
type BoardSeen struct {
	log     uint64
	differs bool
	evicts  bool
	at      time.Time
}

// run has the supervisors shown the board, and rests while none is here.
func (b *Board) run(ctx context.Context) {
	tick := time.NewTicker(boardTick)
	defer tick.Stop()
	for {
		here := b.people.ofRole(app.Supervisor)
		for _, c := range here {
			c.Show()
		}
		next := tick.C
		if len(here) == 0 {
			tick.Stop()
			next = nil
		}
		select {
		case <-ctx.Done():
			return
		case <-b.people.supervised:
			tick.Reset(boardTick)
		case <-next:
		}
	}
}

// Newest is the newest board as an encoded frame, or nil if it shows what was seen; with
// again, also then.
func (b *Board) Newest(seen BoardSeen, again bool) ([]byte, BoardSeen) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var number uint64
	b.replica.Read(func(st *queue.State) { number = st.Number() })
	evicts := b.evicts()
	if !again && seen.at != (time.Time{}) && seen.log == number && seen.differs == b.differs && seen.evicts == evicts {
		return nil, seen
	}
	// All who look in one tick share a board, though the log never rests; one that
	// got one that is a little old gets the next in a second.
	age := time.Since(b.made.at)
	fresh := b.made.differs == b.differs && b.made.evicts == evicts && (age < boardTick && b.made.log <= number || age < BoardInterval && b.made.log == number)
	if b.latest == nil || !fresh {
		var f protocol.Board
		b.replica.Read(func(st *queue.State) { f = view.Board(st) })
		now := b.replica.Now()
		f.RulesDiffer, f.LogEvicts = b.differs, evicts
		f.AsOfMS, f.Today = int64(now), b.day.frame(now)
		data, err := protocol.Encode(f)
		if err != nil {
			b.log.Error("the board could not be encoded", "err", err)
			return nil, seen
		}
		b.latest, b.made = data, BoardSeen{log: f.Log, differs: b.differs, evicts: evicts, at: time.Now()}
	}
	return b.latest, b.made
}

// setDrift notes whether the gateways run different site files.
func (b *Board) setDrift(differ bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.differs = differ
}
