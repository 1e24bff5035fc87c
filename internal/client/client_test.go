package client

import (
	"context"
	"errors"
	"net"
	"testing"

	"nextup/gateway/protocol"
)

// script is a wire that reads what the test says, and tells what is written.
type script struct{ says, written chan string }

func (s script) Read(ctx context.Context) ([]byte, error) {
	select {
	case frame, ok := <-s.says:
		if !ok {
			return nil, net.ErrClosed
		}
		return []byte(frame), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s script) Write(_ context.Context, frame []byte) error {
	s.written <- string(frame)
	return nil
}

func (s script) Close() {}
func (s script) Cut()   { close(s.says) }

// [error-4] The frames that a gateway dropped have no answer of their own.
func TestRequestsThatAGatewayDroppedAreToBeSentAgain(t *testing.T) {
	t.Parallel()
	wire := script{make(chan string, 1), make(chan string, 10)}
	wire.says <- `{"type":"welcome","heartbeat_s":600}`
	told := make(chan protocol.ServerFrame, 1)
	conn, err := Begin(t.Context(), wire, func(f protocol.ServerFrame) { told <- f })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Cut)
	refusals := make(chan error, 2)
	for range 2 {
		go func() {
			_, err := conn.Status(t.Context(), protocol.Available)
			refusals <- err
		}()
		<-wire.written
	}
	wire.says <- `{"type":"error","code":"rate_limited","message":"Too many frames.","retry_after_ms":1}`
	for range 2 {
		err := <-refusals
		if no := (*Refused)(nil); !errors.As(err, &no) || no.Frame.Code != protocol.CodeRateLimited || !Later(t.Context(), err) {
			t.Errorf("a dropped request ends with %v", err)
		}
	}
	if f, ok := (<-told).(protocol.Error); !ok || f.Code != protocol.CodeRateLimited {
		t.Errorf("besides, the person is told %+v", f)
	}
}
