package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"sync"
	"time"
)

// order is one line on a child's standard input; its answer is one line on its
// standard output. A child ends when its input does.
type order struct {
	Do   string          `json:"do"`
	With json.RawMessage `json:"with,omitempty"`
}

type answer struct {
	Error string          `json:"error,omitempty"`
	Is    json.RawMessage `json:"is,omitempty"`
}

// obey serves orders, one after the other, until the input ends. The first line
// out says the address.
func obey(address string, orders map[string]func(with json.RawMessage) (any, error)) error {
	orders["collect"] = func(json.RawMessage) (any, error) {
		for range 4 { // stacks shrink by half at each
			runtime.GC()
		}
		debug.FreeOSMemory()
		return nil, nil
	}
	orders["profile"] = profile
	fmt.Println(address)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var o order
		if err := json.Unmarshal(lines.Bytes(), &o); err != nil {
			return err
		}
		var a answer
		if do := orders[o.Do]; do == nil {
			a.Error = "no such order: " + o.Do
		} else if is, err := do(o.With); err != nil {
			a.Error = err.Error()
		} else if a.Is, err = json.Marshal(is); err != nil {
			return err
		}
		line, err := json.Marshal(a)
		if err != nil {
			return err
		}
		fmt.Println(string(line))
	}
	return lines.Err()
}

// handle gives an order's handler its argument.
func handle[T any](do func(T) (any, error)) func(json.RawMessage) (any, error) {
	return func(with json.RawMessage) (any, error) {
		var t T
		if len(with) > 0 {
			if err := json.Unmarshal(with, &t); err != nil {
				return nil, err
			}
		}
		return do(t)
	}
}

type profileOrder struct {
	Kind    string // cpu, or a runtime/pprof profile such as heap
	Seconds float64
	Path    string
}

var profile = handle(func(p profileOrder) (any, error) {
	f, err := os.Create(p.Path)
	if err != nil {
		return nil, err
	}
	if p.Kind != "cpu" {
		defer f.Close()
		return nil, pprof.Lookup(p.Kind).WriteTo(f, 0)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	time.AfterFunc(time.Duration(p.Seconds*float64(time.Second)), func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	})
	return nil, nil
})

// child is a process in one of the roles.
type child struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
	address string
	mu      sync.Mutex
}

// start runs this binary in a role and waits until it has said its address.
func start(role string, args ...string) (*child, error) {
	binary, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.Command(binary, append([]string{role}, args...)...)}
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	c.out = bufio.NewScanner(out)
	c.out.Buffer(nil, 16<<20)
	if !c.out.Scan() {
		c.end()
		return nil, fmt.Errorf("the %s process did not start", role)
	}
	c.address = c.out.Text()
	return c, nil
}

// call gives an order and reads the answer into is, unless that is nil.
func (c *child) call(do string, with, is any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	data, err := json.Marshal(with)
	if err != nil {
		return err
	}
	line, err := json.Marshal(order{do, data})
	if err != nil {
		return err
	}
	if _, err := c.in.Write(append(line, '\n')); err != nil {
		return err
	}
	if !c.out.Scan() {
		return errors.Join(fmt.Errorf("%s: the process has ended", do), c.out.Err())
	}
	var a answer
	if err := json.Unmarshal(c.out.Bytes(), &a); err != nil {
		return err
	}
	if a.Error != "" {
		return fmt.Errorf("%s: %s", do, a.Error)
	}
	if is == nil {
		return nil
	}
	return json.Unmarshal(a.Is, is)
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// end ends the process: kindly, and else by force.
func (c *child) end() {
	_ = c.in.Close()
	force := time.AfterFunc(5*time.Second, func() { _ = c.cmd.Process.Kill() })
	defer force.Stop()
	_ = c.cmd.Wait()
}
