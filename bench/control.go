package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"nextup/bench/orders"
)

// obey says the address and serves orders until the input ends.
func obey(address string, handlers map[string]orders.Handler) error {
	fmt.Println(address)
	return orders.Obey(handlers)
}

// child is a process in one of the roles.
type child struct {
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Scanner
	address string
	mu      sync.Mutex
}

// start runs this binary in a role, or nextup, and waits until it has said its address.
func start(role string, args ...string) (*child, error) {
	if role == "nextup" {
		return startNextup(args)
	}
	binary, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return launch(exec.Command(binary, append([]string{role}, args...)...))
}

// launch starts a process and waits for its first line, its address.
func launch(cmd *exec.Cmd) (_ *child, err error) {
	c := &child{cmd: cmd}
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
		return nil, fmt.Errorf("%v did not start", cmd.Args)
	}
	c.address = c.out.Text()
	return c, nil
}

// call gives an order and decodes the result into answer, unless that is nil.
func (c *child) call(do string, with, answer any) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	data, err := json.Marshal(with)
	if err != nil {
		return err
	}
	line, err := json.Marshal(orders.Order{Do: do, With: data})
	if err != nil {
		return err
	}
	if _, err := c.in.Write(append(line, '\n')); err != nil {
		return err
	}
	for answered := false; !answered; answered = bytes.HasPrefix(c.out.Bytes(), []byte("{")) { // nextup greets people besides
		if !c.out.Scan() {
			return errors.Join(fmt.Errorf("%s: the process has ended", do), c.out.Err())
		}
	}
	var a orders.Answer
	if err := json.Unmarshal(c.out.Bytes(), &a); err != nil {
		return err
	}
	if a.Error != "" {
		return fmt.Errorf("%s: %s", do, a.Error)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(a.Result, answer)
}

func (c *child) pid() int { return c.cmd.Process.Pid }

// end ends the process: kindly, and else by force.
func (c *child) end() {
	_ = c.in.Close()
	force := time.AfterFunc(5*time.Second, func() { _ = c.cmd.Process.Kill() })
	defer force.Stop()
	_ = c.cmd.Wait()
}
