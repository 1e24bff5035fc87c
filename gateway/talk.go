package gateway

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"nextup/app"
	"nextup/app/conversation"
	"nextup/gateway/protocol"
	"nextup/gateway/socket"
	"nextup/queue"
)

// maxSubscriptions bounds the conversations that one conn follows.
const maxSubscriptions = 64

// subscriptions are the conversations that a conn follows.
type subscriptions struct {
	sync.Mutex
	by map[string]*follower
	// tokens are the assignments of this agent that their conversation knows.
	tokens map[string]uint64
	closed bool
}

func (s *subscriptions) stopAll() {
	s.Lock()
	all := s.by
	s.by, s.closed = nil, true
	s.Unlock()
	for _, one := range all {
		one.Stop()
	}
}

// resume goes on with those that rest.
func (s *subscriptions) resume() {
	s.Lock()
	defer s.Unlock()
	for _, one := range s.by {
		one.Resume()
	}
}

// drop stops following a conversation, and says whether it was followed.
func (s *subscriptions) drop(ticket string) bool {
	s.Lock()
	one := s.by[ticket]
	delete(s.by, ticket)
	s.Unlock()
	if one != nil {
		one.Stop()
	}
	return one != nil
}

// end forgets a subscription that has ended, unless its conversation was opened again
// meanwhile.
func (s *subscriptions) end(f *follower) {
	s.Lock()
	defer s.Unlock()
	if s.by[f.ticket] == f {
		delete(s.by, f.ticket)
	}
}

func (s *subscriptions) following() []string {
	s.Lock()
	defer s.Unlock()
	return slices.Collect(maps.Keys(s.by))
}

func (s *subscriptions) enrolled(ticket string, token uint64) bool {
	s.Lock()
	defer s.Unlock()
	return s.tokens[ticket] == token
}

// forget makes this conn copy its assignments anew, into one conversation or,
// with none named, into all.
func (s *subscriptions) forget(tickets ...string) {
	s.Lock()
	defer s.Unlock()
	if len(tickets) == 0 {
		clear(s.tokens)
	}
	for _, t := range tickets {
		delete(s.tokens, t)
	}
}

func (s *subscriptions) enrol(ticket string, token uint64) {
	s.Lock()
	defer s.Unlock()
	if s.tokens == nil || len(s.tokens) >= 4*maxSubscriptions {
		s.tokens = map[string]uint64{} // forgetting costs one idempotent append
	}
	s.tokens[ticket] = token
}

// person is who this conn speaks for.
func (c *conn) person() protocol.Person {
	return protocol.Person{Role: c.id.Role, ID: c.id.Subject, Name: c.id.Name}
}

// mine finds a conversation that this conn may read: the visitor's own, one that
// the agent holds, held last or is a guest in, one that is offered to them, an
// earlier one of a visitor whom the agent serves or wraps up, and any for a
// supervisor. To write, it must be open, and not only to be read.
func (c *conn) mine(ticket string, write bool) (*queue.Ticket, error) {
	var t *queue.Ticket
	c.site.Read(func(st *queue.State) { t = st.Ticket(ticket) })
	switch {
	case t == nil || !c.takesPart(t) && (write || !c.isOffered(t) && !c.servesVisitorOf(t)):
		return nil, errNotHeld
	case write && !t.Open():
		return t, queue.ErrEnded
	}
	return t, nil
}

func (c *conn) takesPart(t *queue.Ticket) bool {
	switch c.id.Role {
	case protocol.Visitor:
		return t.Visitor == c.id.Subject
	case protocol.Agent:
		return t.Agent == c.id.Subject && !t.Queued() || slices.Contains(t.Guests, c.id.Subject)
	case protocol.Supervisor:
		return true
	}
	return false
}

// isOffered says whether the ticket is offered to this agent now.
func (c *conn) isOffered(t *queue.Ticket) bool {
	return c.isAgent() && t.Status == queue.Offered && t.Offer.Agent == c.id.Subject
}

// servesVisitorOf says whether the agent may read a ticket that has ended, since
// they serve its visitor now.
func (c *conn) servesVisitorOf(t *queue.Ticket) bool {
	serves := false
	c.site.Read(func(st *queue.State) { serves = c.isAgent() && !t.Open() && servesVisitor(st, c.id.Subject, t.Visitor) })
	return serves
}

