// Package client speaks the public protocol from Go, on one socket:
//
//	conn, err := client.Dial(ctx, "ws://127.0.0.1:8080/v1/connect", token, func(f protocol.ServerFrame) { … })
//	ok, err := conn.Join(ctx, "support", "en")
//
// The simulated people of nextup traffic are in the binary and use it, so it does not
// stand under test/; test/people makes persons of it, who come back. What they see is
// what any client sees: it has no way in that a stranger's client lacks.
package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"nextup/gateway/protocol"
)

// Refused is an error frame as a Go error.
type Refused struct{ Frame protocol.Error }

// Error implements error.
func (r *Refused) Error() string { return string(r.Frame.Code) + ": " + r.Frame.Message }

// Later waits for as long as a refusal asks its client to stay away, and reports
// whether it did: false for every other error, and when the context ends first.
func Later(ctx context.Context, err error) bool {
	var no *Refused
	if !errors.As(err, &no) || no.Frame.RetryAfterMS == 0 {
		return false
	}
	select {
	case <-time.After(time.Duration(no.Frame.RetryAfterMS) * time.Millisecond):
		return true
	case <-ctx.Done():
		return false
	}
}

// Conn is one socket after hello. Its methods may be called from many
// goroutines.
type Conn struct {
	Welcome protocol.Welcome
	wire    Wire
	stop    context.CancelFunc
	done    chan struct{}
	err     error // set before done is closed

	mu      sync.Mutex
	waiting map[string]chan answer
}

type answer struct {
	ok  protocol.OK
	err error
}

// Dial is Resume without a view that was shown before.
func Dial(ctx context.Context, url, token string, on func(protocol.ServerFrame)) (*Conn, error) {
	return Resume(ctx, url, token, 0, on)
}

// Resume opens a socket, says hello and beats as welcome asks. Log is the number
// of the newest view that this person was shown, 0 for none. Every frame that
// answers no request is handed to on, one by one, on a goroutine that on must
// not block for long. The context bounds the dial and the hello only.
func Resume(ctx context.Context, url, token string, log uint64, on func(protocol.ServerFrame)) (*Conn, error) {
	ws, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{Subprotocols: []string{protocol.Subprotocol}})
	if err != nil {
		return nil, err
	}
	return Over(ctx, ws, token, log, on)
}

// Over is Resume on a socket that is open already, and that the Conn ends.
func Over(ctx context.Context, ws *websocket.Conn, token string, log uint64, on func(protocol.ServerFrame)) (*Conn, error) {
	ws.SetReadLimit(4 << 20)
	w := socket{ws}
	hello, err := protocol.EncodeRequest(protocol.Hello{Envelope: protocol.Envelope{Type: protocol.TypeHello, ID: "hello"}, Token: token, Log: log})
	if err == nil {
		err = w.Write(ctx, hello)
	}
	if err != nil {
		w.Cut()
		return nil, err
	}
	return Begin(ctx, w, on)
}

// Begin makes a Conn of a wire on which hello was said, and which the Conn ends.
func Begin(ctx context.Context, w Wire, on func(protocol.ServerFrame)) (*Conn, error) {
	c := &Conn{wire: w, done: make(chan struct{}), waiting: map[string]chan answer{}}
	if err := c.welcomed(ctx); err != nil {
		w.Cut()
		return nil, err
	}
	if posts, ok := w.(Named); ok {
		posts.Name(c.Welcome.Conn)
	}
	run, stop := context.WithCancel(context.Background())
	c.stop = stop
	go c.read(run, on)
	go c.beat(run)
	return c, nil
}

// welcomed waits for the answer to hello.
func (c *Conn) welcomed(ctx context.Context) error {
	data, err := c.wire.Read(ctx)
	if err != nil {
		return err
	}
	f, err := protocol.DecodeServer(data)
	if err != nil {
		return err
	}
	switch f := f.(type) {
	case protocol.Welcome:
		c.Welcome = f
		return nil
	case protocol.Error:
		return &Refused{f}
	default:
		return fmt.Errorf("client: hello was answered by %T", f)
	}
}

func (c *Conn) write(ctx context.Context, frame protocol.Request) error {
	data, err := protocol.EncodeRequest(frame)
	if err != nil {
		return err
	}
	return c.wire.Write(ctx, data)
}

// Post sends a request and does not wait for the answer, which nothing takes.
func (c *Conn) Post(ctx context.Context, frame protocol.Request) error { return c.write(ctx, frame) }

// Request sends what build makes of an envelope and waits for the answer: a
// *Refused if the gateway says no.
func (c *Conn) Request(ctx context.Context, t protocol.Type, build func(protocol.Envelope) protocol.Request) (protocol.OK, error) {
	return c.Repeat(ctx, uuid.NewString(), t, build)
}

// Repeat is Request under an id that the caller chose: the same one again when
// the answer to an earlier try was lost, on this conn or another.
func (c *Conn) Repeat(ctx context.Context, id string, t protocol.Type, build func(protocol.Envelope) protocol.Request) (protocol.OK, error) {
	wait := make(chan answer, 1)
	c.mu.Lock()
	c.waiting[id] = wait
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.waiting, id)
		c.mu.Unlock()
	}()
	if err := c.write(ctx, build(protocol.Envelope{Type: t, ID: id})); err != nil {
		return protocol.OK{}, err
	}
	select {
	case a := <-wait:
		return a.ok, a.err
	case <-ctx.Done():
		return protocol.OK{}, ctx.Err()
	case <-c.done:
		return protocol.OK{}, errors.Join(errors.New("client: the conn has ended"), c.err)
	}
}

func (c *Conn) read(ctx context.Context, on func(protocol.ServerFrame)) {
	defer close(c.done)
	defer c.stop()
	for {
		data, err := c.wire.Read(ctx)
		if err != nil {
			c.err = err
			return
		}
		f, err := protocol.DecodeServer(data)
		if err != nil {
			c.err = err
			c.wire.Cut()
			return
		}
		switch f := f.(type) {
		case protocol.OK:
			c.answer(f.ID, answer{ok: f})
		case protocol.Error:
			if f.ID == "" && f.Code == protocol.CodeRateLimited {
				c.dropped(&Refused{f})
			}
			if !c.answer(f.ID, answer{err: &Refused{f}}) {
				on(f)
			}
		case nil: // newer than this client
		default:
			on(f)
		}
	}
}

func (c *Conn) answer(id string, a answer) bool {
	c.mu.Lock()
	wait := c.waiting[id]
	delete(c.waiting, id)
	c.mu.Unlock()
	if wait != nil {
		wait <- a
	}
	return wait != nil
}

// dropped ends all requests that have no answer, since it is not said which of them the
// gateway dropped [error-4]: they are to be sent again.
func (c *Conn) dropped(no *Refused) {
	c.mu.Lock()
	waiting := c.waiting
	c.waiting = map[string]chan answer{}
	c.mu.Unlock()
	for _, wait := range waiting {
		wait <- answer{err: no}
	}
}

func (c *Conn) beat(ctx context.Context) {
	tick := time.NewTicker(time.Duration(c.Welcome.HeartbeatS) * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			_ = c.write(ctx, protocol.Heartbeat{Type: protocol.TypeHeartbeat}) // a wire that has ended ends ctx
		}
	}
}

// Done is closed when the socket has ended; Err then says why.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err returns why the socket has ended, nil before.
func (c *Conn) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

// Close says goodbye.
func (c *Conn) Close() {
	c.wire.Close()
	c.stop()
	<-c.done
}

// Cut ends the socket without a word, as a lost network does.
func (c *Conn) Cut() {
	c.wire.Cut()
	<-c.done
}
