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
		most = max(most, s.Options().Limits.ConnsPerAddress)
	}
	return most
}

// StrangersPerAddress is how many connections one address may have of which nothing else
// is known: a quarter of PerAddress.
func (g *Gate) StrangersPerAddress() int { return g.PerAddress() / strangersShare }

// Address is where a request comes from, as limits count it: the peer, or, if that is
// a trusted proxy, the last address in X-Forwarded-For that is not one; where that
// header is missing, in Forwarded (RFC 7239). It is the zero Addr, which no limit counts, for a trusted proxy that does not name the client, and
// for a peer without an IP address.
func (g *Gate) Address(r *http.Request) netip.Addr {
	addr := addressOf(r.RemoteAddr)
	hops := hopsOf(r.Header)
	for i := len(hops) - 1; i >= 0 && g.trusted(addr); i-- {
		hop := addressOf(hops[i])
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

// hopsOf returns what proxies say of where a request came from, the nearest last.
func hopsOf(h http.Header) []string {
	said := h.Values("X-Forwarded-For")
	forwarded := len(said) == 0
	if forwarded {
		said = h.Values("Forwarded")
	}
	var hops []string
	for _, hop := range splitOutsideQuotes(strings.Join(said, ","), ',') {
		if forwarded {
			hop = forOf(hop)
		} else if hop == "" {
			continue // lists may have empty elements
		}
		hops = append(hops, hop)
	}
	return hops
}

// forOf returns the node that an element of Forwarded names, "" where it names none.
func forOf(element string) string {
	for _, pair := range splitOutsideQuotes(element, ';') {
		if name, node, _ := strings.Cut(pair, "="); strings.EqualFold(name, "for") {
			return strings.Trim(node, `"`) // no address has a quoted pair
		}
	}
	return ""
}

// splitOutsideQuotes splits a header at a separator, and trims the parts.
func splitOutsideQuotes(text string, separator rune) []string {
	quoted, escaped := false, false
	var parts []string
	from := 0
	for i, r := range text {
		switch {
		case escaped:
			escaped = false
		case quoted && r == '\\':
			escaped = true
		case r == '"':
			quoted = !quoted
		case r == separator && !quoted:
			parts = append(parts, strings.TrimSpace(text[from:i]))
			from = i + 1
		}
	}
	return append(parts, strings.TrimSpace(text[from:]))
}

// addressOf reads an address with or without a port.
func addressOf(text string) netip.Addr {
	if host, _, err := net.SplitHostPort(text); err == nil {
		text = host
	}
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if colon := strings.LastIndexByte(text, ':'); err != nil && colon > 0 {
		addr, _ = netip.ParseAddr(text[:colon]) // IPv6 with a port and no brackets
	}
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
