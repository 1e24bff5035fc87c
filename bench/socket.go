package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

const (
	opText  = 1
	opClose = 8
	opPing  = 9
	opPong  = 10
)

// socket is a small WebSocket client: tens of thousands fit on one core. It
// trusts its server.
type socket struct {
	conn net.Conn
	in   *bufio.Reader
	buf  []byte
	web  bool

	mu  sync.Mutex
	out []byte
}

// dial opens a socket at HOST:PORT/PATH; without a path it is bare TCP.
func dial(address, subprotocol string) (*socket, error) {
	host, path, web := strings.Cut(address, "/")
	conn, err := net.DialTimeout("tcp", host, 30*time.Second)
	if err != nil {
		return nil, err
	}
	s := &socket{conn: conn, in: bufio.NewReaderSize(conn, 512), web: web}
	if !web {
		return s, nil
	}
	ask := fmt.Sprintf("GET /%s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", path, host)
	if subprotocol != "" {
		ask += "Sec-WebSocket-Protocol: " + subprotocol + "\r\n"
	}
	if _, err = io.WriteString(conn, ask+"\r\n"); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	status, err := s.in.ReadString('\n')
	for line := status; err == nil && line != "\r\n"; {
		line, err = s.in.ReadString('\n')
	}
	if err == nil && !strings.Contains(status, " 101 ") {
		err = errors.New("the server answered " + strings.TrimSpace(status))
	}
	if err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return s, nil
}

// read returns the next text frame, which is valid until the next call.
func (s *socket) read() ([]byte, error) {
	for {
		var head [2]byte
		if _, err := io.ReadFull(s.in, head[:]); err != nil {
			return nil, err
		}
		n := int(head[1] & 127)
		var long [8]byte
		switch n {
		case 126:
			if _, err := io.ReadFull(s.in, long[:2]); err != nil {
				return nil, err
			}
			n = int(binary.BigEndian.Uint16(long[:2]))
		case 127:
			if _, err := io.ReadFull(s.in, long[:8]); err != nil {
				return nil, err
			}
			n = int(binary.BigEndian.Uint64(long[:8]))
		}
		if cap(s.buf) < n {
			s.buf = make([]byte, n)
		}
		data := s.buf[:n]
		if _, err := io.ReadFull(s.in, data); err != nil {
			return nil, err
		}
		switch head[0] & 15 {
		case opText:
			return data, nil
		case opPing:
			if err := s.write(opPong, data); err != nil {
				return nil, err
			}
		case opClose:
			return nil, fmt.Errorf("closed by the server: %q", data)
		}
	}
}

func (s *socket) write(op byte, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out = append(appendHeader(s.out[:0], op, len(data), s.web), data...)
	_, err := s.conn.Write(s.out)
	return err
}

// appendHeader begins a frame. The mask of a client is of zeros, which changes
// nothing and is as much work for the server as any other.
func appendHeader(to []byte, op byte, n int, masked bool) []byte {
	mask := byte(0)
	if masked {
		mask = 128
	}
	to = append(to, 128|op)
	switch {
	case n < 126:
		to = append(to, mask|byte(n))
	case n < 1<<16:
		to = binary.BigEndian.AppendUint16(append(to, mask|126), uint16(n))
	default:
		to = binary.BigEndian.AppendUint64(append(to, mask|127), uint64(n))
	}
	if masked {
		to = append(to, 0, 0, 0, 0)
	}
	return to
}
