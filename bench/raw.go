package main

import (
	"io"
	"net"
	"sync"

	"nextup/bench/orders"
)

// serveRaw is the floor: TCP conns that send frames framed by hand.
// What it is sent it sends back.
func serveRaw([]string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var conns []net.Conn
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns = append(conns, conn)
			mu.Unlock()
			go func() {
				buf := make([]byte, 256)
				for {
					n, err := conn.Read(buf)
					if err != nil {
						return
					}
					if _, err := conn.Write(buf[:n]); err != nil {
						return
					}
				}
			}()
		}
	}()
	return obey(listener.Addr().String(), map[string]orders.Handler{
		"publish": orders.Handle(func(p publishOrder) (any, error) {
			mu.Lock()
			defer mu.Unlock()
			frame := make([]byte, 0, p.Size+4)
			return nil, p.each(func(i int, data []byte) error {
				if i >= len(conns) {
					return io.ErrUnexpectedEOF
				}
				frame = appendHeader(frame[:0], opText, len(data), false)
				_, err := conns[i].Write(append(frame, data...))
				return err
			})
		}),
	})
}
