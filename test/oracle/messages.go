package oracle

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"nextup/gateway/protocol"
)

// entry is an entry of a conversation in the form in which entries are compared.
type entry struct {
	Kind      protocol.EntryKind
	From      string // role and id
	MessageID string
	Text      string
	UpTo      uint64
}

func (e entry) String() string {
	return fmt.Sprintf("%s of %s %s up to %d", e.Kind, e.From, e.MessageID, e.UpTo)
}

func from(p *protocol.Person) string {
	if p == nil {
		return ""
	}
	return string(p.Role) + " " + p.ID
}

func entryOf(f *protocol.Entry) entry {
	return entry{f.Kind, from(f.From), f.MessageID, f.Text, f.UpTo}
}

// conversation is what Redis holds of one, entry n at n-1.
type conversation struct {
	entries []entry
	member  string // of the newest record of an assignment, as role and id
	agent   string // who may read it after the run, as role and id
	gone    bool   // the site's log does not know the ticket
}

// messageCheck judges the conversations.
type messageCheck struct {
	*Report
	run           *Run
	conversations map[string]*conversation
	sent          map[string]string // ticket, sender, message id -> text
}

// checkMessages judges conversations by what Redis holds of them, by what each
// client was told, and by the audit.
//
// Participants of an entry are the visitor, and each agent who held the ticket
// then or later. The visitor and the agent whose the ticket was at its end can
// open the conversation after the run, so for them the whole of it is demanded.
// An agent who lost the ticket cannot, and may have lost it before an entry
// arrived: of them it is demanded that what they were told is the beginning of
// the same conversation, in order.
func checkMessages(r *Report, run *Run) {
	c := &messageCheck{Report: r, run: run, conversations: map[string]*conversation{}, sent: map[string]string{}}
	for _, h := range run.Histories {
		for _, e := range h.Events {
			if e.Kind == Asked && e.Ask.Type == protocol.TypeSend {
				c.sent[e.Ask.Ticket+"\x00"+h.person()+"\x00"+e.Ask.MessageID] = e.Ask.Text
			}
		}
	}
	for _, ticket := range sortedKeys(run.Snapshot.Conversations) {
		c.read(ticket, run.Snapshot.Conversations[ticket])
	}
	for _, h := range run.Histories {
		c.acknowledged(h)
		c.delivered(h)
		c.audited(h)
	}
}

// read takes a conversation from Redis and judges it by itself.
func (c *messageCheck) read(ticket string, log *Log) {
	conv := &conversation{}
	c.conversations[ticket] = conv
	if site := c.run.Snapshot.Sites[c.run.Rules.Site]; site != nil {
		t, err := decoded[ticketImage]([]byte(site.Entities["t/"+ticket]))
		if conv.gone = err != nil || t == nil; !conv.gone && t.Agent != "" {
			conv.agent = from(&protocol.Person{Role: protocol.Agent, ID: t.Agent})
		}
	}
	if !checkChain(c.Report, "the conversation of "+ticket, log) {
		return
	}
	seen := map[string]bool{}
	for i, row := range log.Rows {
		var raw struct {
			Kind      protocol.EntryKind `json:"kind"`
			From      *protocol.Person   `json:"from"`
			MessageID string             `json:"message_id"`
			Text      string             `json:"text"`
			UpTo      uint64             `json:"up_to"`
		}
		if err := json.Unmarshal([]byte(row.Data), &raw); err != nil {
			c.wrong(OneOrder, "entry %d of %s cannot be read: %v", row.Number, ticket, err)
			return
		}
		e := entry{raw.Kind, from(raw.From), raw.MessageID, raw.Text, raw.UpTo}
		conv.entries = append(conv.entries, e)
		switch e.Kind {
		case protocol.EntryMember:
			conv.member = e.From
		case protocol.EntryClosed:
			c.looked(EndsOnce)
			if i != len(log.Rows)-1 {
				c.wrong(EndsOnce, "something follows the end of %s at %d", ticket, row.Number)
			}
		case protocol.EntryMessage:
			key := e.From + "\x00" + e.MessageID
			c.looked(NoDouble)
			if seen[key] {
				c.wrong(NoDouble, "%s stands twice in %s, again at %d", e.MessageID, ticket, row.Number)
			}
			seen[key] = true
			if text, ok := c.sent[ticket+"\x00"+key]; !ok || text != e.Text {
				c.wrong(OneOrder, "entry %d of %s (%v) was written by nobody like that", row.Number, ticket, e)
			}
		case protocol.EntryRead, protocol.EntryAgentLost: // says nothing that could be wrong by itself
		case protocol.EntryNote, protocol.EntryWhisper, protocol.EntryHidden:
			c.wrong(OneOrder, "entry %d of %s is a %s, which nobody in the run writes", row.Number, ticket, e.Kind)
		}
		if e.Kind == protocol.EntryMessage || e.Kind == protocol.EntryRead {
			c.fenced(ticket, row.Number, e, conv)
		}
	}
}

