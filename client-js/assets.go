// Package clientjs carries the built browser pages inside the Go binary.
//
// The pages are built by Vite into dist and are not committed; one placeholder
// is, so that go build works on a fresh checkout and its binary can still say
// what is missing.
package clientjs

import (
	"embed"
	"io/fs"
	"path"
)

//go:embed all:dist
var dist embed.FS

const placeholder = "PLACEHOLDER.html"

// Assets returns the files to serve at the root of the gateway and says whether
// they are the built pages. When not, every page is the placeholder, which says
// how to build them.
func Assets() (fs.FS, bool) {
	root, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // "dist" is a valid path
	}
	if _, err = fs.Stat(root, "visitor.html"); err != nil {
		return unbuilt{root}, false
	}
	return root, true
}

// unbuilt shows the placeholder under the name of every page.
type unbuilt struct{ fs.FS }

// Open implements fs.FS.
func (u unbuilt) Open(name string) (fs.File, error) {
	if path.Ext(name) == ".html" {
		name = placeholder
	}
	return u.FS.Open(name)
}
