package people

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"nextup/gateway/protocol"
	"nextup/internal/cadence"
	"nextup/internal/client"
	"nextup/test/oracle"
)

// The times of a client's own. Those of the specification are kept but for the
// longest back-off, since a run is short.
const (
	dialTimeout = 3 * time.Second
	askTimeout  = 8 * time.Second
	firstWait   = time.Second
	longestWait = 4 * time.Second
	livedLong   = 5 * time.Second
)

// Mint signs a token.
type Mint func(role protocol.Role, subject string, languages []string) (string, error)

// Client is one person who stays connected. Run connects; everything else waits
// for a conn when there is none.
type Client struct {
	role      protocol.Role
	subject   string
	languages []string
	targets   []string
	mint      Mint
	diary     *Diary
	rng       *rand.Rand                 // Run's own
	first     *int                       // target; nil for any
	each      func(protocol.ServerFrame) // or nil

	heard atomic.Int64 // Unix milliseconds of the newest frame or answer

	mu       sync.Mutex
	conn     *client.Conn // nil while there is none
	number   int          // of the newest conn
	wished   bool         // the client itself ended it
	away     time.Time    // no conn is wanted before
	gone     bool         // nor ever again
	follows  map[string]*followedConversation
	ended    map[string]bool // conversations followed to their end
	ticket   protocol.Ticket // zero since viewless
	desk     protocol.Desk
	viewless time.Time     // the newest welcome or reset: a view was to follow
	resets   int           // of the view
	shown    uint64        // the number of the newest view; 0 since a reset
	changed  chan struct{} // closed and replaced whenever any of this changes
	messages int
}

func newClient(o *Options, role protocol.Role, subject string, languages []string, rng *rand.Rand) *Client {
	return &Client{
		role: role, subject: subject, languages: languages, targets: o.Targets, mint: o.Mint,
		diary: newDiary(o.Start, role, subject), rng: rng,
		follows: map[string]*followedConversation{}, ended: map[string]bool{}, changed: make(chan struct{}),
	}
}

// Run keeps the person connected until the context ends.
func (c *Client) Run(ctx context.Context) {
	target, failures := c.rng.IntN(len(c.targets)), 0
	if c.first != nil {
		target = *c.first
	}
	atOnce := false
	for c.rest(ctx) {
		if failures > 0 && !atOnce {
			most := min(firstWait<<min(failures-1, 5), longestWait)
			cadence.Pause(ctx, time.Duration(c.rng.Int64N(int64(most))))
		}
		conn, opened, err := c.dial(ctx, c.targets[target])
		if err != nil {
			atOnce = client.Later(ctx, err) // it said when
			failures++
			target = c.another(target)
			continue
		}
		c.live(ctx, conn)
		code := websocket.CloseStatus(conn.Err())
		switch {
		case c.leftByWish():
			failures = 0
		case time.Since(opened) > livedLong:
			failures = 1
		default:
			failures++
		}
		atOnce = code == websocket.StatusServiceRestart && !atOnce
		target = c.another(target)
	}
}

// another is a different gateway, where there is one.
func (c *Client) another(than int) int {
	if len(c.targets) == 1 {
		return than
	}
	return (than + 1 + c.rng.IntN(len(c.targets)-1)) % len(c.targets)
}

