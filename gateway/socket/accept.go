package socket

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"time"

	"github.com/coder/websocket"
)

// kernelBuffer bounds what the kernel buffers for a client that does not read.
const kernelBuffer = 32 << 10

// Accept does the opening handshake and returns the conn, what the client has sent
// since, and the subprotocol that was agreed on, "" for none of those offered. It
// checks no origin and accepts no extension. After an error the request has been
// answered.
//
// The caller must return from its handler at once, or net/http would keep the
// request and its buffers for as long as the socket lives.
func Accept(w http.ResponseWriter, r *http.Request, subprotocols ...string) (conn net.Conn, early []byte, agreed string, err error) {
	h := &hijacker{ResponseWriter: w}
	ws, err := websocket.Accept(h, r, &websocket.AcceptOptions{
		Subprotocols: subprotocols, InsecureSkipVerify: true, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return nil, nil, "", err
	}
	agreed = ws.Subprotocol()
	_ = ws.CloseNow() // it holds a nullConn
	if tcp, ok := h.conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(kernelBuffer)
	}
	return h.conn, h.early, agreed, nil
}

// hijacker keeps the conn and gives the library a nullConn, so that nothing of the
// library outlives the handshake.
type hijacker struct {
	http.ResponseWriter
	conn  net.Conn
	early []byte
}

// Hijack implements http.Hijacker.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	_ = conn.SetDeadline(time.Time{}) // the server set one for the request
	early, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	h.conn, h.early = conn, bytes.Clone(early)
	return nullConn{}, bufio.NewReadWriter(bufio.NewReaderSize(nullConn{}, 16), bufio.NewWriterSize(nullConn{}, 16)), nil
}
