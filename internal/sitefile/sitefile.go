// Package sitefile reads the site file: the YAML in which an operator describes
// the sites that a gateway serves.
//
// The file is read strictly. A field that is not known is a problem, and so is a
// value out of its range; every problem names the field by its path, the value
// that stands there, what is allowed, and the line, and all of them are reported
// at once. What a caller gets has every default filled in, so nobody else knows
// what the defaults are.
//
// Secrets are read here (from the file, another file or the environment) and are
// never shown: not in a problem, not by printing a Site. Because a secret can be
// pasted into the wrong field, a problem inside a key shows a value only if it
// is shorter than any usable secret.
//
// YAML anchors, aliases and tags are refused: they make a file hard to review,
// and nothing here is long enough to need them.
package sitefile

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"time"

	"nextup/queue"
)

// MaxBytes is the largest site file that is read.
const MaxBytes = 1 << 20

// File is a whole site file.
type File struct {
	// Sites holds at least one site; their ids differ.
	Sites []Site
	// Sources are the texts that it was read from.
	Sources Sources
}

// Site is one tenant: its rules, and beside them what only the edge needs.
type Site struct {
	// Rules are what the domain needs. The id is a slug: lower-case letters, digits
	// and inner hyphens, 1 to 63 bytes. Departments, topics, urgencies, tiers and
	// times are complete; Planned are the agents with shifts.
	Rules *queue.Site
	// Origins are the values of a browser's Origin header that may connect, such
	// as https://shop.example, or "*" for all; empty means the gateway's own host.
	Origins []string
	// Languages are the site's BCP 47 tags in canonical form, at least one.
	Languages []string
	// Agents says what agents may do.
	Agents Agents
	// Heartbeat is how often clients must say that they are there.
	Heartbeat Heartbeat
	// Limits bound what people may take of a gateway.
	Limits Limits
	// MaxTokenLife is how far off the end of a token may be, 1 min to 366 days.
	MaxTokenLife time.Duration
	// AllowNetworks are networks that are not public and that the site's addresses
	// (a key set's) may be in all the same.
	AllowNetworks []netip.Prefix
	// Keys verify the site's tokens, at least one; their ids differ.
	Keys []Key
}

// ID is the site's id.
func (s *Site) ID() string { return s.Rules.ID }

// Agents says what agents may do: departments, skills (sorted), a tier from 1
// (first line) to 3 (engineer), a capacity from 1 to 50. Languages are a subset of
// the site's with a proficiency from 1 to 5; nil means those of the agent's token,
// each with 5.
type Agents struct {
	// Defaults is what holds for an agent who is not in Known.
	Defaults queue.AgentFacts
	// Known is what holds for single agents, by the sub of their token. What the
	// file leaves out for one of them is filled in from Defaults.
	Known map[string]queue.AgentFacts
}

// Of returns what holds for the agent with that sub.
func (a Agents) Of(sub string) queue.AgentFacts {
	if known, ok := a.Known[sub]; ok {
		return known
	}
	return a.Defaults
}

// Heartbeat is the time between two heartbeats of a client, 1 s to 5 min each,
// in whole seconds.
type Heartbeat struct{ Visitor, Agent time.Duration }

// Limits bound what people may take of a gateway.
type Limits struct {
	// FramesPerSecond is how many frames a second one conn may send for ever, 1 to
	// 1,000; Burst is how many may come at once, 1 to 10,000.
	FramesPerSecond, Burst int
	// BytesPerSecond and ByteBurst bound the same in bytes, 1 KiB to 16 MiB; a
	// burst holds at least the largest frame, 64 KiB.
	BytesPerSecond, ByteBurst int
	// OutgoingBuffer is how many bytes may wait to be read by a slow client, 64
	// KiB (the largest frame) to 16 MiB.
	OutgoingBuffer int
	// ConnsPerPerson, ConnsPerAddress and Conns bound the conns on one gateway: of
	// one visitor or agent, from one address, and of the site; 1 to 1,000,000.
	ConnsPerPerson, ConnsPerAddress, Conns int
}

// Digest names what the file says of the site, its secrets left out: two
// gateways whose files say the same have the same.
func (s Site) Digest() string {
	keys := s.Keys
	s.Keys = nil
	words := []any{s}
	for _, k := range keys {
		words = append(words, k.ID, k.Algorithm, k.Roles, k.JWKSURL)
	}
	data, err := json.Marshal(words)
	if err != nil {
		panic(err) // plain data cannot fail
	}
	sum := sha256.Sum256(data)
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// Sources tell apart what was read, by the path of each file: the site file's and
// those of the secrets and keys that it names. They are compared with maps.Equal.
type Sources map[string][sha256.Size]byte

// Look returns what stands in the same files now.
func (s Sources) Look() Sources {
	now := Sources{}
	for path := range s {
		data, err := readRegular(path, MaxBytes)
		now.note(path, data, err)
	}
	return now
}

// note remembers what was read; a file that cannot be read has a sum of its own.
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
	file.Sources = r.sources
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
