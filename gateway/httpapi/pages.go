package httpapi

import (
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
)

const (
	// pagesPolicy lets nothing run but what the gateway serves.
	pagesPolicy = "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'"
	// deskPolicy is stricter: no style of its own either, and no text that could
	// become markup.
	deskPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self' ws: wss:; " +
		"frame-ancestors 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)

// servePages adds the client's pages: the files at their names, the agent desk at
// /desk, and its old address, which leads there.
func servePages(mux *http.ServeMux, files fs.FS) {
	mux.Handle("GET /", pages(http.FileServerFS(unlisted{files})))
	desk := pages(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", deskPolicy)
		http.ServeFileFS(w, r, files, "desk.html")
	}))
	mux.Handle("GET /desk", desk)
	mux.Handle("GET /desk.html", desk)
	mux.HandleFunc("GET /agent.html", func(w http.ResponseWriter, r *http.Request) {
		to := url.URL{Path: "desk", RawQuery: r.URL.RawQuery} // relative, for a gateway below a path of its host
		w.Header().Set("Location", to.String())
		w.WriteHeader(http.StatusMovedPermanently)
	})
}

// unlisted are files of which no folder is shown: a folder without a page of its own
// is not there.
type unlisted struct{ fs.FS }

// Open implements fs.FS.
func (u unlisted) Open(name string) (fs.File, error) {
	f, err := u.FS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		_, err = fs.Stat(u.FS, path.Join(name, "index.html"))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// pages serves the client's files: the gateway's own pages with a policy that
// lets nothing else run, and the widget to the pages of others.
func pages(files http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagesPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", cacheControl(r.URL.Path))
		if isWidget(r.URL.Path) {
			// Modules are fetched with CORS. There is nothing secret in them, and a
			// site's origins are checked where there is: at the socket and the queues.
			h.Set("Access-Control-Allow-Origin", "*")
			h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		}
		files.ServeHTTP(w, r)
	})
}

func isWidget(file string) bool {
	return file == "/widget.js" || strings.HasPrefix(file, "/widget/")
}

// cacheControl keeps what carries a digest of itself in its name for ever, and
// the rest for as long as an update may take to reach all clients.
func cacheControl(file string) string {
	switch dir := path.Dir(file); {
	case dir == "/widget", dir == "/assets":
		return "public, max-age=31536000, immutable"
	case isWidget(file):
		return "public, max-age=300"
	default:
		return "no-cache"
	}
}
