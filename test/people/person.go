package people

import (
	"context"
	"slices"
	"testing"
	"time"

	"nextup/gateway/protocol"
	"nextup/internal/client"
)

// maxFrames is how many frames a Person keeps that the test has not looked at.
const maxFrames = 4096

// Person is a person on one socket who takes only the steps of the test and keeps
// the frames that come. A method named Must… fails the test where the gateway refuses.
type Person struct {
	*client.Conn
	// Told is when the frame that Next returned last had come.
	Told   time.Time
	t      testing.TB
	ctx    context.Context
	frames chan receivedFrame
}

// receivedFrame is a frame and when it came.
type receivedFrame struct {
	frame protocol.ServerFrame
	at    time.Time
}

// Connect opens a socket, or at a URL of HTTP a stream, with the token; log is the number of the newest
// view that the person was shown before, 0 for none. The socket is cut at the end of
// the test; the context bounds all that the person waits for.
func Connect(ctx context.Context, t testing.TB, url, token string, log uint64) *Person {
	t.Helper()
	p := &Person{t: t, ctx: ctx, frames: make(chan receivedFrame, maxFrames)}
	conn, err := resume(ctx, url, token, log, func(f protocol.ServerFrame) { p.frames <- receivedFrame{f, time.Now()} })
	if err != nil {
		t.Fatalf("a person cannot connect: %v", err)
	}
	p.Conn = conn
	t.Cleanup(conn.Cut)
	return p
}

// Next returns the first frame of the type that satisfies want, among those that no
// call of Next has passed.
func Next[F protocol.ServerFrame](p *Person, what string, want func(F) bool) F {
	p.t.Helper()
	for {
		select {
		case next := <-p.frames:
			if f, ok := next.frame.(F); ok && want(f) {
				p.Told = next.at
				return f
			}
		case <-p.Done():
			p.t.Fatalf("%s: the conn ended: %v", what, p.Err())
		case <-p.ctx.Done():
			p.t.Fatalf("%s never came", what)
		}
	}
}

// Pending are the frames that have come and that no call of Next has passed.
func (p *Person) Pending() (frames []protocol.ServerFrame) {
	for {
		select {
		case next := <-p.frames:
			frames = append(frames, next.frame)
		default:
			return frames
		}
	}
}

// OnDesk returns the first state of the ticket on the agent's desk that satisfies want.
func (p *Person) OnDesk(ticket string, want func(protocol.DeskTicket) bool) (found protocol.DeskTicket) {
	p.t.Helper()
	Next(p, "the ticket on the desk", func(d protocol.Desk) bool {
		return slices.ContainsFunc(d.Tickets, func(t protocol.DeskTicket) bool {
			found = t
			return t.Ticket == ticket && want(t)
		})
	})
	return found
}

// MustJoin puts the visitor in line and returns the ticket.
func (p *Person) MustJoin(department string, languages ...string) string {
	p.t.Helper()
	return p.must(p.Join(p.ctx, department, languages...)).Ticket
}

// MustBe sets the agent's status.
func (p *Person) MustBe(s protocol.AgentStatus) *Person {
	p.t.Helper()
	p.must(p.Status(p.ctx, s))
	return p
}

// MustAccept takes the next offer.
func (p *Person) MustAccept() protocol.DeskOffer {
	p.t.Helper()
	d := Next(p, "an offer", func(d protocol.Desk) bool { return len(d.Offers) > 0 })
	p.must(p.Accept(p.ctx, d.Offers[0].Offer))
	return d.Offers[0]
}

// MustSend appends a message.
func (p *Person) MustSend(ticket, id, text string) protocol.OK {
	p.t.Helper()
	return p.must(p.Send(p.ctx, ticket, id, text))
}

// MustOpen opens a conversation after an entry.
func (p *Person) MustOpen(ticket string, after uint64) {
	p.t.Helper()
	p.must(p.Open(p.ctx, ticket, after))
}

// MustRead opens a conversation from its start and returns its first n entries.
func (p *Person) MustRead(ticket string, n int) (entries []protocol.Entry) {
	p.t.Helper()
	p.MustOpen(ticket, 0)
	for len(entries) < n {
		e := Next(p, "an entry", func(e protocol.Entry) bool { return e.Ticket == ticket })
		if e.Number != uint64(len(entries)+1) {
			p.t.Fatalf("entry %d came where %d was due: %+v", e.Number, len(entries)+1, e)
		}
		entries = append(entries, e)
	}
	return entries
}

func (p *Person) must(ok protocol.OK, err error) protocol.OK {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	return ok
}
