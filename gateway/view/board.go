package view

import (
	"cmp"
	"maps"
	"slices"

	"nextup/gateway/protocol"
	"nextup/queue"
	"nextup/queue/eta"
)

// oldestAmong is how far down a line its longest wait is looked for.
const oldestAmong = 100

// Board is the site as its supervisors see it, without what the state does not know: the
// time, the figures of the day and the faults of the gateway.
func Board(st *queue.State) protocol.Board {
	f := protocol.Board{Queues: []protocol.BoardQueue{}, Agents: []protocol.BoardAgent{}, Log: st.Number()}
	room := AgentsWithRoom(st)
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
		row := boardAgent(st, a)
		for _, t := range held {
			if tickets++; tickets > protocol.MaxBoardTickets {
				f.TicketsLeftOut++
				continue
			}
			row.Tickets = append(row.Tickets, boardTicket(t))
		}
		f.Agents = append(f.Agents, row)
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
	out := &protocol.BoardTruth{Judged: int(t.Judged), Inside: int(t.Inside)}
	for i, c := range t.ByBand[:min(len(t.ByBand), len(queue.Bands))] {
		if c.Judged < 1 {
			continue
		}
		b := protocol.BoardTruthBand{From: queue.Bands[i].From, To: queue.Bands[i].To, Judged: int(c.Judged), Inside: int(c.Inside), Over: int(c.Over)}
		if i == len(queue.Bands)-1 {
			b.To = 0
		}
		out.Bands = append(out.Bands, b)
	}
	return out
}

func boardAgent(st *queue.State, a *queue.Agent) protocol.BoardAgent {
	return protocol.BoardAgent{
		ID: a.ID, Name: a.DisplayName, Status: protocol.AgentStatus(a.Status),
		Languages: slices.Sorted(maps.Keys(a.Languages)), Departments: a.Departments, Skills: a.Skills, Tier: cmp.Or(a.Tier, 1),
		Capacity: a.Capacity, Load: st.Load(a.ID), Lost: a.Session.Lost(),
	}
}

// AgentsWithRoom counts for every queue at once what State.AgentsWithRoom counts for one.
func AgentsWithRoom(st *queue.State) map[queue.QueueID]int {
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
