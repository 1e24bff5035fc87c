// Package process runs the servers that tests need as processes of their own,
// which a test can kill, freeze and start again, and which end with it whatever
// becomes of it.
package process

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"
)

// maxKept bounds how much of its output is kept of a process.
const maxKept = 64 << 10

// Process is one process that was started. Its methods may be called from many
// goroutines, also after it has ended.
type Process struct {
	cmd   *exec.Cmd
	ended chan struct{}
	err   error // set before ended is closed

	output tail
	lines  chan string
}

// Start runs the command on a thread of its own that lives as long as it: where
// the system can, the process ends when that thread does, so that not even a
// test binary that is killed leaves a server behind.
func Start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{cmd: cmd, ended: make(chan struct{}), lines: make(chan string, 16)}
	cmd.Stderr = &p.output
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	endWithParent(cmd)
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.scan(bufio.NewScanner(out))
			p.err = cmd.Wait()
		}
		close(p.ended)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	return p, nil
}

// scan keeps what the process says and offers the first lines to Line.
func (p *Process) scan(s *bufio.Scanner) {
	defer close(p.lines)
	for s.Scan() {
		fmt.Fprintln(&p.output, s.Text())
		select {
		case p.lines <- s.Text():
		default: // no caller waits for a line any more
		}
	}
}

// Line waits for a line of the standard output that begins with the prefix and
// returns what follows it.
func (p *Process) Line(prefix string, within time.Duration) (string, error) {
	deadline := time.After(within)
	for {
		select {
		case line, ok := <-p.lines:
			if !ok {
				return "", fmt.Errorf("process: it ended without saying %q:\n%s", prefix, p.Output())
			}
			if rest, found := strings.CutPrefix(line, prefix); found {
				return rest, nil
			}
		case <-deadline:
			return "", fmt.Errorf("process: it did not say %q within %v:\n%s", prefix, within, p.Output())
		}
	}
}

// Output is the newest of what the process wrote.
func (p *Process) Output() string { return p.output.String() }

// PID is the process id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Err is how the process ended: nil for exit status 0 or while it runs.
func (p *Process) Err() error {
	select {
	case <-p.ended:
		return p.err
	default:
		return nil
	}
}

// Kill ends the process at once (SIGKILL) and waits until it has.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.ended
}

// Terminate asks the process to end (SIGTERM) and does not wait.
func (p *Process) Terminate() { p.signal(syscall.SIGTERM) }

// Freeze stops the process where it is (SIGSTOP), and returns once it stands: its
// sockets stay open and nothing answers.
func (p *Process) Freeze() {
	p.signal(syscall.SIGSTOP)
	for deadline := time.Now().Add(time.Second); !frozen(p.PID()) && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
}

// Thaw lets a frozen process go on (SIGCONT).
func (p *Process) Thaw() { p.signal(syscall.SIGCONT) }

// Reload asks it to read its files again.
func (p *Process) Reload() { p.signal(syscall.SIGHUP) }

func (p *Process) signal(s syscall.Signal) {
	_ = p.cmd.Process.Signal(s) // it may have ended by itself
}

// Exited waits for the end of the process.
func (p *Process) Exited(within time.Duration) error {
	select {
	case <-p.ended:
		return p.err
	case <-time.After(within):
		return errors.New("process: it has not ended within " + within.String())
	}
}

// tail keeps the newest bytes written to it.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf.Write(b)
	if over := t.buf.Len() - maxKept; over > 0 {
		t.buf.Next(over)
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}
