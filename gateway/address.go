package gateway

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// address is where a request comes from, as limits count it: the peer, or, if that is
// a trusted proxy, the last address in X-Forwarded-For that is not one. It is the
// zero Addr, which no limit counts, for a trusted proxy that does not say for whom
// it asks, and for a peer without an IP address.
func (g *Gateway) address(r *http.Request) netip.Addr {
	addr := addressOf(r.RemoteAddr)
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && g.trusted(addr); i-- {
		hop := addressOf(strings.TrimSpace(hops[i]))
		if !hop.IsValid() {
			break
		}
		addr = hop
	}
	if g.trusted(addr) {
		return netip.Addr{}
	}
	return counted(addr)
}

// addressOf reads an address with or without a port.
func addressOf(text string) netip.Addr {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	addr, _ := netip.ParseAddr(strings.Trim(text, "[]"))
	return addr.Unmap().WithZone("")
}

// counted is the address under which limits count: of IPv6 the first 64 bits, since
// whoever has one address of such a network has them all.
func counted(addr netip.Addr) netip.Addr {
	if addr.Is6() {
		return netip.PrefixFrom(addr, 64).Masked().Addr()
	}
	return addr
}

func (g *Gateway) trusted(a netip.Addr) bool {
	for _, p := range g.options.TrustedProxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
