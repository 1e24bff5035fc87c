package socket

import (
	"io"
	"net"
	"time"
)

// none is a conn on which nothing comes and that takes everything.
type none struct{}

func (none) Read([]byte) (int, error)         { return 0, io.EOF }
func (none) Write(b []byte) (int, error)      { return len(b), nil }
func (none) Close() error                     { return nil }
func (none) LocalAddr() net.Addr              { return nil }
func (none) RemoteAddr() net.Addr             { return nil }
func (none) SetDeadline(time.Time) error      { return nil }
func (none) SetReadDeadline(time.Time) error  { return nil }
func (none) SetWriteDeadline(time.Time) error { return nil }
