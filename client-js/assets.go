// Package clientjs carries the built browser pages inside the Go binary.
//
// The pages and the widget are built by Vite into dist and are not committed;
// placeholders are, so that go build works on a fresh checkout and its binary
// can still say what is missing.
package clientjs

import (
	"embed"
	"io/fs"
	"path"
)

//go:embed all:dist
var dist embed.FS

// What stands for every page, and for the widget, where nothing is built.
const (
	placeholder       = "PLACEHOLDER.html"
	placeholderWidget = "PLACEHOLDER.js"
)

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

// unbuilt shows the placeholders under the names of the pages and the widget.
type unbuilt struct{ fs.FS }

// Open implements fs.FS.
func (u unbuilt) Open(name string) (fs.File, error) {
	switch {
	case path.Ext(name) == ".html":
		name = placeholder
	case name == "widget.js":
		name = placeholderWidget
	}
	return u.FS.Open(name)
}
