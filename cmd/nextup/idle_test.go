package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
)

// What an idle authenticated conn costs the process that holds it: memory as
// the kernel counts it, and goroutines. The clients live in another process.
func BenchmarkIdleConns(b *testing.B) {
	const conns = 5000
	binary := plainBinary(b)
	for _, department := range []string{"-", "support"} {
		name := "connected"
		if department != "-" {
			name = "waiting"
		}
		b.Run(name, func(b *testing.B) {
			app := newApp(b, "")
			defer app.Close()
			memory, goroutines := resident(b), runtime.NumGoroutine()
			for b.Loop() {
				crowdProcess(b, binary, socketURL(app.URL()), "idle", conns, department)
			}
			b.ReportMetric((resident(b)-memory)/conns, "B/conn")
			b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/conns, "goroutines/conn")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// resident is the process's memory in bytes after a collection.
func resident(b *testing.B) float64 {
	b.Helper()
	for range 4 { // stacks shrink by half at each
		runtime.GC()
	}
	debug.FreeOSMemory()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip("memory is read from /proc, which this system does not have: ", err)
	}
	var size, pages int
	if _, err := fmt.Sscan(strings.TrimSpace(string(data)), &size, &pages); err != nil {
		b.Fatal(err)
	}
	return float64(pages * os.Getpagesize())
}