// mayRead is an entry as this conn may see it. Visitors get the number of what is
// not for them, so that theirs have no gaps.
func (c *conn) mayRead(e *protocol.Entry) *protocol.Entry {
	if c.id.Role != protocol.Visitor || e.Kind != protocol.EntryNote && e.Kind != protocol.EntryWhisper {
		return e
	}
	return &protocol.Entry{Type: e.Type, Ticket: e.Ticket, Number: e.Number, Kind: protocol.EntryHidden, AtMS: e.AtMS}
}

// open delivers a conversation from an entry on.
func (c *conn) open(ctx context.Context, r protocol.Open) (protocol.OK, error) {
	t, err := c.mine(r.Ticket, false)
	if err != nil {
		return protocol.OK{}, err
	}
	if t.Open() {
		if err := c.enrol(ctx, r.Ticket); err != nil {
			return protocol.OK{}, err
		}
	} else if err := c.site.sealing.restoreEnd(ctx, t); err != nil {
		return protocol.OK{}, err
	}
	followed := c.subs.drop(r.Ticket)
	c.subs.Lock()
	defer c.subs.Unlock()
	if c.subs.closed {
		return protocol.OK{}, context.Canceled
	}
	if len(c.subs.by) >= maxSubscriptions {
		return protocol.OK{}, queue.ErrForbidden
	}
	if c.isSupervisor() && !followed {
		c.audit(ctx, deed{action: "monitor", ticket: t.ID})
	}
	if c.subs.by == nil {
		c.subs.by = map[string]*follower{}
	}
	f := &follower{conn: c, ticket: r.Ticket}
	f.Subscription = c.g.options.Conversations.Subscribe(c.site.ID(), r.Ticket, conversation.Place{Number: r.After, AtMS: r.AtMS}, f)
	c.subs.by[r.Ticket] = f
	return protocol.OK{}, nil
}

// follower implements conversation.Receiver: a conn that follows a conversation.
type follower struct {
	*conn
	ticket string
	*conversation.Subscription
}

// Ready implements conversation.Receiver: a client is sent as much as it reads.
func (f *follower) Ready() bool { return !f.socket.Behind() }

// Note implements conversation.Receiver.
func (f *follower) Note(payload []byte) { f.passOn(f.ticket, payload) }

// Reset implements conversation.Receiver.
func (f *follower) Reset() {
	f.subs.forget(f.ticket)
	f.send(protocol.Reset{Ticket: f.ticket})
}

// Deliver implements conversation.Receiver.
func (f *follower) Deliver(entries []protocol.Entry) (taken int, more bool) {
	c, ticket := f.conn, f.ticket
	t, err := c.mine(ticket, false)
	if err != nil {
		return 0, false
	}
	for i := range entries {
		if !f.Ready() {
			return i, true
		}
		e := &entries[i]
		if e.MessageID == "" || !c.keep(e) {
			c.send(c.mayRead(e))
		}
		if e.Kind == protocol.EntryClosed { // nothing follows
			c.subs.end(f)
			if t.Open() {
				c.g.work.Go(func() { c.site.endAgain(ticket) })
			}
			return i + 1, false
		}
	}
	return len(entries), true
}

// endAgain ends a ticket whose conversation is closed: a fork of the site's log
// lost the end that people have been told. Mostly it is only this replica that
// has not replayed it yet, and then there is nothing to do.
func (s *site) endAgain(ticket string) {
	ctx, cancel := context.WithTimeout(s.g.ctx, 5*time.Second)
	defer cancel()
	err := s.Sync(ctx)
	if err == nil {
		_, err = s.Execute(ctx, app.Refusals{}, func(st *queue.State) (queue.Change, error) {
			t := st.Ticket(ticket)
			switch {
			case t == nil || !t.Open():
				return queue.Change{}, nil
			case t.Status == queue.Assigned:
				return st.Close(t.Agent, ticket)
			default:
				return st.Leave(t.Visitor, ticket)
			}
		})
	}
	if err != nil { // whoever opens the conversation next finds it
		s.log.Warn("a ticket is open beside its closed conversation", "ticket", ticket, "err", err)
	}
}

// passOn sends on that somebody else is typing.
func (c *conn) passOn(ticket string, note []byte) {
	var t protocol.Typing
	if json.Unmarshal(note, &t) != nil || t.From == nil || *t.From == c.person() {
		return
	}
	if _, err := c.mine(ticket, false); err == nil && !c.socket.Behind() {
		c.send(t)
	}
}

