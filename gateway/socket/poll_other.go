//go:build !linux

package socket

import "errors"

// poller does not exist here: every socket has a goroutine that reads, and one that
// writes while something waits.
type poller struct{}

func newPoller() (*poller, error) { return nil, nil }

func (*poller) run(func(*Socket)) {}
func (*poller) close()            {}
func (*poller) add(*Socket) error { return nil }
func (*poller) remove(*Socket)    {}

func (s *Socket) tryRead([]byte) (int, error) { return 0, errors.ErrUnsupported }

// tryWrite writes nothing, so that flush writes everything.
func (s *Socket) tryWrite([]byte) (int, error) { return 0, nil }
