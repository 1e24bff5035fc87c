package admin

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// Header is what each request has to carry beside those of a monitoring system, with any
// value. A browser lets a page send it only after it has asked the port, which refuses.
const Header = "Nextup-Admin"

// forwarded are headers that a proxy adds.
var forwarded = []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"}

// guarded refuses requests of other machines, through a proxy that says so, of pages in a
// browser of this machine, and without the token.
func (p *port) guarded(handler http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(Header, "1") // so that a command can tell this port from another
		if why, status := p.refused(r); why != "" {
			p.turnedAway.Log(p.Log, "the admin port turned a request away", "from", r.RemoteAddr, "path", r.URL.Path, "why", why)
			http.Error(w, why, status)
			return
		}
		handler.ServeHTTP(w, r)
	})
}

// refused returns why a request is not answered and with which status, "" if it is.
func (p *port) refused(r *http.Request) (string, int) {
	here, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if here == nil || !loopback(here.String()) || !loopback(r.RemoteAddr) || !loopbackName(r.Host) {
		return "this is answered on the loopback alone: use a shell on the machine, docker exec or kubectl port-forward", http.StatusForbidden
	}
	for _, name := range forwarded {
		if r.Header.Get(name) != "" {
			return "this is not answered through a proxy", http.StatusForbidden
		}
	}
	if r.Header.Get("Origin") != "" || r.Header.Get(Header) == "" {
		return "this is not for pages: send the header " + Header + ": 1", http.StatusForbidden
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if p.Token != "" && subtle.ConstantTimeCompare([]byte(token), []byte(p.Token)) == 0 {
		return "this port asks for a token: --admin-token-file", http.StatusUnauthorized
	}
	return "", 0
}

func loopback(address string) bool {
	at, err := netip.ParseAddrPort(address)
	return err == nil && at.Addr().Unmap().IsLoopback()
}

// loopbackName reports whether a Host header names the loopback itself.
func loopbackName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
