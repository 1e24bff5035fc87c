package gateway

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"time"

	"nextup/app"
	"nextup/gateway/auth"
	"nextup/gateway/fanout"
	"nextup/gateway/protocol"
	"nextup/queue"
)

// errOrigin says that a browser's page is not on the site's list.
var errOrigin = errors.New("gateway: the page's origin is not on the site's list")

// hello authenticates a conn, binds its session and shows its first view. It
// says whether the conn goes on. Nothing is read of the conn meanwhile.
func (c *conn) hello(h protocol.Hello) bool {
	ctx, cancel := context.WithTimeout(c.g.ctx, app.CommandTimeout)
	defer cancel()
	id, err := c.g.options.Verifier.Verify(ctx, h.Token, c.g.now())
	if err == nil { // only now: what nobody signed takes no honest client's place
		if later := c.g.admission.admit(time.Now()); later > 0 {
			c.g.metrics.limited.WithLabelValues("", "hello_rate").Inc()
			c.send(protocol.Error{
				ID: h.ID, Code: protocol.CodeBusy, Message: "Too many are coming at once: come back a little later.",
				RetryAfterMS: later.Milliseconds(),
			})
			c.end(protocol.CloseUnavailable)
			return false
		}
		err = c.admit(id)
	}
	if err == nil {
		err = c.site.Connect(ctx, c)
	}
	forked := false
	if err == nil && h.Log > 0 {
		forked, err = c.catchUp(ctx, h.Log)
	}
	if err != nil {
		c.refuse(h.ID, err)
		if retryable(err) {
			c.end(protocol.CloseUnavailable)
		} else {
			c.end(protocol.CloseUnauthorized)
		}
		return false
	}
	c.site.log.Debug("a conn", "conn", c.actor.Conn, "node", c.g.app.Node(), "role", id.Role, "by", id.Subject, "number", h.Log)
	c.heard()
	c.g.strangers.leave(c)
	c.socket.SetMessageLimit(protocol.MaxFrameBytes)
	c.holds(id)
	c.send(c.welcome(h.ID))
	if forked {
		c.send(protocol.Reset{})
	} else {
		c.view.ticket.Resume(h.Log)
	}
	c.begin()
	return true
}

// catchUp makes this replica as new as what the client was shown elsewhere. A
// log that is behind it has lost records: it forked.
func (c *conn) catchUp(ctx context.Context, number uint64) (forked bool, err error) {
	behind := func() (is bool) {
		c.site.Read(func(st *queue.State) { is = st.Number() < number })
		return is
	}
	if !behind() {
		return false, nil
	}
	if err := c.site.Sync(ctx); err != nil {
		return false, err
	}
	return behind(), nil
}

// admit checks what only the gateway knows: the site, the page, the path.
func (c *conn) admit(id auth.Identity) error {
	s := c.g.sites[id.Site]
	switch {
	case s == nil || c.path != "" && c.path != id.Site:
		return auth.ErrWrongSite
	case !originAllowed(s.file.Load().Origins, c.origin, c.host):
		return errOrigin
	case s.Takes() != nil || s.parted():
		return app.ErrAway
	}
	c.id = id
	c.actor = *actorOf(id)
	c.actor.Conn = c.g.connsOpened.Add(1)
	file := s.file.Load()
	c.allowance, c.beats = file.Limits.allowance(), file.VisitorHeartbeat
	if id.Role != protocol.Visitor {
		c.beats = file.AgentHeartbeat
	}
	c.site = s
	most := fanout.Bounds{Conns: file.Limits.Conns, PerPerson: file.Limits.ConnsPerPerson, PerAddress: file.Limits.ConnsPerAddress}
	if limit := s.people.Enter(c, c.from, most); limit != "" {
		c.site = nil
		c.g.metrics.limited.WithLabelValues(s.ID(), limit).Inc()
		return errTooMany
	}
	c.setLimits(s.file.Load().Limits) // new ones may have come meanwhile
	return nil
}

// actorOf is the holder of a token as the application knows them.
func actorOf(id auth.Identity) *app.Actor {
	return &app.Actor{
		Role: app.Role(id.Role), ID: id.Subject, Name: id.Name, Languages: id.Languages, Tier: id.Tier, Urgency: id.Urgency,
	}
}

