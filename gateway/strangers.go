package gateway

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"nextup/gateway/auth"
)

// How much of a gateway those may take of whom it knows only the address. It follows
// from what the most generous site gives one address: as many requests of a kind at once,
// and all of them again each 10 s; a quarter as many strangers at a time, and as many
// HTTP conns. Pages are asked for more often, and metrics by few.
const (
	leastPerAddress = 100
	share           = 4
	refill          = 10 * time.Second
	pagesTimes      = 4
	scrapesAtOnce   = 200
	// What a token may ask for, wherever it comes from.
	tokenAtOnce, tokenInterval = 100, 50 * time.Millisecond
	// How many strangers, and HTTP conns that have nothing to do, of all addresses.
	maxStrangers = 16_000
	maxIdleConns = 4_000
)

// perAddress is how many sockets the most generous site gives one address, and not
// less than a few people there need.
func (g *Gateway) perAddress() int {
	most := leastPerAddress
	for _, s := range g.sites {
		most = max(most, s.file.Load().Limits.ConnsPerAddress)
	}
	return most
}

// limited counts what was refused before a site was known.
func (g *Gateway) limited(limit string) { g.metrics.limited.WithLabelValues("", limit).Inc() }

// greet takes a conn in among the strangers, unless its address has too many.
func (g *Gateway) greet(c *conn) error {
	if !g.strangers.enter(c, c.from, g.perAddress()/share) {
		g.limited("strangers_per_address")
		return tooOftenError{time.Second}
	}
	return nil
}

// awaitHello says that a stranger's socket is open. Of too many the one who has said
// nothing for longest is cut.
func (g *Gateway) awaitHello(c *conn) {
	g.strangers.wait(c)
	if oldest, yes := g.strangers.tooMany(maxStrangers); yes {
		g.limited("strangers")
		oldest.socket.Cut()
	}
}

// kinds of requests, each bounded by itself: whoever floods one does not keep others of
// their address from the rest.
type kind struct {
	limit  string // its name in nextup_limited_total
	atOnce func(g *Gateway) int
	taken  throttle[netip.Addr]
}

// kindOf is what a request counts as, nil for what costs nothing.
func (g *Gateway) kindOf(path string) *kind {
	switch {
	case path == "/healthz" || path == "/readyz": // which all who ask at the same time share
		return nil
	case path == "/metrics":
		return &g.kinds.metrics
	case strings.HasPrefix(path, "/v1/connect"):
		return &g.kinds.connects
	case strings.HasPrefix(path, "/v1/") || strings.HasPrefix(path, "/demo/"):
		return &g.kinds.requests
	default:
		return &g.kinds.pages
	}
}

type kinds struct{ metrics, connects, requests, pages kind }

func (k *kinds) name() {
	k.metrics.limit, k.metrics.atOnce = "metrics_per_address", func(*Gateway) int { return scrapesAtOnce }
	k.connects.limit, k.connects.atOnce = "connects_per_address", (*Gateway).perAddress
	k.requests.limit, k.requests.atOnce = "requests_per_address", (*Gateway).perAddress
	k.pages.limit, k.pages.atOnce = "pages_per_address", func(g *Gateway) int { return pagesTimes * g.perAddress() }
}

// limitRequests refuses requests of an address that has made too many of the kind,
// before anything is looked up for them.
func (g *Gateway) limitRequests(serve http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if k, from := g.kindOf(r.URL.Path), g.address(r); k != nil && from.IsValid() {
			atOnce := k.atOnce(g)
			if later := k.taken.take(from, atOnce, refill/time.Duration(atOnce)); later > 0 {
				g.limited(k.limit)
				g.allowOrigin(w, r)
				g.refuseHTTP(w, tooOftenError{later})
				return
			}
		}
		serve.ServeHTTP(w, r)
	})
}

// mayAsk refuses whoever has asked too often, wherever they asked from.
func (g *Gateway) mayAsk(id auth.Identity) error {
	if later := g.asking.take(id.Site+"\x00"+string(id.Role)+"\x00"+id.Subject, tokenAtOnce, tokenInterval); later > 0 {
		g.metrics.limited.WithLabelValues(id.Site, "requests_per_token").Inc()
		return tooOftenError{later}
	}
	return nil
}

var errTooOften = errors.New("gateway: too many requests")

// tooOftenError is errTooOften with the time after which a request may come again.
type tooOftenError struct{ later time.Duration }

// Error implements error.
func (e tooOftenError) Error() string { return errTooOften.Error() }

func (e tooOftenError) Unwrap() error { return errTooOften }

// ConnState bounds the conns of the HTTP server that serves the gateway; it is for
// http.Server.ConnState. Those that have become sockets are counted as such.
func (g *Gateway) ConnState(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		from := addressOf(conn.RemoteAddr().String())
		if g.trusted(from) {
			from = netip.Addr{}
		}
		if !g.httpConns.enter(conn, counted(from), g.perAddress()/share) {
			g.limited("http_conns_per_address")
			_ = conn.Close()
			return
		}
	case http.StateActive:
		g.httpConns.stir(conn)
		return
	case http.StateIdle:
	case http.StateHijacked, http.StateClosed:
		g.httpConns.leave(conn)
		return
	}
	g.httpConns.wait(conn)
	if oldest, yes := g.httpConns.tooMany(maxIdleConns); yes {
		g.limited("http_conns")
		_ = oldest.Close()
	}
}
