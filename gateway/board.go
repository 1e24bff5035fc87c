package gateway

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"nextup/app"
	"nextup/gateway/protocol"
	"nextup/queue"
	"nextup/queue/eta"
)

// The cadence of the board: looked at more often than it may be sent, so that
// what changes in between is seen soon after.
const (
	boardEvery = time.Second
	boardTick  = 250 * time.Millisecond
	// maxBoardBytes is what a supervisor's conn may hold besides: the largest board.
	maxBoardBytes = 2 << 20
	// oldestAmong is how far down a line its longest wait is looked for.
	oldestAmong = 100
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
		b.replica.Read(func(st *queue.State) { f = boardFrame(st) })
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

// boardFrame is the site as the replica has it.
func boardFrame(st *queue.State) protocol.Board {
	f := protocol.Board{Queues: []protocol.BoardQueue{}, Agents: []protocol.BoardAgent{}, Log: st.Number()}
	room := roomOf(st)
	for _, q := range st.Queues() {
		if len(f.Queues) == protocol.MaxBoardQueues {
			f.QueuesLeftOut++
			continue
		}
		size := st.Size(q)
		row := protocol.BoardQueue{
			Queue: q.String(), Department: q.Department, Language: q.Language, Size: size,
			Wait: waitFrame(eta.Shown(st.Wait(q, size+1))), Paused: st.Paused(q) != nil, AgentsWithRoom: room[q],
			Unattended: st.QueueUnattended(q), Withdrawn: st.Withdrawn(q), Truth: truthOf(st, q),
		}
		if t := oldest(st, q); t != nil {
			first := boardTicket(t)
			row.OldestAtMS, row.Oldest = first.JoinedAtMS, &first
		}
		f.Queues = append(f.Queues, row)
	}
	tickets := 0
	for _, a := range st.Agents() {
		held := st.Held(a.ID)
		if a.Status == queue.Offline && len(held) == 0 {
			continue
		}
		if len(f.Agents) == protocol.MaxBoardAgents {
			f.AgentsLeftOut++
			f.TicketsLeftOut += len(held)
			continue
		}
		is := boardAgent(st, a)
		for _, t := range held {
			if tickets++; tickets > protocol.MaxBoardTickets {
				f.TicketsLeftOut++
				continue
			}
			is.Tickets = append(is.Tickets, boardTicket(t))
		}
		f.Agents = append(f.Agents, is)
	}
	return f
}

// truthOf is how true the waits of a queue turned out, or nil.
func truthOf(st *queue.State, q queue.QueueID) *protocol.BoardTruth {
	e := st.Estimates()
	if e == nil || e.Truth[q.String()].Judged < 1 {
		return nil
	}
	t := e.Truth[q.String()]
	return &protocol.BoardTruth{Judged: int(t.Judged), Inside: int(t.Inside)}
}

func boardAgent(st *queue.State, a *queue.Agent) protocol.BoardAgent {
	return protocol.BoardAgent{
		ID: a.ID, Name: a.DisplayName, Status: protocol.AgentStatus(a.Status),
		Languages: slices.Sorted(maps.Keys(a.Languages)), Departments: a.Departments, Skills: a.Skills, Tier: cmp.Or(a.Tier, 1),
		Capacity: a.Capacity, Load: st.Load(a.ID), Lost: a.Session.Lost(),
	}
}

// roomOf counts for every queue at once what State.AgentsWithRoom counts for one.
func roomOf(st *queue.State) map[queue.QueueID]int {
	room := map[queue.QueueID]int{}
	for _, a := range st.Agents() {
		if !a.Takes() || st.Load(a.ID) >= a.Capacity {
			continue
		}
		for _, d := range a.Departments {
			for l := range a.Languages {
				room[queue.QueueID{Department: d, Language: l}]++
			}
		}
	}
	return room
}

func boardTicket(t *queue.Ticket) protocol.BoardTicket {
	return protocol.BoardTicket{
		Ticket: t.ID, Visitor: visitorPerson(t), Status: protocol.TicketStatus(t.Status),
		Department: t.Department, Language: t.Language, JoinedAtMS: int64(t.JoinedAt), AssignedAtMS: int64(t.AssignedAt),
	}
}

// oldest is the ticket that joined first of those at the front of the line, or nil
// for an empty line. A ticket behind a hundred others joined later, or gave up a
// head start.
func oldest(st *queue.State, q queue.QueueID) *queue.Ticket {
	var first *queue.Ticket
	st.Sweep(q, 1, oldestAmong, func(_ int, t *queue.Ticket) bool {
		if first == nil || t.JoinedAt < first.JoinedAt {
			first = t
		}
		return true
	})
	return first
}
