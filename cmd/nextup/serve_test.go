package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"nextup/internal/client"
)

// The first SIGTERM sends sockets elsewhere over the time of --drain; whoever does
// not want to wait for that asks again.
func TestASecondSignalEndsTheProcessAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "site.yaml")
	if err := os.WriteFile(path, []byte(reloadable), 0o600); err != nil {
		t.Fatal(err)
	}
	g := serve(t, "--site-file", path, "--drain", "10m")
	var there []*client.Conn
	for i := range 4 {
		there = append(there, g.come(path, "visitor", fmt.Sprint("v", i)))
	}
	g.signal(syscall.SIGTERM)
	for line := ""; !strings.Contains(line, "a second signal ends it at once"); {
		var err error
		if line, err = g.out.ReadString('\n'); err != nil {
			t.Fatalf("the gateway never said that it leaves: %v", err)
		}
	}
	stay := 0
	for _, c := range there {
		if c.Err() == nil {
			stay++
		}
	}
	if stay == 0 {
		t.Fatal("everybody has gone already: nothing is left to be cut short")
	}
	g.signal(syscall.SIGTERM)
	state, err := g.cmd.Process.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if how := state.Sys().(syscall.WaitStatus); how.Signal() != syscall.SIGTERM {
		t.Errorf("it ended as %v, want by the second signal", state)
	}
	for _, c := range there {
		<-c.Done()
	}
}

func TestServeRefusesWhatItCannotPromise(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"the demo's public key for strangers", []string{"--listen", "0.0.0.0:0"}, "anybody"},
		{"demo tokens for strangers", []string{"--listen", ":0", "--demo-tokens", "--site-file", "../../internal/sitefile/demo.yaml"}, "anybody"},
		{"no address", []string{"--listen", "here"}, "HOST:PORT"},
		{"durability of a memory", []string{"--listen", "127.0.0.1:0", "--durability", "disk"}, "--redis"},
		{"an unknown durability", []string{"--durability", "paper"}, "must be one of"},
		{"a Redis that is none", []string{"--listen", "127.0.0.1:0", "--redis", "http://127.0.0.1"}, "redis"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, errs, code := nextup(t, append([]string{"serve"}, tt.args...)...)
			if code == 0 || !strings.Contains(errs, tt.want) {
				t.Errorf("exit %d, %q %q; want a refusal with %q", code, out, errs, tt.want)
			}
		})
	}
}
