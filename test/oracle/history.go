// Package oracle judges a run from outside: from what each client sent, was
// answered and was told, and from the raw keys that Redis holds afterwards. It
// shares no code with the product but the frames of the wire, so that a fault in
// the product's own reading of its log cannot hide itself here.
//
// # What it compares
//
// There are three sources: the clients' histories, the audit (after the run
// each person who is there opens their conversations again from the beginning),
// and the logs in Redis. The site's log tells at each number who held which
// ticket; every view that was shown must be what the log says at the
// view's own number. So what is proven of the log (one owner, capacity, tokens,
// the order of assignment) is proven of what people saw. Where a run brings the
// rules of its site, what tickets ask for, their head starts and how long they wait
// are judged as well; where its clients wrote down their operations, Porcupine looks
// for an order of them.
//
//	report := oracle.Check(&oracle.Run{Rules: rules, Histories: histories, Snapshot: snapshot})
//	for _, invariant := range report.Wrong() {
//		t.Errorf("FAILS: %s", invariant)
//	}
//
// It is the only judge of the kind: an invariant that it does not make is added
// here. What it checks of each, and what it cannot, is said at the function. A Report
// counts what was looked at besides what was wrong: an invariant that had nothing to
// look at proves nothing.
package oracle

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"nextup/gateway/protocol"
)

// History is one person's part of a run, in the order in which it happened to
// them.
type History struct {
	Role    protocol.Role `json:"role"`
	Subject string        `json:"subject"`
	Events  []Event       `json:"events"`
}

// Kind tells events apart.
type Kind string

// The kinds of event.
const (
	Dialled  Kind = "dialled"  // Conn, Gateway
	Welcomed Kind = "welcomed" // Conn, Gateway
	Ended    Kind = "ended"    // Conn, Close, Why, Wished
	Asked    Kind = "asked"    // Conn, Ask
	Answered Kind = "answered" // Conn, Ask, OK
	Refused  Kind = "refused"  // Conn, Ask, Error
	Unsure   Kind = "unsure"   // Conn, Ask, Why: no answer came
	Told     Kind = "told"     // Conn and one of Ticket, Desk, Entry, Reset, Error
	Audited  Kind = "audited"  // what follows is the audit
)

// Event is one thing that happened to a client.
type Event struct {
	// At is the time since the run began, on one monotonic clock for all.
	At   time.Duration `json:"at"`
	Kind Kind          `json:"kind"`
	// Conn counts the client's sockets from 1; 0 for none.
	Conn    int    `json:"conn,omitempty"`
	Gateway string `json:"gateway,omitempty"`

	Ask *Ask         `json:"ask,omitempty"`
	OK  *protocol.OK `json:"ok,omitempty"`

	Ticket *protocol.Ticket `json:"ticket,omitempty"`
	Desk   *protocol.Desk   `json:"desk,omitempty"`
	Entry  *protocol.Entry  `json:"entry,omitempty"`
	Reset  *protocol.Reset  `json:"reset,omitempty"`
	Error  *protocol.Error  `json:"error,omitempty"`

	// Close is the close code of a conn that ended, 0 where none came. Wished
	// says that the client itself ended it.
	Close  int    `json:"close,omitempty"`
	Why    string `json:"why,omitempty"`
	Wished bool   `json:"wished,omitempty"`
	// Silence is for how long nothing had come from the gateway when the conn ended,
	// if an answer to a heartbeat was missed.
	Silence time.Duration `json:"silence,omitempty"`
}

// Ask is a request, without what no invariant is about.
type Ask struct {
	Type   protocol.Type `json:"type"`
	Ticket string        `json:"ticket,omitempty"`
	Offer  string        `json:"offer,omitempty"`
	// Wish counts what the person wanted: a request that is repeated because its
	// answer was lost has the same.
	Wish      int    `json:"wish,omitempty"`
	MessageID string `json:"message_id,omitempty"`
	Text      string `json:"text,omitempty"`
	After     uint64 `json:"after,omitempty"`
}

// Mark is something that the runner did to the set-up.
type Mark struct {
	At   time.Duration `json:"at"`
	What string        `json:"what"`
}

// person names a person across roles.
func (h *History) person() string { return string(h.Role) + " " + h.Subject }

// WriteLines writes the histories as JSON lines: one for each event, with the
// person beside it.
func WriteLines(w io.Writer, all []*History) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	for _, h := range all {
		for i := range h.Events {
			line := struct {
				Person string `json:"person"`
				*Event
			}{h.person(), &h.Events[i]}
			if err := enc.Encode(line); err != nil {
				return fmt.Errorf("oracle: %w", err)
			}
		}
	}
	return out.Flush()
}
