// Package clientjs carries the built browser pages inside the Go binary.
//
// The pages are built by Vite into dist and are not committed; one placeholder
// is, so that go build works on a fresh checkout and its binary can still say
// what is missing.
package clientjs

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Assets returns the files to serve at the root of the gateway and says whether
// they are the built pages. When not, the only file is PLACEHOLDER.html, which
// says how to build them.
func Assets() (fs.FS, bool) {
	root, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // "dist" is a valid path
	}
	_, err = fs.Stat(root, "visitor.html")
	return root, err == nil
}
