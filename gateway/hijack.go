package gateway

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
)

// smallBuffers replaces net/http's two 4 KB buffers, which a socket would keep
// for its whole life, by small ones. A frame larger than a buffer is read and
// written past it.
type smallBuffers struct {
	http.ResponseWriter
	conn net.Conn
}

const (
	connBuffer = 256
	// kernelBuffer bounds what the kernel holds for a client that does not read.
	kernelBuffer = 32 << 10
)

// Hijack implements http.Hijacker.
func (s *smallBuffers) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(s.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(kernelBuffer)
	}
	// The library takes what is buffered in the reader that it is given, and
	// reads on from the conn: frames that came before our answer must be in it.
	early, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	in := bufio.NewReaderSize(bytes.NewReader(bytes.Clone(early)), max(connBuffer, len(early)))
	_, _ = in.Peek(len(early))
	s.conn = conn
	return conn, bufio.NewReadWriter(in, bufio.NewWriterSize(conn, connBuffer)), nil
}
