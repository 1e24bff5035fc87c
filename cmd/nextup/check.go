package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"nextup/internal/sitefile"
)

type checkCmd struct {
	File string `arg:"" help:"Site file to check."`
}

// Help is shown by --help below the summary.
func (checkCmd) Help() string {
	return `Reads the site file as a gateway would, with the keys that it names, and prints what
it describes, or every problem with its line. Exits with 1 if there is one.

Example:

    nextup check site.yaml`
}

// Run implements the command.
func (c *checkCmd) Run(out io.Writer) error {
	file, err := sitefile.Load(c.File)
	var invalid *sitefile.Invalid
	if errors.As(err, &invalid) {
		fmt.Fprintln(out, invalid)
		return fmt.Errorf("problems found: %d", len(invalid.Problems)+invalid.More)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s is valid; sites: %d\n", c.File, len(file.Sites))
	for _, s := range file.Sites {
		describe(out, s)
	}
	return nil
}

func describe(out io.Writer, s sitefile.Site) {
	queues := 0
	fmt.Fprintf(out, "\n%s\n", s.ID)
	for _, d := range s.Departments {
		queues += len(d.Languages)
		fmt.Fprintf(out, "  department %s: %s; at most %d waiting per queue, %s to accept an offer\n",
			d.ID, strings.Join(d.Languages, " "), d.QueueLimit, d.OfferTimeout)
	}
	fmt.Fprintf(out, "  queues: %d\n", queues)
	fmt.Fprintf(out, "  agents: capacity %d by default, %d known by name\n", s.Agents.Defaults.Capacity, len(s.Agents.Known))
	origins := "the gateway's own host"
	if len(s.Origins) > 0 {
		origins = strings.Join(s.Origins, " ")
	}
	fmt.Fprintf(out, "  origins: %s\n", origins)
	for _, k := range s.Keys {
		roles := make([]string, len(k.Roles))
		for i, r := range k.Roles {
			roles[i] = string(r)
		}
		fmt.Fprintf(out, "  key %s: %s, for %s\n", k.ID, k.Algorithm, strings.Join(roles, " "))
		if published(k) {
			fmt.Fprintf(out, "  WARNING: key %s has the demo's secret, which anybody can read\n", k.ID)
		}
	}
}

// published says whether the key has the secret of the demo site. People start
// from the demo's file, and may forget to change it.
func published(k sitefile.Key) bool {
	return len(k.Secret) > 0 && bytes.Contains(sitefile.Demo(), k.Secret)
}
