package eventlog

import "context"

// Nodes carries short messages between processes, as notes beside logs that have no
// records. A message may be lost.
type Nodes struct{ Backend Backend }

func nodeLog(node string) Log { return Log{Name: "node/" + node} }

// Listen calls hear with each message for the node, on a goroutine that it must not block,
// until stop is called.
func (n Nodes) Listen(node string, hear func(message []byte)) (stop func()) {
	return n.Backend.Subscribe(nodeLog(node), func(s Signal) {
		if s.Payload != nil {
			hear(s.Payload)
		}
	})
}

// Send sends a message to a node; a node that does not live loses it.
func (n Nodes) Send(ctx context.Context, node string, message []byte) error {
	return n.Backend.Signal(ctx, nodeLog(node), message)
}
