// Package queue is the domain of Nextup: who stands in which line, who is
// matched to whom, when an offer lapses. It is pure: no clock, no network, no
// store. Time is an argument, and it is always the log's time.
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
//	   └────────────── agent lost ────────────┘
//	waiting, offered ──leave / lost past grace──▶ abandoned
//
// Invariants, whatever races: a visitor has one open ticket per site (join
// reads and writes the visitor); an agent's load is never over their capacity
// (every offer reads and writes the agent); a ticket has one owner, whose
// fencing token is higher than any before (accept reads and writes the ticket).
//
// # Order
//
// A queue is one line per department and language, ordered by score (joined at
// minus head start, in milliseconds), then by the log number of the join. A
// ticket that comes back after a lost agent has kept both, so it stands where
// it stood. A declined or lapsed offer has never left the line.
package queue
