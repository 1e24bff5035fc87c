package stream

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
)

// Nodes carries short messages between gateways. A message may be lost.
type Nodes interface {
	// Listen calls hear with each message for the node, on a goroutine that it must not
	// block, until stop is called.
	Listen(node string, hear func(message []byte)) (stop func())
	// Send sends a message to a node; a node that does not live loses it.
	Send(ctx context.Context, node string, message []byte) error
}

// askAfter is after how long without an answer a node is asked whether it lives, and how
// long it may take to say so.
const askAfter = 1500 * time.Millisecond

// maxRelayed bounds the frames that wait for the answer of another gateway.
const maxRelayed = 20_000

var errRelayFull = errors.New("stream: too many frames wait for other gateways")

// relay has frames taken by the conn that they name, wherever it is. What is lost on the way
// is posted again by its client: a request counts once however often it comes.
type relay struct {
	run   func(func()) // on a goroutine of the application's
	here  takeFunc
	nodes Nodes
	node  string // this gateway's name among them, with which the names of its conns begin
	stop  func()

	mu      sync.Mutex
	closed  bool
	count   uint64
	waiting map[uint64]chan message
}

// takeFunc is what takeHere is.
type takeFunc func(m *message, answered func(answer []byte, err error))

// message is a frame on its way to another gateway, or the answer to one.
type message struct {
	Number uint64 `json:"n"`
	// From is the node that waits for the answer; an answer has none.
	From string `json:"from,omitzero"`
	Conn string `json:"conn,omitzero"`
	By   holder `json:"by,omitzero"`
	// Frame is what was posted, or the frame that answers it; nil for none.
	Frame []byte `json:"frame,omitzero"`
	// Poll is set where events are asked for instead: one more than have come.
	Poll uint64 `json:"poll,omitzero"`
	// Gone tells that there is no such conn of the person's.
	Gone bool `json:"gone,omitzero"`
	// Asks is set in a message that asks whether the node lives, and Here in its answer.
	Asks bool `json:"asks,omitzero"`
	Here bool `json:"here,omitzero"`
}

func newRelay(run func(func()), here takeFunc, nodes Nodes) *relay {
	r := &relay{
		run: run, here: here, nodes: nodes, node: strings.ReplaceAll(uuid.NewString(), "-", ""), stop: func() {}, waiting: map[uint64]chan message{},
	}
	if nodes != nil {
		r.stop = nodes.Listen(r.node, r.hear)
	}
	return r
}

// close waits for what is being heard.
func (r *relay) close() {
	r.stop()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
}

// elsewhere reports whether another gateway may have the conn of a name.
func (r *relay) elsewhere(name string) bool {
	node, _, _ := strings.Cut(name, ".")
	return r.nodes != nil && node != r.node && len(node) == len(r.node)
}

// take has a frame taken, and returns the frame that answers it, nil for none; or the events
// that were asked for.
func (r *relay) take(ctx context.Context, asked message) ([]byte, error) {
	if r.elsewhere(asked.Conn) {
		return r.takeElsewhere(ctx, asked)
	}
	answers := make(chan message, 1)
	r.here(&asked, func(answer []byte, err error) {
		answers <- message{Frame: answer, Gone: err != nil}
	})
	select {
	case m := <-answers:
		return m.answer()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// takeElsewhere passes a frame on. When no answer has come for a while it asks the node
// whether it lives: one that has died answers nothing, and the client need not wait for it.
func (r *relay) takeElsewhere(ctx context.Context, asked message) ([]byte, error) {
	node, _, _ := strings.Cut(asked.Conn, ".")
	answers := make(chan message, 2) // what came of it, and that the node lives
	number, err := r.await(answers)
	if err != nil {
		return nil, err
	}
	defer r.forget(number)
	asked.Number, asked.From = number, r.node
	if err := r.send(ctx, node, asked); err != nil {
		return nil, err
	}
	late := time.NewTimer(askAfter)
	defer late.Stop()
	for questioned, lives := false, false; ; {
		select {
		case m := <-answers:
			if !m.Here {
				return m.answer()
			}
			lives = true
		case <-late.C:
			if questioned && !lives {
				return nil, errNoConn
			}
			if !questioned {
				questioned = true
				if err := r.send(ctx, node, message{Number: number, From: r.node, Asks: true}); err != nil {
					return nil, err
				}
				late.Reset(askAfter)
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// answer is what take returns for an answer.
func (m *message) answer() ([]byte, error) {
	if m.Gone {
		return nil, errNoConn
	}
	return m.Frame, nil
}

func (r *relay) await(answers chan message) (number uint64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) >= maxRelayed {
		return 0, errRelayFull
	}
	r.count++
	r.waiting[r.count] = answers
	return r.count, nil
}

func (r *relay) forget(number uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.waiting, number)
}

func (r *relay) send(ctx context.Context, node string, m message) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return r.nodes.Send(ctx, node, data)
}

// hear takes a message of another gateway. It is called where all wake-ups of this gateway
// come, so that nothing is decoded there.
func (r *relay) hear(data []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.run(func() { r.heard(data) })
	}
}

func (r *relay) heard(data []byte) {
	var m message
	switch {
	case json.Unmarshal(data, &m) != nil:
	case m.Asks:
		r.sendBack(m.From, message{Number: m.Number, Here: true})
	case m.From != "":
		r.here(&m, func(answer []byte, err error) {
			// The person's next command waits until this returns.
			r.run(func() { r.sendBack(m.From, message{Number: m.Number, Frame: answer, Gone: err != nil}) })
		})
	default:
		r.mu.Lock()
		defer r.mu.Unlock()
		if answers := r.waiting[m.Number]; answers != nil {
			select {
			case answers <- m:
			default: // it was answered before
			}
		}
	}
}

// sendBack answers a message; where that is lost its client asks again.
func (r *relay) sendBack(node string, m message) {
	ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
	defer cancel()
	_ = r.send(ctx, node, m)
}
