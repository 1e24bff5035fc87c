// Package clientjs carries the built browser pages inside the Go binary.
//
// The pages and the widget are built by Vite into dist and are not committed;
// placeholders are, so that go build works on a fresh checkout and its binary
// can still say what is missing.
package clientjs

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed all:dist
var dist embed.FS

// What stands for every page, and for the widget, where nothing is built.
const (
	placeholder       = "PLACEHOLDER.html"
	placeholderWidget = "PLACEHOLDER.js"
)

// Assets returns the files to serve at the root of the gateway, by name, and reports
// whether they are the built pages. When not, every page is the placeholder, which
// says how to build them. Beside a file stands what it is in brotli (.br) and gzip (.gz).
func Assets() (files map[string][]byte, built bool) {
	files = map[string][]byte{}
	err := fs.WalkDir(dist, "dist", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[strings.TrimPrefix(path, "dist/")], err = dist.ReadFile(path)
		return err
	})
	if err != nil {
		panic(err) // every file that is listed is in the binary
	}
	return files, complete(files)
}

// complete takes the placeholders away, and puts them under the names of the pages and
// the widget where these are not built; it reports whether they are.
func complete(files map[string][]byte) bool {
	_, built := files["visitor.html"]
	if !built {
		for _, page := range []string{"index.html", "visitor.html", "desk.html"} {
			files[page] = files[placeholder]
		}
		files["widget.js"] = files[placeholderWidget]
	}
	delete(files, placeholder)
	delete(files, placeholderWidget)
	return built
}