// dropLost stops following conversations that went to somebody else.
func (c *conn) dropLost() {
	for _, ticket := range c.subs.following() {
		if _, err := c.mine(ticket, false); err != nil {
			c.subs.drop(ticket)
		}
	}
}

// say appends a message. A supervisor comes into the conversation first: nobody
// hears from somebody of whom they do not know.
func (c *conn) say(ctx context.Context, r protocol.Send) (protocol.OK, error) {
	if c.isSupervisor() {
		if err := c.barge(ctx, r.Ticket); err != nil {
			return protocol.OK{}, err
		}
	}
	return c.appendText(ctx, protocol.EntryMessage, r.Ticket, r.MessageID, r.Text)
}

// writing names the messages that a conn has asked for and not been answered, by
// kind, ticket and id: one a command that runs.
type writing struct {
	sync.Mutex
	messages []message
}

type message struct {
	kind       protocol.EntryKind
	ticket, id string
}

func (w *writing) begin(m message) {
	w.Lock()
	defer w.Unlock()
	w.messages = append(w.messages, m)
}

func (w *writing) end(m message) {
	w.Lock()
	defer w.Unlock()
	i := slices.Index(w.messages, m)
	w.messages = slices.Delete(w.messages, i, i+1)
}

// keep has the conn's own message wait for its answer, which is about to come and
// leaves with it in one write: it is the dearest that a message costs. Nothing else
// waits, and what is sent meanwhile takes it along, so entries keep their order. It
// says no to every other entry.
func (c *conn) keep(e *protocol.Entry) bool {
	w := &c.writing
	w.Lock()
	defer w.Unlock()
	if e.From == nil || e.From.ID != c.id.Subject || !slices.Contains(w.messages, message{e.Kind, e.Ticket, e.MessageID}) {
		return false
	}
	c.encode(c.mayRead(e), (*socket.Socket).Keep)
	return true
}

// appendText appends what has an id and a text: a message, a note or a whisper.
func (c *conn) appendText(ctx context.Context, kind protocol.EntryKind, ticket, id, text string) (protocol.OK, error) {
	t, err := c.mine(ticket, true)
	if err != nil {
		return protocol.OK{}, err
	}
	if err := c.enrol(ctx, ticket); err != nil {
		return protocol.OK{}, err
	}
	c.writing.begin(message{kind, ticket, id})
	number, at, err := c.g.options.Conversations.Append(ctx, c.site.ID(), ticket, conversation.Draft{
		Kind: kind, From: c.person(), MessageID: id, Text: text, Token: c.token(t),
	})
	c.writing.end(message{kind, ticket, id}) // before the answer is sent, which takes along what was kept
	if err != nil {
		return protocol.OK{}, err
	}
	c.g.metrics.messages.WithLabelValues(c.site.ID(), string(c.id.Role)).Inc()
	if c.isSupervisor() {
		c.audit(ctx, deed{action: deedOf[kind], ticket: ticket, entry: number, atMS: at})
	}
	return protocol.OK{MessageID: id, Number: number, AtMS: at}, nil
}

// token is the fencing token that a write carries: that of the assignment, for
// its agent and their guests. Visitors and supervisors are not fenced.
func (c *conn) token(t *queue.Ticket) uint64 {
	if c.isAgent() {
		return t.Token
	}
	return 0
}

func (c *conn) markRead(ctx context.Context, r protocol.Read) (protocol.OK, error) {
	t, err := c.mine(r.Ticket, true)
	if err != nil || c.isSupervisor() { // nobody sees that a supervisor reads
		return protocol.OK{}, err
	}
	if err := c.enrol(ctx, r.Ticket); err != nil {
		return protocol.OK{}, err
	}
	number, at, err := c.g.options.Conversations.Append(ctx, c.site.ID(), r.Ticket, conversation.Draft{
		Kind: protocol.EntryRead, From: c.person(), UpTo: r.UpTo, Token: c.token(t),
	})
	return protocol.OK{Number: number, AtMS: at}, err
}

// typing is passed on if it can be, and forgotten if not.
func (c *conn) typing(ctx context.Context, r protocol.Typing) {
	if _, err := c.mine(r.Ticket, true); err != nil || c.isSupervisor() && !c.subs.enrolled(r.Ticket, barged) {
		return // nobody sees a supervisor who has not come in
	}
	p := c.person()
	r.From = &p
	if note, err := json.Marshal(r); err == nil {
		_ = c.g.options.Conversations.Signal(ctx, c.site.ID(), r.Ticket, note)
	}
}
