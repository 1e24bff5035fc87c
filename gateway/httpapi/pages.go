package httpapi

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"mime"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const (
	// pagesPolicy lets nothing run but what the gateway serves.
	pagesPolicy = "default-src 'self'; script-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'"
	// deskPolicy is stricter: no style of its own either, and no text that could
	// become markup.
	deskPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self' ws: wss:; " +
		"frame-ancestors 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)

// inline finds the scripts that stand in a page itself.
var inline = regexp.MustCompile(`(?s)<script>(.*?)</script>`)

// codings are the content codings that the build writes beside a file, with the end of
// their names. Of two that a client likes as much, the first is sent.
var codings = []struct{ name, suffix string }{{"br", ".br"}, {"gzip", ".gz"}}

// types are the content types by the end of a name. The system's own table may differ
// from one machine to another, and with nosniff a script of a wrong type does not run.
var types = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".svg":  "image/svg+xml",
	".tgz":  "application/gzip",
}

// servePages adds the client's files at their names, the agent desk at /desk, and its
// old address, which leads there.
func servePages(mux *http.ServeMux, files map[string][]byte) {
	served := newPages(files)
	mux.Handle("GET /", served)
	mux.Handle("GET /desk", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.serve(w, r, "desk.html")
	}))
	mux.HandleFunc("GET /agent.html", func(w http.ResponseWriter, r *http.Request) {
		to := url.URL{Path: "desk", RawQuery: r.URL.RawQuery} // relative, for a gateway below a path of its host
		w.Header().Set("Location", to.String())
		w.WriteHeader(http.StatusMovedPermanently)
	})
}

// pages are the client's files by name. It implements http.Handler.
type pages map[string]*page

// page is one file in every form in which it can be sent.
type page struct {
	contentType string
	policy      string
	plain       representation
	coded       []representation // in the order of codings
}

// representation is a file in one content coding, or as it is.
type representation struct {
	coding string
	body   []byte
	etag   string
}

func newPages(files map[string][]byte) pages {
	served := pages{}
	for name, body := range files {
		contentType, known := types[path.Ext(name)]
		if !known {
			continue // another form of a file, or nothing that a page needs
		}
		p := &page{contentType: contentType, policy: policyOf(name, body), plain: represent("", body)}
		for _, c := range codings {
			if coded, found := files[name+c.suffix]; found {
				p.coded = append(p.coded, represent(c.name, coded))
			}
		}
		served[name] = p
	}
	return served
}

// represent names a body by its digest, so that all gateways of a version agree.
func represent(coding string, body []byte) representation {
	digest := sha256.Sum256(body)
	return representation{coding, body, `"` + base64.RawURLEncoding.EncodeToString(digest[:12]) + `"`}
}

// ServeHTTP implements http.Handler.
func (s pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.serve(w, r, cmp.Or(strings.TrimPrefix(r.URL.Path, "/"), "index.html"))
}

// serve answers with a file: the gateway's own pages with a policy that lets nothing
// else run, and the widget to the pages of others. The widget is no page, and the fewer
// headers it has the sooner it is there.
func (s pages) serve(w http.ResponseWriter, r *http.Request, name string) {
	p, found := s[name]
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	if isWidget(name) {
		// Modules are fetched with CORS. There is nothing secret in them, and a
		// site's origins are checked where there is: at the socket and the queues.
		h.Set("Access-Control-Allow-Origin", "*")
		if name == "widget.js" { // the one that is no module
			h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		}
	} else {
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Content-Security-Policy", pagesPolicy)
		if found {
			h.Set("Content-Security-Policy", p.policy)
		}
	}
	if !found {
		h.Set("Cache-Control", "no-store") // a gateway of another version may have it
		http.NotFound(w, r)
		return
	}
	h.Set("Cache-Control", cacheControl(name))
	h.Set("Content-Type", p.contentType)
	if len(p.coded) > 0 {
		h.Set("Vary", "Accept-Encoding")
	}
	sent := p.choose(r)
	if sent.coding != "" {
		h.Set("Content-Encoding", sent.coding)
		h.Set("Content-Length", strconv.Itoa(len(sent.body)))
	}
	if !isImmutable(name) {
		h.Set("Etag", sent.etag)
	} else if sent.coding != "" { // has no validator and no parts, so nothing needs to be said of them
		_, _ = w.Write(sent.body)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(sent.body))
}

// choose returns the representation that the client likes most. A part of a file is
// always one of the plain file, since a part of a coded one cannot be decoded.
func (p *page) choose(r *http.Request) representation {
	if r.Header.Get("Range") != "" {
		return p.plain
	}
	q := qualities(r.Header.Values("Accept-Encoding"))
	best, most := p.plain, q["identity"]
	for i := len(p.coded) - 1; i >= 0; i-- {
		c := p.coded[i]
		liked, named := q[c.coding]
		if !named {
			liked = q["*"]
		}
		if liked > 0 && liked >= most {
			best, most = c, liked
		}
	}
	return best
}

// qualities returns how much a client likes each content coding that it names, from 0,
// which refuses it, to 1.
func qualities(accept []string) map[string]float64 {
	q := map[string]float64{}
	for item := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		coding, params, err := mime.ParseMediaType(item)
		if err != nil {
			continue
		}
		liked, err := strconv.ParseFloat(cmp.Or(params["q"], "1"), 64)
		if err != nil {
			continue
		}
		q[strings.TrimPrefix(coding, "x-")] = liked
	}
	return q
}

// policyOf returns the content policy of a page, which lets the scripts in the page itself
// run by their digests.
func policyOf(name string, body []byte) string {
	policy := pagesPolicy
	if name == "desk.html" {
		policy = deskPolicy
	}
	for _, script := range inline.FindAllSubmatch(body, -1) {
		digest := sha256.Sum256(script[1])
		allowed := "script-src 'sha256-" + base64.StdEncoding.EncodeToString(digest[:]) + "'"
		policy = strings.Replace(policy, "script-src", allowed, 1)
	}
	return policy
}

func isWidget(name string) bool {
	return name == "widget.js" || strings.HasPrefix(name, "widget/")
}

// isImmutable reports whether a file carries a digest of itself in its name.
func isImmutable(name string) bool {
	dir := path.Dir(name)
	return dir == "widget" || dir == "assets"
}

// cacheControl keeps what is immutable for ever, and the rest for as long as an update
// may take to reach all clients.
func cacheControl(name string) string {
	switch {
	case isImmutable(name):
		return "max-age=31536000, immutable"
	case isWidget(name):
		return "max-age=300"
	default:
		return "no-cache"
	}
}
