package main

import (
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// envPrefix begins the variable of each flag: --lame-duck is NEXTUP_LAME_DUCK.
const envPrefix = "NEXTUP"

// variables are the names of all that the flags of a command read.
type variables []string

// unsetEmpty takes the variables away that are empty: in Compose, systemd and charts an
// empty value is one that was not given.
func unsetEmpty() {
	for _, entry := range os.Environ() {
		if name, value, _ := strings.Cut(entry, "="); value == "" && strings.HasPrefix(name, envPrefix+"_") {
			_ = os.Unsetenv(name) // its name is no mistake
		}
	}
}

// variablesOf lists the variables of a command and those below it.
func variablesOf(n *kong.Node) (all variables) {
	for _, f := range n.Flags {
		all = append(all, f.Envs...)
	}
	for _, child := range n.Children {
		all = append(all, variablesOf(child)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// warn logs the variables of the environment that look like settings and are none, and
// which setting each may stand for. Those that the site file reads are settings too.
func (known variables) warn(log *slog.Logger, environment, ofSites []string) {
	for _, entry := range environment {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, envPrefix+"_") || slices.Contains(known, name) || slices.Contains(ofSites, name) {
			continue
		}
		if near := known.nearest(name); near != "" {
			log.Warn("an environment variable is no setting and does nothing", "variable", name, "nearest", near)
			continue
		}
		log.Warn("an environment variable is no setting and does nothing", "variable", name)
	}
}

// warnOfArguments logs that the password of Redis can be read by every user of the machine.
func warnOfArguments(log *slog.Logger, arguments []string, redis string) {
	u, err := url.Parse(redis)
	if err != nil || u.User == nil {
		return
	}
	if password, _ := u.User.Password(); password != "" && slices.ContainsFunc(arguments, func(a string) bool { return strings.Contains(a, redis) }) {
		log.Warn("the password of Redis is among the arguments, which every user of this machine can read: give the address as NEXTUP_REDIS")
	}
}

// nearest returns the setting that a name is most like, "" if it is like none: of what
// follows the prefix, which all share, at most every third letter differs.
func (known variables) nearest(name string) (near string) {
	best := len(strings.TrimPrefix(name, envPrefix+"_"))/3 + 1
	for _, k := range known {
		if d := distance(name, k); d < best {
			near, best = k, d
		}
	}
	return near
}

// distance is how many letters have to be changed, added or left out to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
