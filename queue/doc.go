// Package queue is the domain of Nextup: which ticket stands in which line, which agent
// is offered it, when an offer lapses. It is pure: no clock, no network, no
// store. Time is an argument, and it is always the log's time.
//
//	change, err := state.Join(queue.JoinRequest{Ticket: "t", Visitor: "v", Department: "support", Languages: []string{"en"}, Node: node})
//	outcomes, err := store.Commit(ctx, site, []queue.Change{change})
//	// Every gateway replays the record: state.Apply(record)
//	offers := state.Match(store.Now(site), 256)
//
// # How a thing happens
//
// A State is one site as the log tells it. A decider (Join, Accept, Close, …)
// is a method of State that looks and returns a Change: which entities it saw
// in which version, and what they shall become. A Store commits the Change if
// no version has moved since, and answers with a log number; every gateway then
// assigns the same after-images to its own State with Apply. Apply never
// decides, so all gateways agree. A refused Change is decided again on the
// newer State.
//
// # The life of a ticket
//
//	waiting ──offer──▶ offered ──accept──▶ assigned ──close──▶ closed
//	   ▲  ▲               │                   │
//	   │  └─decline/lapse─┘                   │
//	   └────────── agent lost, transfer ──────┘
//	waiting, offered ──leave / lost past grace──▶ abandoned
//
// After the close the place may stay taken while the agent wraps up. A close may
// have a time until which it can be taken back: the ticket is assigned as before.
//
// Invariants, whatever races: a visitor has one open ticket per site (join
// reads and writes the visitor); no offer takes an agent's load over their capacity
// (every offer reads and writes the agent); a ticket has one owner, whose
// fencing token is higher than any before (accept reads and writes the ticket).
//
// # Order, and the agents who serve
//
// A queue is one line per department and language, ordered by score (joined at
// minus head start, in milliseconds), then by the log number of the join. A
// ticket that comes back after a lost agent, or is transferred, has kept both,
// so it stands where it stood, or would have. A declined or lapsed offer has
// never left the line.
//
// What an agent must have to serve a ticket is in its Requirements: languages with a least
// proficiency, a tier, skills. They begin as the site's rules for department and topic say and
// are widened with the wait, step by step. Lines are what people see; a match
// walks classes: the waiting tickets that ask for the same. What time does to
// tickets (offers lapse, holds end, requirements widen, wrap-ups run out) stands in
// deadlines. All of it is worked out on replay from the after-images alone.
//
// # Where to look
//
//	entities   ticket.go people.go node.go supervisor.go (Pause) estimates.go checkpoint.go
//	deciders   visitor.go agent.go closing.go transfer.go supervisor.go node.go
//	by itself  dispatcher.go deadlines.go match.go, with requirements.go and class.go
//	lifecycle  lifecycle.go: what may become of a ticket, one function a transition
//	replay     state.go replay.go kind.go line.go sorted.go
//	the log    change.go codec.go store.go
package queue
