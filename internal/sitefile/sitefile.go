// Package sitefile reads the site file: the YAML in which an operator describes
// the sites that a gateway serves.
//
//	file, err := sitefile.Load("site.yaml")
//	var invalid *sitefile.Invalid
//	if errors.As(err, &invalid) {
//		fmt.Println(invalid) // every problem, with its line
//	}
//	rules := file.Sites[0].Rules // a queue.Site, complete
//
// The file is read strictly. An unknown field is a problem, and so is a value out of
// its range. Every problem names the field by its path, the value found, what is
// allowed, and the line, and all of them are reported at once. The result has every
// default filled in, so no other package knows the defaults.
//
// Secrets are read here (from the file, another file or the environment) and are
// never shown: not in a problem, not by printing a Site. Because a secret can be
// pasted into the wrong field, a problem inside a key shows a value only if it
// is shorter than any usable secret.
//
// YAML anchors, aliases and tags are refused: they make a file hard to review, and
// no site file is long enough to need them.
package sitefile

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"nextup/internal/limits"
	"nextup/queue"
)

// MaxBytes is the largest site file that is read.
const MaxBytes = 1 << 20

// File is a whole site file.
type File struct {
	// Sites holds at least one site; their ids differ.
	Sites []Site
	// Sources identify the texts that it was read from.
	Sources Sources
	// Variables are the environment variables that it names.
	Variables []string
}

// Site is one tenant: its rules, and beside them what only the gateway needs.
type Site struct {
	// Rules are what the domain needs. The id is a slug: lower-case letters, digits
	// and inner hyphens, 1 to 63 bytes. Departments, topics, urgencies, tiers and
	// times are complete; Planned are the agents with shifts.
	Rules *queue.Site
	// Origins are the pages that may connect, as internal/origin reads them; empty
	// means those of the gateway's own host alone.
	Origins []string
	// Languages are the site's BCP 47 tags in canonical form, at least one.
	Languages []string
	// Agents are what agents may do.
	Agents Agents
	// Heartbeat is how often clients must send a heartbeat.
	Heartbeat Heartbeat
	// Limits bound what visitors and agents may use of a gateway.
	Limits limits.Limits
	// MaxTokenLife bounds how far in the future a token may expire, 1 min to 366 days.
	MaxTokenLife time.Duration
	// AllowNetworks are networks that are not public and that the site's addresses
	// (a key set's) may be in all the same.
	AllowNetworks []netip.Prefix
	// Keys verify the site's tokens, at least one; their ids differ.
	Keys []Key
	// Digest names what the file says of the site, its secrets left out: two gateways
	// whose files say the same have the same. What the file leaves out is no part of it,
	// so gateways of two releases, of which one knows more settings, agree.
	Digest string
}

// ID returns the site's id.
func (s *Site) ID() string { return s.Rules.ID }

// Agents are what agents may do: departments, skills (sorted), a tier from 1
// (first line) to 3 (engineer), a capacity from 1 to 50. Languages are a subset of
// the site's with a proficiency from 1 to 5; nil means those of the agent's token,
// each with 5.
type Agents struct {
	// Defaults apply to an agent who is not in Known.
	Defaults queue.AgentFacts
	// Known are single agents, by the sub of their token. Fields that the file leaves
	// out are filled in from Defaults.
	Known map[string]queue.AgentFacts
}

// Of returns the facts of the agent with that sub.
func (a Agents) Of(sub string) queue.AgentFacts {
	if known, ok := a.Known[sub]; ok {
		return known
	}
	return a.Defaults
}

// Heartbeat is the time between two heartbeats of a client, 1 s to 5 min each,
// in whole seconds.
type Heartbeat struct{ Visitor, Agent time.Duration }

// Sources are the digests of what was read, by the path of each file: the site file,
// and the files with secrets and keys that it names. Compare them with maps.Equal.
type Sources map[string][sha256.Size]byte

// Look reads the same files again and returns their digests now.
func (s Sources) Look() Sources {
	now := Sources{}
	for path := range s {
		data, err := readRegular(path, MaxBytes)
		now.note(path, data, err)
	}
	return now
}

// note adds a digest; a file that cannot be read has a digest of its own.
func (s Sources) note(path string, data []byte, err error) {
	if err != nil {
		data = []byte("unreadable: " + err.Error())
	}
	s[path] = sha256.Sum256(data)
}

// Load reads and validates the site file at path. It returns *Invalid if the
// file can be read but has problems.
func Load(path string) (*File, error) {
	data, err := readRegular(path, MaxBytes)
	if err != nil {
		return nil, fmt.Errorf("site file %s: %w", path, err)
	}
	file, err := Parse(data, filepath.Dir(path))
	var invalid *Invalid
	if errors.As(err, &invalid) {
		invalid.File = path
		invalid.Sources.note(path, data, nil)
		return nil, err
	}
	file.Sources.note(path, data, nil)
	return file, nil
}

// Parse validates the text of a site file; relative paths in it are resolved
// against dir. Its error is always *Invalid.
func Parse(data []byte, dir string) (*File, error) {
	r := &reader{dir: dir, sources: Sources{}}
	file := r.file(data)
	if r.invalid != nil {
		r.invalid.Sources = r.sources
		return nil, r.invalid
	}
	file.Sources, file.Variables = r.sources, r.variables
	return file, nil
}

// readRegular reads a file of at most limit bytes. It refuses devices and pipes,
// which might never end. Its errors leave the path out: it may be a secret that
// was pasted into the wrong field.
func readRegular(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, withoutPath(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, withoutPath(err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("larger than %d bytes", limit)
	}
	return data, nil
}

func withoutPath(err error) error {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