// fenced: from the record of an assignment on, no other agent writes. Where
// records may have been lost, that record may be one of them.
func (c *messageCheck) fenced(ticket string, number uint64, e entry, conv *conversation) {
	if !strings.HasPrefix(e.From, string(protocol.Agent)+" ") {
		return
	}
	c.looked(Fenced)
	switch {
	case e.From == conv.member:
	case c.run.Rules.MayFork && (conv.gone || conv.member == ""):
		c.forgiven(Fenced)
	default:
		c.wrong(Fenced, "entry %d of %s is of %s, while it is %q's", number, ticket, e.From, conv.member)
	}
}

// acknowledged: each message stands under the number that was acknowledged.
func (c *messageCheck) acknowledged(h *History) {
	for i, e := range h.Events {
		if e.Kind != Answered || e.Ask.Type != protocol.TypeSend {
			continue
		}
		c.looked(AcknowledgedOnce)
		conv := c.conversations[e.Ask.Ticket]
		want := entry{protocol.EntryMessage, h.person(), e.Ask.MessageID, e.Ask.Text, 0}
		if conv != nil && e.OK.Number > 0 && e.OK.Number <= uint64(len(conv.entries)) && conv.entries[e.OK.Number-1] == want {
			continue
		}
		if c.run.Rules.MayFork && !c.run.Rules.Durable && len(c.run.Snapshot.Forks)+tookBackAnywhere(h, i)+contradicted(h, i) > 0 {
			c.forgiven(AcknowledgedOnce)
			continue
		}
		c.wrong(AcknowledgedOnce, "%s of %s was acknowledged at %v as number %d of %s, where there is %s",
			e.Ask.MessageID, h.person(), e.At.Round(time.Millisecond), e.OK.Number, e.Ask.Ticket, conv.at(e.OK.Number))
	}
}

func (v *conversation) at(n uint64) string {
	if v == nil {
		return "no conversation"
	}
	if n == 0 || n > uint64(len(v.entries)) {
		return fmt.Sprintf("nothing (it ends at %d)", len(v.entries))
	}
	return v.entries[n-1].String()
}

// tookBackAnywhere is 1 if the person heard any reset after the event.
func tookBackAnywhere(h *History, index int) int {
	for _, e := range h.Events[index:] {
		if e.Reset != nil {
			return 1
		}
	}
	return 0
}

// contradicted is 1 if the person was told another entry under the number of their
// acknowledgement: [send-5] says what that means.
func contradicted(h *History, index int) int {
	ack := h.Events[index]
	for _, e := range h.Events[index:] {
		if e.Entry != nil && e.Entry.Ticket == ack.Ask.Ticket && e.Entry.Number == ack.OK.Number && e.Entry.MessageID != ack.Ask.MessageID {
			return 1
		}
	}
	return 0
}

// place is where a delivery stands.
type place struct {
	conn int
	next uint64   // the number that must come
	also []uint64 // after other opens on the same conn: it may begin there anew, once each
	open bool
}

// delivered judges what a client was told live: after an open with n the next
// entry is n+1, each follows the one before, and all are the conversation's. At
// the audit no person that follows a conversation lacks any of it, or still believes
// in an entry that is gone: whatever was lost, a reset has said so.
func (c *messageCheck) delivered(h *History) {
	places := map[string]*place{}
	has := map[string]map[uint64]entry{}
	conn := 0
	for i, e := range h.Events {
		switch {
		case e.Kind == Audited:
			c.lacking(h, places, has, conn)
			return
		case e.Kind == Welcomed:
			conn = e.Conn
		case e.Kind == Ended && e.Conn == conn:
			conn = 0
		case e.Kind == Asked && e.Ask.Type == protocol.TypeOpen:
			if e.Ask.After == 0 {
				delete(has, e.Ask.Ticket) // it begins anew
			}
			if p := places[e.Ask.Ticket]; p != nil && p.conn == e.Conn {
				p.also = append(p.also, e.Ask.After+1)
			} else {
				places[e.Ask.Ticket] = &place{conn: e.Conn, next: e.Ask.After + 1}
			}
		case e.Kind == Answered && e.Ask.Type == protocol.TypeOpen:
			if p := places[e.Ask.Ticket]; p != nil && p.conn == e.Conn {
				p.open = true
			}
		case e.Kind == Told && e.Reset != nil:
			delete(places, e.Reset.Ticket)
			delete(has, e.Reset.Ticket)
		case e.Kind == Told && e.Entry != nil:
			c.looked(NoGap)
			p := places[e.Entry.Ticket]
			switch n := e.Entry.Number; {
			case p == nil || p.conn != e.Conn:
				c.wrong(NoGap, "%s at %v was told entry %d of %s, which was not open", h.person(), e.At, n, e.Entry.Ticket)
				continue
			case n == p.next:
			case slices.Contains(p.also, n):
				i := slices.Index(p.also, n)
				p.also = slices.Delete(p.also, i, i+1)
			default:
				c.wrong(NoGap, "%s at %v on conn %d was told entry %d of %s where %d was next",
					h.person(), e.At.Round(time.Millisecond), e.Conn, n, e.Entry.Ticket, p.next)
			}
			p.next = e.Entry.Number + 1
			if has[e.Entry.Ticket] == nil {
				has[e.Entry.Ticket] = map[uint64]entry{}
			}
			has[e.Entry.Ticket][e.Entry.Number] = entryOf(e.Entry)
			c.same(h, i, e.Entry)
		}
	}
}

