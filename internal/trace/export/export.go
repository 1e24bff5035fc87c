// Package export reads what other desks write about their contacts, so that a site can
// replay last month before it starts:
//
//	log, report, err := export.Open("queue_log", export.Options{})
//	report.Print(os.Stderr) // what was read, what was left out, what the export does not say
//	err = trace.Replay(log, trace.Options{…})
//
// Each desk has a file with its columns and what a row of it means. All of them fill a
// book of contacts; the book sorts them, infers what the export lacks (which agents were
// there, and how many conversations each may hold), and gives the events of a trace. It
// keeps some 100 bytes for each contact, of which there may be two million.
package export

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"nextup/internal/trace"
)

// Options say how to read an export.
type Options struct {
	// Format is one of Formats; "" finds it by the header.
	Format string
	// Zone is that of stamps without one, and of the hours of the day; nil is UTC.
	Zone *time.Location
	// DayFirst is "dmy" or "mdy" for stamps such as 3/4/2026; "" finds it in the file.
	DayFirst string
	// Away is how long an agent without a contact still counts as there, where the export
	// says nothing of it; 0 is half an hour.
	Away time.Duration
}

// TraceFormat is the form of package trace, which is no export.
const TraceFormat = "trace"

// Formats are the names of the forms that can be read.
func Formats() []string {
	names := []string{TraceFormat}
	for i := range formats {
		names = append(names, formats[i].name)
	}
	return names
}

// format is how one desk writes.
type format struct {
	name, desk string
	// needed are the columns that must be there, and tell the format; stamps are those
	// with times.
	needed, stamps []string
	// utc is true if stamps without a zone are in UTC, wherever the desk stands.
	utc bool
	// read fills the book.
	read func(*table, *book) error
	// lacks is what the export does not say, and what follows from it.
	lacks []string
}

var formats = []*format{&asterisk, &asteriskTable, &chatwoot, &rocketchat, &zendesk, &zendeskChat}

// Open reads the file, plain or gzipped. A problem of a row is a *trace.RowError.
func Open(path string, o Options) (*trace.Log, *Report, error) {
	return read(func() (io.ReadCloser, error) { return os.Open(path) }, func() (*trace.Log, error) { return trace.Open(path) }, o)
}

// Parse is Open for a text.
func Parse(text string, o Options) (*trace.Log, *Report, error) {
	return read(func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(text)), nil }, func() (*trace.Log, error) { return trace.Parse(text) }, o)
}

func read(open func() (io.ReadCloser, error), asTrace func() (*trace.Log, error), o Options) (*trace.Log, *Report, error) {
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	if o.Away <= 0 {
		o.Away = 30 * time.Minute
	}
	file, err := open()
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	text, err := trace.Text(file)
	if err != nil {
		return nil, nil, err
	}
	t, err := newTable(text, o.Format)
	if err != nil {
		return nil, nil, err
	}
	if t.format == nil {
		log, err := asTrace()
		return log, nil, err
	}
	zone := o.Zone
	if t.format.utc {
		zone = time.UTC
	}
	t.stamps = &stamps{zone: zone, order: o.DayFirst}
	if t.stamps.order == "" && len(t.format.stamps) > 0 {
		if err := learnOrder(open, o.Format, t.stamps); err != nil {
			return nil, nil, err
		}
	}
	b := newBook(t.format, &o)
	if err := t.format.read(t, b); err != nil {
		return nil, nil, err
	}
	return b.log()
}

// learnOrder reads the stamps of the file to see whether the day or the month comes
// first in them.
func learnOrder(open func() (io.ReadCloser, error), format string, s *stamps) error {
	file, err := open()
	if err != nil {
		return err
	}
	defer file.Close()
	text, err := trace.Text(file)
	if err != nil {
		return err
	}
	t, err := newTable(text, format)
	if err != nil {
		return err
	}
	return t.rows(func(row *row) error {
		for _, c := range t.format.stamps {
			if reason := s.learn(row.get(c)); reason != "" {
				return row.error(reason)
			}
		}
		return nil
	})
}

// detect returns the format whose needed columns are all there, nil for a trace.
func detect(header []string, name string) (*format, error) {
	if name == TraceFormat || name == "" && slices.Contains(header, "at_ms") {
		return nil, nil
	}
	for _, f := range formats {
		if name != "" && f.name != name || f.needed == nil { // queue_log has no header
			continue
		}
		missing := ""
		for _, c := range f.needed {
			if !slices.Contains(header, c) {
				missing = c
				break
			}
		}
		switch {
		case missing == "":
			return f, nil
		case name != "":
			return nil, &trace.RowError{Line: 1, Reason: fmt.Sprintf("there is no column %q; %s needs %s", missing, f.desk, quoted(f.needed))}
		}
	}
	if name != "" {
		return nil, fmt.Errorf("format %q: there are %s", name, strings.Join(Formats(), ", "))
	}
	return nil, &trace.RowError{Line: 1, Reason: "the columns are those of no export that is known; --format says which it is meant to be"}
}

func quoted(names []string) string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = fmt.Sprintf("%q", n)
	}
	return strings.Join(all, ", ")
}
