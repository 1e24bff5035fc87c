package stream

import (
	"context"
	"errors"
	"strings"
	"sync"

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

// maxRelayed bounds the frames that wait for the answer of another gateway.
const maxRelayed = 20_000

var errRelayFull = errors.New("stream: too many frames wait for other gateways")

// relay has frames taken by the conn that they name, wherever it is. What is lost on the way
// is posted again by its client: a request counts once however often it comes.
type relay struct {
	server *Server
	nodes  Nodes
	node   string // this gateway's name among them, with which the names of its conns begin
	stop   func()

	mu      sync.Mutex
	count   uint64
	waiting map[uint64]chan message
}

// message is a frame on its way to another gateway, or the answer to one.
type message struct {
	Number uint64 `json:"n"`
	// From is the node that waits for the answer; an answer has none.
	From string `json:"from,omitzero"`
	Conn string `json:"conn,omitzero"`
	By   holder `json:"by,omitzero"`
	// Frame is what was posted, or the frame that answers it; nil for none.
	Frame []byte `json:"frame,omitzero"`
	// Gone says that there is no such conn of the person's.
	Gone bool `json:"gone,omitzero"`
}

func newRelay(s *Server, nodes Nodes) *relay {
	r := &relay{server: s, nodes: nodes, node: strings.ReplaceAll(uuid.NewString(), "-", ""), stop: func() {}, waiting: map[uint64]chan message{}}
	if nodes != nil {
		r.stop = nodes.Listen(r.node, r.hear)
	}
	return r
}

func (r *relay) close() { r.stop() }

// take has a frame taken, and returns the frame that answers it, nil for none.
func (r *relay) take(ctx context.Context, name string, by holder, data []byte) ([]byte, error) {
	node, _, _ := strings.Cut(name, ".")
	answers := make(chan message, 1)
	switch {
	case node == r.node:
		r.server.takeHere(name, by, data, func(answer []byte, err error) {
			answers <- message{Frame: answer, Gone: err != nil}
		})
	case r.nodes == nil || len(node) != len(r.node):
		return nil, errNoConn
	default:
		number, err := r.await(answers)
		if err != nil {
			return nil, err
		}
		defer r.forget(number)
		if err := r.send(ctx, node, message{Number: number, From: r.node, Conn: name, By: by, Frame: data}); err != nil {
			return nil, err
		}
	}
	select {
	case m := <-answers:
		if m.Gone {
			return nil, errNoConn
		}
		return m.Frame, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
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

// hear takes a message of another gateway.
func (r *relay) hear(data []byte) {
	var m message
	if json.Unmarshal(data, &m) != nil {
		return
	}
	if m.From != "" {
		r.server.options.Sessions.Go(func() { r.serve(m) })
		return
	}
	r.mu.Lock()
	answers := r.waiting[m.Number]
	delete(r.waiting, m.Number)
	r.mu.Unlock()
	if answers != nil {
		answers <- m
	}
}

// serve has a frame taken that another gateway was posted.
func (r *relay) serve(m message) {
	r.server.takeHere(m.Conn, m.By, m.Frame, func(answer []byte, err error) {
		ctx, cancel := context.WithTimeout(context.Background(), answerTimeout)
		defer cancel()
		_ = r.send(ctx, m.From, message{Number: m.Number, Frame: answer, Gone: err != nil}) // its client asks again
	})
}
