package client

import (
	"context"

	"github.com/coder/websocket"
)

// Wire is what a Conn sends and receives by.
type Wire interface {
	// Read returns the next frame; the error of a wire that was closed with a code is a
	// websocket.CloseError.
	Read(ctx context.Context) ([]byte, error)
	Write(ctx context.Context, frame []byte) error
	// Close says goodbye, and Cut does not.
	Close()
	Cut()
}

// Named is a wire that posts its frames under the name that welcome gives it.
type Named interface{ Name(conn string) }

// socket is the usual wire.
type socket struct{ ws *websocket.Conn }

// Read implements Wire.
func (s socket) Read(ctx context.Context) ([]byte, error) {
	_, data, err := s.ws.Read(ctx)
	return data, err
}

// Write implements Wire.
func (s socket) Write(ctx context.Context, frame []byte) error {
	return s.ws.Write(ctx, websocket.MessageText, frame)
}

// Close implements Wire.
func (s socket) Close() { _ = s.ws.Close(websocket.StatusNormalClosure, "") }

// Cut implements Wire.
func (s socket) Cut() { _ = s.ws.CloseNow() }
