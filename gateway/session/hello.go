package session

import (
	"context"
	"time"

	"nextup/app"
	"nextup/app/commands"
	"nextup/gateway/admission"
	"nextup/gateway/auth"
	"nextup/gateway/fanout"
	"nextup/gateway/protocol"
	"nextup/internal/limits"
	"nextup/queue"
)

// Hello authenticates a conn, binds its session and shows its first view. It
// reports whether the conn goes on. The link takes no frame of the client meanwhile.
func (c *Conn) Hello(h protocol.Hello) bool {
	ctx, cancel := context.WithTimeout(c.server.ctx, app.CommandTimeout)
	defer cancel()
	id, err := c.server.gate.Verify(ctx, h.Token)
	if err == nil { // only now: a forged token takes no honest client's place
		if later := c.server.hellos.admit(time.Now()); later > 0 {
			c.server.gate.Limited("", "hello_rate")
			c.send(protocol.Error{
				ID: h.ID, Code: protocol.CodeBusy, Message: "Too many are coming at once: come back a little later.",
				RetryAfterMS: later.Milliseconds(),
			})
			c.End(protocol.CloseUnavailable)
			return false
		}
		err = c.admit(id)
	}
	if err == nil {
		err = c.site.Connect(ctx, c)
	}
	forked := false
	if err == nil && h.Log > 0 {
		forked, err = c.site.catchUp(ctx, h.Log)
	}
	if err != nil {
		c.refuse(nil, h.ID, err)
		if retryable(err) {
			c.End(protocol.CloseUnavailable)
		} else {
			c.End(protocol.CloseUnauthorized)
		}
		return false
	}
	c.site.log.Debug("a conn", "conn", c.actor.Conn, "node", c.server.app.Node(), "role", id.Role, "by", id.Subject, "number", h.Log)
	c.Heard()
	c.server.strangers.Leave(c)
	c.hold(id)
	c.welcome(h.ID, c.beats, c.OneWay)
	if c.OneWay != nil {
		c.OneWay.beaten.Store(int64(time.Since(c.server.started)))
	}
	if forked {
		c.send(protocol.Reset{})
	} else {
		c.ticket.Resume(h.Log)
	}
	c.shown.begin()
	return true
}

// catchUp makes this replica as new as what the client was shown elsewhere. A
// log that is behind it has lost records: it forked.
func (s *site) catchUp(ctx context.Context, number uint64) (forked bool, err error) {
	behind := func() (yes bool) {
		s.Read(func(st *queue.State) { yes = st.Number() < number })
		return yes
	}
	if !behind() {
		return false, nil
	}
	if err := s.Sync(ctx); err != nil {
		return false, err
	}
	return behind(), nil
}

// admit checks what only the gateway knows: the site, the page, the path.
func (c *Conn) admit(id auth.Identity) error {
	if c.path != "" && c.path != id.Site {
		return auth.ErrWrongSite
	}
	served, err := c.server.gate.Admit(id, c.origin, c.host)
	switch {
	case err != nil:
		return err
	case served.Takes() != nil || served.Parted():
		return app.ErrAway
	}
	s := c.server.sites[id.Site]
	c.id = id
	c.actor = *admission.ActorOf(id)
	c.actor.Conn = c.server.connsOpened.Add(1)
	options := s.Options()
	c.allowance, c.beats = newAllowance(&options.Limits), options.VisitorHeartbeat
	if id.Role != protocol.Visitor {
		c.beats = options.AgentHeartbeat
	}
	c.site = s
	most := fanout.Bounds{Conns: options.Limits.Conns, PerPerson: options.Limits.ConnsPerPerson, PerAddress: options.Limits.ConnsPerAddress}
	if c.OneWay != nil { // it comes in place of one of those, which ends once this one is welcome
		replaced := s.replaced(&c.actor)
		most.PerPerson, most.PerAddress = most.PerPerson+replaced, most.PerAddress+replaced
	}
	if limit := s.people.Enter(c, c.from, most); limit != "" {
		c.site = nil
		c.server.gate.Limited(s.ID(), limit)
		return admission.ErrTooMany
	}
	c.setLimits(&s.Options().Limits) // new ones may have come meanwhile
	return nil
}

// maxBoardBytes is what a supervisor's conn may hold besides: the largest board.
const maxBoardBytes = 2 << 20

// setLimits puts limits in force.
func (c *Conn) setLimits(l *limits.Limits) {
	c.allowance.apply(l)
	buffer := l.OutgoingBuffer
	if c.id.Role == protocol.Supervisor {
		buffer += maxBoardBytes
	}
	c.link.SetLimit(buffer)
}

// hold notes the conn's newest token.
func (c *Conn) hold(id auth.Identity) {
	c.credential.set(id)
	// The key may have gone while the token was verified and bound: watch may have
	// looked at the conns already.
	if !c.server.gate.Holds(id) {
		c.End(protocol.CloseTokenExpired)
	}
}

// renew has the token of a live conn replaced. A slow key server holds up nothing else.
func (c *Conn) renew(r protocol.Renew, to Reply) {
	deadline := time.Now().Add(app.CommandTimeout)
	err := c.renewals.Submit(c.server.app.Pool(), commands.Keys{}, func() {
		defer c.inHand.end()
		ctx, cancel := context.WithDeadline(c.server.ctx, deadline)
		defer cancel()
		id, err := c.server.gate.Verify(ctx, r.Token)
		if err == nil && (id.Site != c.id.Site || id.Role != c.id.Role || id.Subject != c.id.Subject) {
			err = queue.ErrForbidden
		}
		if err != nil {
			c.refuse(to, r.ID, err)
			return
		}
		c.hold(id)
		c.answer(to, protocol.OK{ID: r.ID, ExpiresAtMS: id.ExpiresAt.UnixMilli()})
	})
	if err != nil {
		c.refuse(to, r.ID, err)
		c.inHand.end()
	}
}
