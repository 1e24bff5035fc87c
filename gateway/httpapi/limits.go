package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"nextup/gateway/admission"
	"nextup/gateway/auth"
	"nextup/gateway/protocol"
)

// How much of a gateway a client may take of which only the address is known: as many
// requests of a kind at once as the most generous site gives one address sockets, and all
// of them again each 10 s. Pages are asked for more often, and metrics by few.
const (
	refill        = 10 * time.Second
	pagesTimes    = 4
	scrapesAtOnce = 200
	// framesTimes is how many frames may be posted for each conn that an address may have.
	framesTimes = 10
	// What a token may ask for, wherever it comes from.
	tokenAtOnce, tokenInterval = 100, 50 * time.Millisecond
	// How many HTTP conns that have nothing to do, of all addresses.
	maxIdleConns = 4_000
	// How many more there may be for each person on a stream, whose frames they bring: one
	// beats while another waits for an answer.
	connsOfKnown = 2
)

// kind is a kind of requests, bounded by itself: a client that floods one does not keep
// others of its address from the rest.
type kind struct {
	limit  string // its name in nextup_limited_total
	atOnce func() int
	taken  admission.Throttle[netip.Addr]
}

type kinds struct{ metrics, connects, frames, requests, pages kind }

func (k *kinds) init(perAddress func() int) {
	k.metrics.limit, k.metrics.atOnce = "metrics_per_address", func() int { return scrapesAtOnce }
	k.connects.limit, k.connects.atOnce = "connects_per_address", perAddress
	k.frames.limit, k.frames.atOnce = "frames_per_address", func() int { return framesTimes * perAddress() }
	k.requests.limit, k.requests.atOnce = "requests_per_address", perAddress
	k.pages.limit, k.pages.atOnce = "pages_per_address", func() int { return pagesTimes * perAddress() }
}

// of is what a request counts as, nil for what costs nothing.
func (k *kinds) of(r *http.Request) *kind {
	switch path := r.URL.Path; {
	case path == "/healthz" || path == "/readyz": // all who ask at the same time share it
		return nil
	case path == "/metrics":
		return &k.metrics
	case r.Method == http.MethodPost && strings.HasPrefix(path, "/v1/connect") && r.Header.Get(protocol.ConnHeader) != "":
		return &k.frames
	case strings.HasPrefix(path, "/v1/connect"):
		return &k.connects
	case strings.HasPrefix(path, "/v1/") || strings.HasPrefix(path, "/demo/"):
		return &k.requests
	default:
		return &k.pages
	}
}

// limitRequests refuses requests of an address that has made too many of the kind,
// before anything is looked up for them.
func (a *API) limitRequests(serve http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if k, from := a.kinds.of(r), a.gate.Address(r); k != nil && from.IsValid() {
			atOnce := k.atOnce()
			if later := k.taken.Take(from, 1, atOnce, refill/time.Duration(atOnce)); later > 0 {
				a.gate.Limited("", k.limit)
				a.allowOrigin(w, r)
				if r.ContentLength != 0 {
					w.Header().Set("Connection", "close") // the answer does not wait for the body
				}
				admission.WriteRefusal(w, admission.TooOftenError{Later: later})
				return
			}
		}
		serve.ServeHTTP(w, r)
	})
}

// mayAsk refuses a token that was used too often, wherever from.
func (a *API) mayAsk(id auth.Identity) error {
	if later := a.asking.Take(id.Site+"\x00"+string(id.Role)+"\x00"+id.Subject, 1, tokenAtOnce, tokenInterval); later > 0 {
		a.gate.Limited(id.Site, "requests_per_token")
		return admission.TooOftenError{Later: later}
	}
	return nil
}

// ConnState bounds the conns of the HTTP server that serves the gateway; it is for
// http.Server.ConnState. Those that have become sockets are counted as such.
func (a *API) ConnState(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		from := a.gate.PeerAddress(conn.RemoteAddr())
		known, _ := a.options.Known(from)
		if !a.conns.Enter(conn, from, a.gate.StrangersPerAddress()+connsOfKnown*known) {
			a.gate.Limited("", "http_conns_per_address")
			_ = conn.Close()
			return
		}
	case http.StateActive:
		a.conns.Stir(conn)
		return
	case http.StateIdle:
	case http.StateHijacked, http.StateClosed:
		a.conns.Leave(conn)
		return
	}
	a.conns.Wait(conn)
	_, known := a.options.Known(netip.Addr{})
	if oldest, yes := a.conns.TooMany(maxIdleConns + connsOfKnown*known); yes {
		a.gate.Limited("", "http_conns")
		_ = oldest.Close()
	}
}
