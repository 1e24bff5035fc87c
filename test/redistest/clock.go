package redistest

import (
	_ "embed"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

//go:embed preload/clock.c
var clockSource []byte

// StartServerWithClock is StartServer with a wall clock that set sets: ahead of the
// host's by whole seconds, which may be negative. It needs gcc, as the race detector
// does.
func StartServerWithClock(t testing.TB, args ...string) (s *Server, set func(ahead time.Duration)) {
	t.Helper()
	require(t)
	dir := t.TempDir()
	source, library := filepath.Join(dir, "clock.c"), filepath.Join(dir, "clock.so")
	if err := os.WriteFile(source, clockSource, 0o600); err != nil {
		t.Fatal(err)
	}
	ahead, err := os.Create(filepath.Join(dir, "ahead"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ahead.Close() })
	set = func(d time.Duration) { // in place, since the server has it mapped
		if _, err := ahead.WriteAt(binary.NativeEndian.AppendUint64(nil, uint64(int64(d/time.Second))), 0); err != nil {
			t.Fatal(err)
		}
	}
	set(0)
	if out, err := exec.Command("gcc", "-shared", "-fPIC", "-O2", "-o", library, source).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	host := Host{Command: func(program string, line ...string) *exec.Cmd {
		cmd := exec.Command(program, line...)
		cmd.Env = append(os.Environ(), "LD_PRELOAD="+library, "CLOCK_AHEAD="+ahead.Name())
		return cmd
	}}
	return startOn(t, host, args...), set
}
