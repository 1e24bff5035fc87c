package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"nextup/gateway/auth"
)

type verifyCmd struct {
	SiteFile string `help:"Site file with the keys; by default the demo's." placeholder:"FILE"`
	File     string `arg:"" optional:"" help:"File that holds the token; by default stdin." placeholder:"FILE"`
}

// Help is shown by --help below the summary.
func (verifyCmd) Help() string {
	return `Reads one token, from a file or from stdin, and names each claim and check of it: what was
found, why it is refused, and what to do. It uses the keys that a gateway would, and
fetches key sets as a gateway would. Exits with 1 if a gateway would refuse the token.
The token itself is never printed, and never taken as an argument: those stay in the
shell's history and in the list of processes.

Example:

    nextup token verify --site-file site.yaml token.txt
    pbpaste | nextup token verify --site-file site.yaml`
}

// maxTokenFile bounds what is read: a token, and the text that people paste around it.
const maxTokenFile = 64 << 10

// Run implements the command.
func (c *verifyCmd) Run(out io.Writer) error { return c.verify(out, os.Stdin, time.Now()) }

func (c *verifyCmd) verify(out io.Writer, in io.Reader, now time.Time) error {
	token, err := c.read(in)
	if err != nil {
		return err
	}
	file, err := loadSites(c.SiteFile)
	if err != nil {
		return err
	}
	var keys []auth.Key
	for _, s := range file.Sites {
		k, err := Keys(s)
		if err != nil {
			return err
		}
		keys = append(keys, k...)
	}
	verifier, err := auth.New(keys, auth.Options{Logger: slog.New(slog.NewTextHandler(out, nil))})
	if err != nil {
		return err
	}
	defer verifier.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	findings, taken := verifier.Explain(ctx, token, now)
	marks := map[auth.Result]string{auth.Passed: "ok", auth.Refused: "REFUSED", auth.Noted: "note", auth.Skipped: "-"}
	for _, f := range findings {
		fmt.Fprintf(out, "%-8s %-15s %s\n", marks[f.Result], f.Check, f.Text)
		if f.Advice != "" {
			fmt.Fprintf(out, "%24s %s\n", "", f.Advice)
		}
	}
	if !taken {
		return errors.New("a gateway refuses this token")
	}
	fmt.Fprintln(out, "a gateway takes this token")
	return nil
}

// read returns the token without the text that people paste around it.
func (c *verifyCmd) read(in io.Reader) (string, error) {
	if strings.HasPrefix(c.File, "ey") && strings.Count(c.File, ".") == 2 {
		return "", errors.New("a token on the command line stays in the shell's history: give a file that holds it, or write it to stdin")
	}
	if c.File != "" && c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return "", err
		}
		defer f.Close()
		in = f
	}
	data, err := io.ReadAll(io.LimitReader(in, maxTokenFile+1))
	if err != nil {
		return "", err
	}
	if len(data) > maxTokenFile {
		return "", fmt.Errorf("more than %d bytes: this is no token", maxTokenFile)
	}
	token := strings.Trim(strings.TrimSpace(string(data)), "\"'")
	if token = strings.TrimSpace(strings.TrimPrefix(token, "Bearer ")); token == "" {
		return "", errors.New("there is nothing to read: give a file that holds the token, or write it to stdin")
	}
	return token, nil
}
