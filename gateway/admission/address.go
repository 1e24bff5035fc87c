package admission

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// How much of a gateway a client may take of which only the address is known follows from
// what the most generous site gives one address.
const (
	leastPerAddress = 100
	strangersShare  = 4
)

// PerAddress is how many sockets the most generous site gives one address, and not
// less than a few people there need.
func (g *Gate) PerAddress() int {
	most := leastPerAddress
	for _, s := range g.sites {
		most = max(most, s.File().Limits.ConnsPerAddress)
	}
	return most
}

// StrangersPerAddress is how many connections one address may have of which nothing else
// is known: a quarter of PerAddress.
func (g *Gate) StrangersPerAddress() int { return g.PerAddress() / strangersShare }

// Address is where a request comes from, as limits count it: the peer, or, if that is
// a trusted proxy, the last address in X-Forwarded-For that is not one. It is the
// zero Addr, which no limit counts, for a trusted proxy that does not name the client, and
// for a peer without an IP address.
func (g *Gate) Address(r *http.Request) netip.Addr {
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

// PeerAddress is where a connection comes from, as limits count it. It is the zero Addr for
// a trusted proxy.
func (g *Gate) PeerAddress(peer net.Addr) netip.Addr {
	addr := addressOf(peer.String())
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
// a client with one address of such a network has them all.
func counted(addr netip.Addr) netip.Addr {
	if addr.Is6() {
		return netip.PrefixFrom(addr, 64).Masked().Addr()
	}
	return addr
}

func (g *Gate) trusted(a netip.Addr) bool {
	for _, p := range g.proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
