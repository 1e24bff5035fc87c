package main

import (
	"strings"
	"testing"
)

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
