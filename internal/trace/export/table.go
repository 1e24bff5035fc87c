package export

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"nextup/internal/trace"
)

// table is an export under way: its format, and its rows by the names of the columns.
type table struct {
	format *format
	stamps *stamps

	header []string // lower case; nil where the format has none
	csv    *csv.Reader
	lines  *bufio.Scanner // in place of csv: of a format without quotes
	last   int
}

// row is one row; it is valid until the next.
type row struct {
	table  *table
	line   int
	fields []string
}

const (
	// maxHeader bounds the text in which the separator is looked for.
	maxHeader = 1 << 15
	// maxLine bounds a line of a format without quotes.
	maxLine = 1 << 20
)

// newTable reads the header and finds the format; table.format is nil for a trace.
func newTable(text *bufio.Reader, name string) (*table, error) {
	head, _ := text.Peek(maxHeader)
	first, _, _ := strings.Cut(string(head), "\n")
	t := &table{csv: csv.NewReader(text)}
	t.csv.FieldsPerRecord = -1
	t.csv.ReuseRecord = true
	if t.csv.Comma = separator(first); name == asterisk.name || name == "" && t.csv.Comma == '|' {
		t.lines, t.format = bufio.NewScanner(text), &asterisk // the names of callers have single quotes
		t.lines.Buffer(nil, maxLine)
		return t, nil
	}
	fields, err := t.csv.Read()
	switch {
	case errors.Is(err, io.EOF):
		return nil, &trace.RowError{Line: 1, Reason: "there is no row"}
	case err != nil:
		return nil, t.broken(err)
	}
	for _, f := range fields {
		t.header = append(t.header, strings.ToLower(strings.TrimSpace(f)))
	}
	if name == "" && len(fields) == 7 && isDigits(fields[0]) {
		return t, nil // a trace without a header
	}
	t.format, err = detect(t.header, name)
	if err != nil || t.format == nil {
		return t, err
	}
	for i, c := range t.header {
		if slices.Contains(t.format.needed, c) && slices.Index(t.header, c) < i {
			return nil, &trace.RowError{Line: 1, Reason: fmt.Sprintf("column %q stands there twice", c)}
		}
	}
	return t, nil
}

// separator returns what stands between the fields of a header: spreadsheets of some
// languages write semicolons.
func separator(header string) rune {
	best, most := ',', 0
	for _, c := range []rune{',', ';', '\t', '|'} {
		if n := strings.Count(header, string(c)); n > most {
			best, most = c, n
		}
	}
	return best
}

// rows calls each for every row; it passes over empty ones, and over headers that are
// there again since files were joined.
func (t *table) rows(each func(*row) error) error {
	for {
		fields, err := t.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return t.broken(err)
		}
		r := row{t, t.last, fields}
		if len(fields) == 1 && strings.TrimSpace(fields[0]) == "" || t.isHeader(fields) {
			continue
		}
		if t.header != nil && len(fields) != len(t.header) {
			return r.error(fmt.Sprintf("%d columns, want %d", len(fields), len(t.header)))
		}
		if err := each(&r); err != nil {
			return err
		}
	}
}

// next returns the fields of the next row.
func (t *table) next() ([]string, error) {
	if t.lines == nil {
		fields, err := t.csv.Read()
		if err == nil {
			t.last, _ = t.csv.FieldPos(0)
		}
		return fields, err
	}
	if !t.lines.Scan() {
		return nil, cmp.Or(t.lines.Err(), io.EOF)
	}
	t.last++
	return strings.Split(strings.TrimSuffix(t.lines.Text(), "\r"), "|"), nil
}

func (t *table) isHeader(fields []string) bool {
	return t.header != nil && slices.EqualFunc(fields, t.header, func(f, h string) bool { return strings.EqualFold(strings.TrimSpace(f), h) })
}

// broken returns the error of a row that is no CSV, or cannot be read.
func (t *table) broken(err error) error {
	if bad := (*csv.ParseError)(nil); errors.As(err, &bad) {
		return &trace.RowError{Line: bad.Line, Reason: bad.Err.Error()}
	}
	return &trace.RowError{Line: t.last + 1, Reason: "cannot be read: " + err.Error()}
}

func (r *row) error(reason string) error { return &trace.RowError{Line: r.line, Reason: reason} }

// get returns the field of a column without the spaces around it, "" where there is none.
func (r *row) get(column string) string {
	if i := slices.Index(r.table.header, column); i >= 0 {
		if v := strings.TrimSpace(r.fields[i]); !isNull(v) {
			return v
		}
	}
	return ""
}

// first returns the first field of the columns that is not empty.
func (r *row) first(columns ...string) string {
	for _, c := range columns {
		if v := r.get(c); v != "" {
			return v
		}
	}
	return ""
}

// isNull reports whether databases write this for nothing.
func isNull(v string) bool { return v == `\N` || strings.EqualFold(v, "null") || v == "-" }

// stamp returns the time of a column in milliseconds since 1970, 0 for an empty one.
func (r *row) stamp(column string) (int64, error) {
	text := r.get(column)
	if text == "" {
		return 0, nil
	}
	at, reason := r.table.stamps.parse(text)
	if reason != "" {
		return 0, r.error(fmt.Sprintf("column %q: %s", column, reason))
	}
	return at, nil
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}
