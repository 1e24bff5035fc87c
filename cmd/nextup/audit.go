package main

import (
	"errors"
	"log/slog"
	"os"
	"sync"
)

// auditFile is the file to which the audit log is appended. It may be moved away:
// after reopen, lines go to a new file of that name.
type auditFile struct {
	path string
	log  *slog.Logger // takes lines about failed writes
	mu   sync.Mutex
	file *os.File
}

func openAudit(path string, log *slog.Logger) (*auditFile, error) {
	a := &auditFile{path: path, log: log}
	return a, a.reopen()
}

// logger returns a logger that writes JSON, one line for each audit event.
func (a *auditFile) logger() *slog.Logger { return slog.New(slog.NewJSONHandler(a, nil)) }

// reopen continues in the file that has the name now.
func (a *auditFile) reopen() error {
	file, err := os.OpenFile(a.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	old := a.file
	a.file = file
	if old != nil {
		return old.Close()
	}
	return nil
}

// Write implements io.Writer.
func (a *auditFile) Write(line []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	n, err := a.file.Write(line)
	if err != nil { // slog would drop the error
		a.log.Error("the audit log cannot be written", "file", a.path, "err", err)
	}
	return n, err
}

// Close ends the file.
func (a *auditFile) Close() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.file == nil {
		return errors.New("the audit log is not open")
	}
	return a.file.Close()
}