// same holds one entry against the conversation.
func (c *messageCheck) same(h *History, index int, f *protocol.Entry) {
	c.looked(OneOrder)
	conv := c.conversations[f.Ticket]
	if conv != nil && f.Number <= uint64(len(conv.entries)) && conv.entries[f.Number-1] == entryOf(f) {
		return
	}
	if c.run.Rules.MayFork && tookBack(h, index, f.Ticket) {
		c.forgiven(OneOrder)
		return
	}
	c.wrong(OneOrder, "%s at %v was told entry %d of %s as %v, the conversation has %s",
		h.person(), h.Events[index].At.Round(time.Millisecond), f.Number, f.Ticket, entryOf(f), conv.at(f.Number))
}

// lacking: who follows a conversation on a living conn has all of it, and
// nothing else.
func (c *messageCheck) lacking(h *History, places map[string]*place, has map[string]map[uint64]entry, conn int) {
	for _, ticket := range sortedKeys(places) {
		p, conv := places[ticket], c.conversations[ticket]
		if p.conn != conn || !p.open || h.Role == protocol.Agent && (conv == nil || conv.agent != h.person()) {
			continue
		}
		if c.run.Rules.MayFork && (conv == nil || conv.gone) {
			continue // the ticket itself was lost: the reset of the view said so
		}
		c.looked(NoGap)
		var entries []entry
		if conv != nil {
			entries = conv.entries
		}
		if end := len(entries); end > 0 && p.next == uint64(end) && entries[end-1].Kind == protocol.EntryClosed {
			// The end may have been written only when the audit opened it.
			c.wrong(EndsOnce, "%s, connected, was not told the end of %s", h.person(), ticket)
		} else if p.next != uint64(end)+1 {
			c.wrong(NoGap, "%s, connected, was told %s up to %d, it ends at %d", h.person(), ticket, p.next-1, len(entries))
		}
		for n, e := range has[ticket] {
			if n > uint64(len(entries)) || entries[n-1] != e {
				c.wrong(NoGap, "%s, connected, heard no reset and believes entry %d of %s to be %v; there is %s", h.person(), n, ticket, e, conv.at(n))
				break
			}
		}
	}
}

// audited: opened from the beginning, a conversation is what Redis holds of it,
// for each person whose it is.
func (c *messageCheck) audited(h *History) {
	told := map[string][]entry{}
	mine := map[string]bool{}
	audit := false
	for _, e := range h.Events {
		switch {
		case e.Kind == Audited:
			audit = true
		case e.Ticket != nil:
			mine[e.Ticket.Ticket] = true
		case audit && e.Entry != nil:
			// An open whose answer was late was asked for again, and what came again is
			// taken once.
			if got := told[e.Entry.Ticket]; e.Entry.Number == uint64(len(got))+1 {
				told[e.Entry.Ticket] = append(got, entryOf(e.Entry))
			}
		}
	}
	if !audit {
		return
	}
	for _, ticket := range sortedKeys(c.conversations) {
		conv := c.conversations[ticket]
		if !mine[ticket] && conv.agent != h.person() || c.run.Rules.MayFork && conv.gone {
			continue
		}
		c.looked(AcknowledgedOnce)
		if got := told[ticket]; !equal(got, conv.entries) {
			c.wrong(AcknowledgedOnce, "%s opened %s after the run and was told %d entries, the conversation has %d",
				h.person(), ticket, len(got), len(conv.entries))
		}
	}
}

func equal(a, b []entry) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
