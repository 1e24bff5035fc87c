package process_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"nextup/test/process"
)

func start(t *testing.T, script string) *process.Process {
	t.Helper()
	p, err := process.Start(exec.Command("sh", "-c", script))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	return p
}

func TestALineIsFoundAmongOthersAndOutputIsKept(t *testing.T) {
	p := start(t, "echo hello; echo oops >&2; echo listening on port 7; exec sleep 60")
	rest, err := p.Line("listening on ", 10*time.Second)
	if err != nil || rest != "port 7" {
		t.Errorf("got %q, %v", rest, err)
	}
	if out := p.Output(); !strings.Contains(out, "hello") {
		t.Errorf("the output %q lacks a line", out)
	}
	p.Kill()
	if p.Err() == nil {
		t.Error("a process that was killed ended well")
	}
}

func TestAProcessThatEndsIsNotWaitedForAnyLonger(t *testing.T) {
	p := start(t, "echo no >&2; exit 3")
	if _, err := p.Line("ready", time.Minute); err == nil || !strings.Contains(err.Error(), "ended") {
		t.Errorf("got %v", err)
	}
	if err := p.Exited(10 * time.Second); err == nil {
		t.Error("exit status 3 is no error")
	}
}

func TestAFrozenProcessDoesNothingUntilItIsThawed(t *testing.T) {
	p := start(t, "echo up; exec sleep 60")
	if _, err := p.Line("up", 10*time.Second); err != nil {
		t.Fatal(err)
	}
	p.Freeze()
	p.Terminate()
	if err := p.Exited(100 * time.Millisecond); err == nil || !strings.Contains(err.Error(), "has not ended") {
		t.Error("it ended while frozen")
	}
	p.Thaw()
	select {
	case <-p.Ended():
	case <-time.After(10 * time.Second):
		t.Error("it does not go on")
	}
}
