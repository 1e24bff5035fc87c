// Package logtest keeps what a program logs, for a test that reads it while the
// program runs:
//
//	var log logtest.Buffer
//	logger := slog.New(slog.NewTextHandler(&log, nil))
//	n := log.Count("a node is lost", "site=demo")
package logtest

import (
	"strings"
	"sync"
)

// Buffer is a log in memory, which grows with it. It may be used from many goroutines;
// the zero value is empty.
type Buffer struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (b *Buffer) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(line)
}

// String returns all that was written.
func (b *Buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// Count returns how many lines hold all of the words.
func (b *Buffer) Count(words ...string) (n int) {
	for line := range strings.Lines(b.String()) {
		all := true
		for _, w := range words {
			all = all && strings.Contains(line, w)
		}
		if all {
			n++
		}
	}
	return n
}