// maxBoardBytes is what a supervisor's conn may hold besides: the largest board.
const maxBoardBytes = 2 << 20

// setLimits puts limits in force.
func (c *conn) setLimits(l Limits) {
	c.allowance.follow(l)
	buffer := l.OutgoingBuffer
	if c.isSupervisor() {
		buffer += maxBoardBytes
	}
	c.socket.SetLimit(buffer)
}

// Actor implements app.Connection.
func (c *conn) Actor() *app.Actor { return &c.actor }

// Facts implements app.Connection: what the token and the site file say of this agent.
func (c *conn) Facts() queue.AgentFacts {
	file := c.site.file.Load()
	facts := file.Agent(c.id.Subject)
	facts.ID, facts.Name = c.id.Subject, c.id.Name
	if facts.Languages == nil {
		facts.Languages = map[string]queue.Proficiency{}
		for _, l := range c.id.Languages {
			if known, ok := queue.MatchLanguage([]string{l}, file.Languages); ok {
				facts.Languages[known] = queue.BestProficiency
			}
		}
	}
	return facts
}

func (c *conn) welcome(id string) protocol.Welcome {
	w := protocol.Welcome{
		ID: id, Site: c.site.ID(), Role: c.id.Role, Subject: c.id.Subject, Name: c.id.Name,
		HeartbeatS: int(c.beats.Seconds()), ExpiresAtMS: c.id.ExpiresAt.UnixMilli(),
		NowMS: int64(c.site.Now()), Features: c.site.Features(),
	}
	rules := c.site.file.Load().Rules
	for _, d := range rules.Departments {
		w.Departments = append(w.Departments, protocol.Department{ID: d.ID, Name: d.Name, Languages: d.Languages})
	}
	if c.id.Role == protocol.Visitor {
		w.Urgencies, w.Topics = c.actor.Urgencies(rules), slices.Sorted(maps.Keys(rules.Topics))
	}
	return w
}

// renew replaces the token of a live conn.
func (c *conn) renew(ctx context.Context, r protocol.Renew) (expiresAtMS int64, err error) {
	id, err := c.g.options.Verifier.Verify(ctx, r.Token, c.g.now())
	if err != nil {
		return 0, err
	}
	if id.Site != c.id.Site || id.Role != c.id.Role || id.Subject != c.id.Subject {
		return 0, queue.ErrForbidden
	}
	c.holds(id)
	return id.ExpiresAt.UnixMilli(), nil
}

// holds notes the conn's newest token.
func (c *conn) holds(id auth.Identity) {
	c.credential.Store(&id)
	c.expires.Store(id.ExpiresAt.UnixMilli())
	// The key may have gone while the token was verified and bound: watch may have
	// looked at the conns already.
	if !c.g.options.Verifier.Holds(id, c.g.now()) {
		c.end(protocol.CloseTokenExpired)
	}
}

// keylessOver is the time over which the conns of a key that has gone are closed:
// those who come back with tokens of another key do not come all at once.
const keylessOver = 3 * time.Second

// endKeyless closes the conns whose token was signed by a key that is no longer in
// force, or lives longer than the site allows by now.
func (g *Gateway) endKeyless(now time.Time) {
	for _, c := range g.conns.all() {
		if id := c.credential.Load(); id != nil && !g.options.Verifier.Holds(*id, now) {
			time.AfterFunc(rand.N(keylessOver), func() {
				if id := c.credential.Load(); g.ctx.Err() == nil && !g.options.Verifier.Holds(*id, g.now()) { // it may have renewed
					c.end(protocol.CloseTokenExpired)
				}
			})
		}
	}
}

// knownOrigin says whether any site lets pages of the origin in. Which one they
// mean is known only after hello.
func (g *Gateway) knownOrigin(origin, host string) bool {
	for _, s := range g.sites {
		if originAllowed(s.file.Load().Origins, origin, host) {
			return true
		}
	}
	return false
}

// originAllowed is the rule of one site: no Origin (not a browser), the
// gateway's own host, or one on the list.
func originAllowed(allowed []string, origin, host string) bool {
	if origin == "" {
		return true
	}
	if u, err := url.Parse(origin); err == nil && u.Host != "" && strings.EqualFold(u.Host, host) {
		return true
	}
	return slices.Contains(allowed, origin) || slices.Contains(allowed, "*")
}
