package trace

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// Log is a trace that was read once and found valid. One on disk is read again for
// each use and never held in memory, so a log of years needs memory only for the
// contacts that are open at the same time, and about 8 bytes for each one that has
// ended.
type Log struct {
	// Rows counts the events, First and Last are the stamps of the first and the
	// last one.
	Rows        int
	First, Last int64
	// Queues are the queues of visitors and agents, sorted.
	Queues []string
	// Ignored are the unknown columns.
	Ignored []string
	// Begin is the midnight from which the stamps count, in the zone of the desk; the
	// zero Time is unknown.
	Begin time.Time

	// each calls a function for every event with its line, and returns the columns that
	// it ignored.
	each func(func(line int, e *Event) error) (ignored []string, err error)
}

// Hour returns the hour of the day of a stamp.
func (l *Log) Hour(at int64) int {
	if l.Begin.IsZero() {
		return int(at / 3_600_000 % 24)
	}
	return l.Begin.Add(time.Duration(at) * time.Millisecond).Hour()
}

// Open reads the file, plain or gzipped, and checks every row. A problem of a row is
// a *RowError.
func Open(path string) (*Log, error) {
	return check(rows(func() (io.ReadCloser, error) { return os.Open(path) }))
}

// Parse is Open for a text.
func Parse(csv string) (*Log, error) {
	return check(rows(func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(csv)), nil }))
}

// New returns a log of events that were not written as a trace. each calls its function
// for every event, in order, whenever it is called.
func New(each func(func(line int, e *Event) error) error) (*Log, error) {
	return check(func(f func(int, *Event) error) ([]string, error) { return nil, each(f) })
}

// check reads the events and returns them as a log if each may follow those before.
func check(each func(func(int, *Event) error) ([]string, error)) (*Log, error) {
	l := &Log{each: each}
	c := checker{
		tickets: map[string]Kind{}, holder: map[string]string{}, ended: map[uint64]struct{}{},
		seed: maphash.MakeSeed(), agents: map[string]bool{}, queues: map[string]bool{},
	}
	ignored, err := each(func(line int, e *Event) error {
		if reason := c.check(e); reason != "" {
			return &RowError{line, reason}
		}
		if l.Rows++; l.Rows == 1 {
			l.First = e.At
		}
		l.Last = e.At
		return nil
	})
	if err == nil && l.Rows == 0 {
		err = &RowError{1, "there is no event"}
	}
	for q := range c.queues {
		l.Queues = append(l.Queues, q)
	}
	slices.Sort(l.Queues)
	l.Ignored = ignored
	return l, err
}

// Events calls each for every event, in order. The event is valid until each
// returns.
func (l *Log) Events(each func(*Event) error) error {
	_, err := l.each(func(_ int, e *Event) error { return each(e) })
	return err
}

// Text returns the text of a file, plain or gzipped, without a byte order mark, which
// some spreadsheets write.
func Text(file io.Reader) (*bufio.Reader, error) {
	plain := bufio.NewReaderSize(file, 1<<16)
	if magic, _ := plain.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		z, err := gzip.NewReader(plain)
		if err != nil {
			return nil, err
		}
		plain = bufio.NewReaderSize(z, 1<<16)
	}
	if mark, _ := plain.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = plain.Discard(3)
	}
	return plain, nil
}

// rows reads the events of a trace with their lines, and returns the columns that it
// ignored.
func rows(open func() (io.ReadCloser, error)) func(func(line int, e *Event) error) ([]string, error) {
	return func(each func(line int, e *Event) error) (ignored []string, err error) {
		file, err := open()
		if err != nil {
			return nil, err
		}
		defer file.Close()
		plain, err := Text(file)
		if err != nil {
			return nil, err
		}
		return readRows(plain, each)
	}
}

func readRows(plain io.Reader, each func(line int, e *Event) error) (ignored []string, err error) {
	rows := csv.NewReader(plain)
	rows.FieldsPerRecord = -1
	rows.ReuseRecord = true
	at := inOrder()
	n, width, last := 0, len(columns), 0
	var e Event
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return ignored, nil
		}
		line := 0
		if len(row) > 0 {
			line, _ = rows.FieldPos(0)
		}
		var bad *csv.ParseError
		switch {
		case errors.As(err, &bad):
			return ignored, &RowError{bad.Line, bad.Err.Error()}
		case err != nil: // a truncated or broken gzip ends in the middle of a row
			return ignored, &RowError{last + 1, "cannot be read: " + err.Error()}
		}
		last = line
		if n++; n > maxRows {
			return ignored, &RowError{line, fmt.Sprintf("more than %d rows", maxRows)}
		}
		if n == 1 && slices.Contains(row, columns[0]) {
			width = len(row)
			var reason string
			if at, ignored, reason = header(row); reason != "" {
				return ignored, &RowError{line, reason}
			}
			continue
		}
		if len(row) != width {
			return ignored, &RowError{line, fmt.Sprintf("%d columns, want %d", len(row), width)}
		}
		if reason := e.parse(row, &at); reason != "" {
			return ignored, &RowError{line, reason}
		}
		if err := each(line, &e); err != nil {
			return ignored, err
		}
	}
}