// rest waits while no conn is wanted; it returns false when none is wanted any more.
func (c *Client) rest(ctx context.Context) bool {
	for ctx.Err() == nil {
		c.mu.Lock()
		wait, gone, changed := time.Until(c.away), c.gone, c.changed
		c.mu.Unlock()
		switch {
		case gone:
			return false
		case wait <= 0:
			return true
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-changed:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return false
}

func (c *Client) dial(ctx context.Context, target string) (*client.Conn, time.Time, error) {
	c.mu.Lock()
	c.number++
	number := c.number
	c.wished = false
	c.ticket = protocol.Ticket{}
	shown := c.shown
	c.mu.Unlock()
	c.diary.write(oracle.Event{Kind: oracle.Dialled, Conn: number, Gateway: target})
	token, err := c.mint(c.role, c.subject, c.languages)
	if err != nil {
		return nil, time.Time{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	c.heard.Store(time.Now().UnixMilli())
	conn, err := resume(ctx, target, token, shown, func(f protocol.ServerFrame) { c.take(number, f) })
	if err != nil {
		e := oracle.Event{Kind: oracle.Ended, Conn: number, Gateway: target, Why: err.Error(), Close: code(err)}
		var refused *client.Refused
		if errors.As(err, &refused) {
			e.Error = &refused.Frame
		}
		c.diary.write(e)
		return nil, time.Time{}, err
	}
	c.diary.write(oracle.Event{Kind: oracle.Welcomed, Conn: number, Gateway: target})
	return conn, time.Now(), nil
}

// code is a close code, 0 where none came.
func code(err error) int { return max(int(websocket.CloseStatus(err)), 0) }

// live makes the conn the person's and returns once it has ended.
func (c *Client) live(ctx context.Context, conn *client.Conn) {
	c.mu.Lock()
	c.conn, c.viewless = conn, time.Now()
	number := c.number
	for ticket, t := range c.follows {
		go c.open(ctx, conn, number, ticket, t)
	}
	away := time.Until(c.away) > 0 || c.gone // it was wished while the conn was dialled
	c.wished = away
	c.changeLocked()
	c.mu.Unlock()
	if away {
		conn.Cut()
	}

	silent := 2*time.Duration(conn.Welcome.HeartbeatS)*time.Second + time.Second
	listen := time.NewTimer(silent)
	defer listen.Stop()
	for ended := false; !ended; {
		select {
		case <-conn.Done():
			ended = true
		case <-ctx.Done():
			c.mu.Lock()
			c.wished = true
			c.mu.Unlock()
			conn.Cut()
		case <-listen.C:
			left := silent - time.Since(time.UnixMilli(c.heard.Load()))
			if left <= 0 {
				conn.Cut()
			}
			listen.Reset(max(left, time.Millisecond))
		}
	}
	silence := time.Since(time.UnixMilli(c.heard.Load()))
	if silence < time.Duration(conn.Welcome.HeartbeatS)*time.Second+500*time.Millisecond {
		silence = 0 // no answer to a heartbeat was missed
	}
	c.mu.Lock()
	c.conn = nil
	wished := c.wished
	c.changeLocked()
	c.mu.Unlock()
	c.diary.write(oracle.Event{Kind: oracle.Ended, Conn: number, Close: code(conn.Err()), Why: conn.Err().Error(), Wished: wished, Silence: silence})
}

func (c *Client) leftByWish() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wished
}

// Vanish cuts the person off for d, without a close frame.
func (c *Client) Vanish(d time.Duration) { c.leave(func() { c.away = time.Now().Add(d) }) }

// Go ends the person's conns for good.
func (c *Client) Go() { c.leave(func() { c.gone = true }) }

func (c *Client) leave(how func()) {
	c.mu.Lock()
	how()
	conn := c.conn
	c.wished = c.wished || conn != nil
	c.changeLocked()
	c.mu.Unlock()
	if conn != nil {
		conn.Cut()
	}
}

func (c *Client) changeLocked() {
	close(c.changed)
	c.changed = make(chan struct{})
}

// take writes a frame down and keeps what the person acts on.
func (c *Client) take(number int, frame protocol.ServerFrame) {
	c.heard.Store(time.Now().UnixMilli())
	c.diary.told(number, frame)
	if c.each != nil {
		c.each(frame)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch f := frame.(type) {
	case protocol.Ticket:
		c.ticket, c.shown = f, f.Log
		if open(f.Status) && c.ended[f.Ticket] { // records were lost, and with them its end
			c.followLocked(context.Background(), f.Ticket)
		}
	case protocol.Desk:
		c.desk, c.shown = f, f.Log
		for ticket, t := range c.follows {
			t.away = t.away || !slices.ContainsFunc(f.Tickets, func(d protocol.DeskTicket) bool { return d.Ticket == ticket })
		}
	case protocol.Entry:
		c.entryLocked(number, f)
	case protocol.Reset:
		c.resetLocked(number, f)
	default:
		return
	}
	c.changeLocked()
}

// current waits for a conn.
func (c *Client) current(ctx context.Context) (*client.Conn, int, error) {
	for {
		c.mu.Lock()
		conn, number, changed := c.conn, c.number, c.changed
		c.mu.Unlock()
		if conn != nil {
			return conn, number, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		}
	}
}

// build makes a request of its envelope.
type build func(protocol.Envelope) protocol.Request

// Do asks until there is an answer, on whatever conn there is and always with
// the same id: ok, or a refusal that repeating does not change.
func (c *Client) Do(ctx context.Context, ask oracle.Ask, request build) (protocol.OK, error) {
	ok, _, err := c.Attempt(ctx, ask, request)
	return ok, err
}

// Attempt is Do for wishes that are not the same when they are repeated: it reports
// also whether no earlier try may have had an effect of which the answer was lost.
func (c *Client) Attempt(ctx context.Context, ask oracle.Ask, request build,
) (ok protocol.OK, sure bool, err error) {
	id, sure := uuid.NewString(), true
	for {
		conn, number, err := c.current(ctx)
		if err != nil {
			return protocol.OK{}, sure, err
		}
		ok, pause, err := c.once(ctx, conn, number, id, ask, request)
		var refused *client.Refused
		known := err == nil || errors.As(err, &refused) && refused.Frame.Code != protocol.CodeUnavailable && refused.Frame.Code != protocol.CodeInternal
		sure = sure && known
		if cadence.Pause(ctx, pause); pause == 0 || ctx.Err() != nil {
			return ok, sure, err
		}
	}
}

// Try asks once, on the conn that there is or the next one.
func (c *Client) Try(ctx context.Context, ask oracle.Ask, request build) (protocol.OK, error) {
	conn, number, err := c.current(ctx)
	if err != nil {
		return protocol.OK{}, err
	}
	ok, _, err := c.once(ctx, conn, number, uuid.NewString(), ask, request)
	return ok, err
}

// once asks on one conn. After the pause the same may be asked again; with 0 the
// answer is final.
func (c *Client) once(ctx context.Context, conn *client.Conn, number int, id string, ask oracle.Ask, request build,
) (_ protocol.OK, pause time.Duration, err error) {
	c.diary.write(oracle.Event{Kind: oracle.Asked, Conn: number, Ask: &ask})
	// A context that ends in the middle of a write would close the socket.
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
	defer cancel()
	ok, err := conn.Repeat(asking, id, ask.Type, request)
	var refused *client.Refused
	switch {
	case err == nil:
		c.heard.Store(time.Now().UnixMilli())
		c.diary.write(oracle.Event{Kind: oracle.Answered, Conn: number, Ask: &ask, OK: &ok})
	case errors.As(err, &refused):
		c.heard.Store(time.Now().UnixMilli())
		c.diary.write(oracle.Event{Kind: oracle.Refused, Conn: number, Ask: &ask, Error: &refused.Frame})
		if passesBy(refused.Frame.Code) {
			pause = time.Duration(max(refused.Frame.RetryAfterMS, 100)) * time.Millisecond
			pause += time.Duration(rand.Int64N(int64(pause/4) + 1))
		}
	default:
		c.diary.write(oracle.Event{Kind: oracle.Unsure, Conn: number, Ask: &ask, Why: err.Error()})
		pause = 20 * time.Millisecond // the conn that failed is noticed meanwhile
	}
	return ok, pause, err
}

// passesBy is [error-3], with internal, which may be tried again later.
func passesBy(code protocol.Code) bool {
	switch code {
	case protocol.CodeBusy, protocol.CodeUnavailable, protocol.CodeRateLimited, protocol.CodeInternal:
		return true
	default:
		return false
	}
}
