package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sys/unix"
)

// cpu is the processor time that a process has used, in seconds, to the nanosecond:
// /proc counts it in steps of 10 ms.
func cpu(pid int) (float64, error) {
	// As clock_getcpuclockid(3) makes it: the complement of the process id, and 2 for the
	// time that the scheduler gave to all its threads.
	clock := int32(^pid<<3 | 2)
	var t unix.Timespec
	if err := unix.ClockGettime(clock, &t); err != nil {
		return 0, fmt.Errorf("the processor time of process %d: %w", pid, err)
	}
	return float64(t.Nano()) / 1e9, nil
}

// memory is a line of /proc/PID/status in bytes: VmRSS, or VmHWM for the most
// since forgetPeak.
func memory(pid int, line string) (float64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, after, found := strings.Cut(string(data), line+":")
	if !found {
		return 0, fmt.Errorf("/proc/PID/status has no %s", line)
	}
	kib, err := strconv.ParseFloat(strings.Fields(after)[0], 64)
	return kib * 1024, err
}

func forgetPeak(pid int) error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// cpuOf sums the CPU time of processes.
func cpuOf(pids ...int) (sum float64, err error) {
	for _, pid := range pids {
		s, err := cpu(pid)
		if err != nil {
			return 0, err
		}
		sum += s
	}
	return sum, nil
}

// server is a Redis of our own.
type server struct {
	cmd    *exec.Cmd
	addr   string
	client *redis.Client
	dir    string
}

func startRedis(args ...string) (*server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := listener.Addr().String()
	_, port, _ := net.SplitHostPort(addr)
	_ = listener.Close()
	dir, err := os.MkdirTemp("", "bench-redis")
	if err != nil {
		return nil, err
	}
	s := &server{addr: addr, dir: dir}
	s.cmd = exec.Command("redis-server", append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir}, args...)...)
	if err := s.cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s.client = redis.NewClient(&redis.Options{Addr: addr})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for s.client.Ping(ctx).Err() != nil {
		if ctx.Err() != nil {
			s.end()
			return nil, errors.New("redis-server did not start")
		}
		time.Sleep(10 * time.Millisecond)
	}
	return s, nil
}

func (s *server) url() string { return "redis://" + s.addr }

func (s *server) pid() int { return s.cmd.Process.Pid }

func (s *server) end() {
	_ = s.client.Close()
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	_ = os.RemoveAll(s.dir)
}

// books is what Redis did so far.
type books struct{ commands, cpu float64 }

func (b books) minus(o books) books { return books{b.commands - o.commands, b.cpu - o.cpu} }

func (s *server) books() (b books, err error) {
	info, err := s.client.Info(context.Background(), "stats", "cpu").Result()
	if err != nil {
		return b, err
	}
	field := func(name string) float64 {
		_, after, _ := strings.Cut(info, name+":")
		v, e := strconv.ParseFloat(strings.TrimSpace(strings.SplitN(after, "\r\n", 2)[0]), 64)
		err = errors.Join(err, e)
		return v
	}
	b.commands = field("total_commands_processed")
	b.cpu = field("used_cpu_user") + field("used_cpu_sys")
	return b, err
}
