package gateway

import (
	"net/http"
	"path"
	"strings"
)

// pages serves the client's files: the gateway's own pages with a policy that
// lets nothing else run, and the widget to the pages of others.
func pages(files http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'")
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
// the rest for as long as an update may take to reach everybody.
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
