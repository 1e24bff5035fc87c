// Package outbound makes HTTP requests to addresses that come from a site file,
// a setting or a person.
//
// Such an address may be wrong or hostile: it can name the cloud's metadata
// service, a database on the loopback interface, or a host whose DNS answers
// change from one look to the next. So the guard looks at the address that a
// connection is really made to, after DNS resolution, and refuses all that is not
// public unless the operator has named the network. It follows no redirect, uses
// no proxy from the environment (a proxy would resolve names out of the guard's
// sight), and bounds the size of an answer and the time of a call. Plain http
// goes only to networks that the operator has named.
//
// The addresses that an operator gives for the gateway's own parts (Redis, SQL,
// SMTP, a scanner, tracing) are trusted and go without it. All other packages
// must call here: lint and internal/arch refuse an http.Client elsewhere.
//
//	client := outbound.New(outbound.Policy{Allow: site.AllowNetworks, Timeout: 5 * time.Second, MaxBytes: 1 << 20})
//	defer client.Close()
//	res, err := client.Do(req)
package outbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// ErrRefused is wrapped by every error of an address that the guard refuses. The
// error names the network and what the operator can do.
var ErrRefused = errors.New("outbound: refused")

// Policy says where a client may go and how much it may take.
type Policy struct {
	// Allow are networks that are not public and may be called all the same, also
	// by plain http.
	Allow []netip.Prefix
	// Timeout bounds a whole call, the reading of the answer included; required.
	Timeout time.Duration
	// MaxBytes bounds the body of an answer, after decompression; required.
	MaxBytes int64
}

// maxHeaderBytes bounds the header of an answer.
const maxHeaderBytes = 64 << 10

// Client keeps to a policy. It is safe for many goroutines.
type Client struct{ http http.Client }

// New returns a client that keeps to the policy. Close must be called.
func New(p Policy) *Client {
	return &Client{http.Client{
		Timeout:       p.Timeout,
		Transport:     &guard{https: transport(p, false), http: transport(p, true), most: p.MaxBytes},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Do is http.Client.Do. An answer that leads elsewhere is returned as it is, and the
// reading of one that is too large or takes too long fails.
func (c *Client) Do(r *http.Request) (*http.Response, error) { return c.http.Do(r) }

// Close ends the connections that the client keeps for further calls.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// transport dials addresses that the policy lets through; plain ones must be
// named.
func transport(p Policy, plain bool) *http.Transport {
	dialer := &net.Dialer{
		Timeout: p.Timeout,
		// It is called with each address that a connection is about to be made to, so
		// an answer of DNS that changes between two looks changes nothing.
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("%w: %q is no address", ErrRefused, address)
			}
			return p.permits(to.Addr(), plain)
		},
	}
	return &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: p.Timeout, ForceAttemptHTTP2: true,
		MaxResponseHeaderBytes: maxHeaderBytes, MaxIdleConns: 4, MaxConnsPerHost: 16, IdleConnTimeout: 30 * time.Second,
	}
}

// guard chooses the transport by the scheme and bounds what is read.
type guard struct {
	https, http *http.Transport
	most        int64
}

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(r *http.Request) (*http.Response, error) {
	next := g.https
	if r.URL.Scheme == "http" {
		next = g.http
	}
	res, err := next.RoundTrip(r)
	if err == nil {
		res.Body = bounded{http.MaxBytesReader(nil, res.Body, g.most)}
	}
	return res, err
}

// bounded hides the other methods of a body.
type bounded struct{ io.ReadCloser }

// CloseIdleConnections is called by http.Client.CloseIdleConnections.
func (g *guard) CloseIdleConnections() {
	g.https.CloseIdleConnections()
	g.http.CloseIdleConnections()
}

// permits says why no connection may be made to the address.
func (p Policy) permits(a netip.Addr, plain bool) error {
	a = a.Unmap()
	for _, n := range p.Allow {
		if n.Contains(a.WithZone("")) {
			return nil
		}
	}
	network, kind := special(a)
	switch {
	case kind != "":
		return fmt.Errorf("%w: %s is %s (%s); if it is meant, name the network in allow_networks of the site file", ErrRefused, a, kind, network)
	case plain:
		return fmt.Errorf("%w: plain http goes only to networks that allow_networks of the site file names, and %s is in none: use https", ErrRefused, a)
	default:
		return nil
	}
}

// Check says what is wrong with an address before any name is looked up: the
// scheme, a password, or a host that is an address which may not be called. The
// guard looks again when a connection is made.
func (p Policy) Check(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("%w: want an https address of a host, without a user and a password", ErrRefused)
	}
	host := strings.TrimSuffix(u.Hostname(), ".")
	plain := u.Scheme == "http"
	if a, err := netip.ParseAddr(host); err == nil {
		return p.permits(a, plain)
	}
	if strings.EqualFold(host, "localhost") || strings.HasSuffix(strings.ToLower(host), ".localhost") {
		four, six := p.permits(netip.AddrFrom4([4]byte{127, 0, 0, 1}), plain), p.permits(netip.IPv6Loopback(), plain)
		if four != nil && six != nil {
			return four
		}
		return nil
	}
	if plain && len(p.Allow) == 0 {
		return fmt.Errorf("%w: plain http goes only to networks that allow_networks of the site file names: use https", ErrRefused)
	}
	return nil
}

// CheckNames resolves the host of an address as a call would, and returns an
// error if not one of its addresses may be called, or the name has none. It is
// for people who check a site file; a call is guarded in any case.
func (p Policy) CheckNames(ctx context.Context, address string) error {
	if err := p.Check(address); err != nil {
		return err
	}
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", u.Hostname())
	if err != nil {
		return err
	}
	for _, a := range found {
		if err = p.permits(a, u.Scheme == "http"); err == nil {
			return nil
		}
	}
	return err
}
