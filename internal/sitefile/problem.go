package sitefile

import (
	"fmt"
	"strings"
)

// maxProblems bounds the problems that are reported for one file.
const maxProblems = 100

// Problem is one thing that is wrong with a site file.
type Problem struct {
	// Line is counted from 1; 0 means the file as a whole.
	Line int
	// Path names the field, such as sites[0].departments[1].languages[0]; empty
	// means the file as a whole.
	Path string
	// Message tells the value that was found and what is allowed.
	Message string
}

// String returns the problem on one line.
func (p Problem) String() string {
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", p.Line)
	}
	if p.Path != "" {
		b.WriteString(p.Path + ": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// Invalid is the error of a site file that has problems.
type Invalid struct {
	// File is its path; empty if it was not read from one.
	File string
	// Problems are in the order in which they were found, at least one and at
	// most 100.
	Problems []Problem
	// More is the number of further problems.
	More int
	// Sources are the texts that it was read from.
	Sources Sources
}

// Error lists all problems, one on a line.
func (e *Invalid) Error() string {
	name := e.File
	if name == "" {
		name = "site file"
	}
	lines := make([]string, 0, len(e.Problems)+1)
	for _, p := range e.Problems {
		lines = append(lines, name+": "+p.String())
	}
	if e.More > 0 {
		lines = append(lines, fmt.Sprintf("%s: and %d more problems", name, e.More))
	}
	return strings.Join(lines, "\n")
}

func (e *Invalid) add(p Problem) {
	if len(e.Problems) == maxProblems {
		e.More++
		return
	}
	e.Problems = append(e.Problems, p)
}
