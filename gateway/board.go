package gateway

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
	boardEvery = time.Second
	boardTick  = 250 * time.Millisecond
	// maxBoardBytes is what a supervisor's conn may hold besides: the largest board.
	maxBoardBytes = 2 << 20
)

// board shows the supervisors of a site what there is. It is made once for all of
// them, and only while one is here.
type board struct {
	replica *app.Site
	people  *people
	day     *day
	evicts  func() bool // reports whether the log throws away what it holds when it is full
	log     *slog.Logger

	mu      sync.Mutex
	latest  []byte
	made    boardSeen
	differs bool // gateways run different site files
}

// boardSeen says what a board showed.
type boardSeen struct {
	log     uint64
	differs bool
	evicts  bool
	at      time.Time
}

func (b *board) run(ctx context.Context) {
	tick := time.NewTicker(boardTick)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, c := range b.people.ofRole(protocol.Supervisor) {
			c.show()
		}
	}
}

// showBoard sends the board when something changed, a second has passed since the
// last one, and that one has been read; with again, also when nothing changed.
func (c *conn) showBoard(again bool) {
	now := time.Now()
	if now.Sub(c.view.sent) < boardEvery || c.socket.Waiting() > 0 && !c.view.sent.IsZero() {
		return
	}
	data, is := c.site.board.encoded(c.view.board, again)
	if data == nil {
		return
	}
	c.view.board, c.view.sent = is, now
	c.sendRaw(data)
}

// encoded is the newest board, or nil if it shows what was seen.
func (b *board) encoded(seen boardSeen, again bool) ([]byte, boardSeen) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var number uint64
	b.replica.Read(func(st *queue.State) { number = st.Number() })
	evicts := b.evicts()
	if !again && seen.at != (time.Time{}) && seen.log == number && seen.differs == b.differs && seen.evicts == evicts {
		return nil, seen
	}
	// All who look in one tick share a board, though the log never rests; one who
	// got one that is a little old gets the next in a second.
	age := time.Since(b.made.at)
	fresh := b.made.differs == b.differs && b.made.evicts == evicts && (age < boardTick && b.made.log <= number || age < boardEvery && b.made.log == number)
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
		b.latest, b.made = data, boardSeen{log: f.Log, differs: b.differs, evicts: evicts, at: time.Now()}
	}
	return b.latest, b.made
}

// setDrift notes whether the gateways run different site files.
func (b *board) setDrift(differ bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.differs = differ
}
