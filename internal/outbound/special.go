package outbound

import "net/netip"

// network is a part of the address space that is not public.
type network struct {
	netip.Prefix
	kind string
}

// The special-purpose registries of IANA (RFC 6890 and later). Of IPv6 only
// 2000::/3 is public at all, so what lies outside it needs no line of its own
// unless its name helps.
var networks = []network{
	{netip.MustParsePrefix("0.0.0.0/8"), "this host"},
	{netip.MustParsePrefix("10.0.0.0/8"), "private"},
	{netip.MustParsePrefix("100.64.0.0/10"), "shared by a carrier (CGNAT)"},
	{netip.MustParsePrefix("127.0.0.0/8"), "loopback"},
	{netip.MustParsePrefix("169.254.0.0/16"), "link-local"},
	{netip.MustParsePrefix("172.16.0.0/12"), "private"},
	{netip.MustParsePrefix("192.0.0.0/24"), "reserved"},
	{netip.MustParsePrefix("192.0.2.0/24"), "for documentation"},
	{netip.MustParsePrefix("192.88.99.0/24"), "6to4"},
	{netip.MustParsePrefix("192.168.0.0/16"), "private"},
	{netip.MustParsePrefix("198.18.0.0/15"), "for benchmarks"},
	{netip.MustParsePrefix("198.51.100.0/24"), "for documentation"},
	{netip.MustParsePrefix("203.0.113.0/24"), "for documentation"},
	{netip.MustParsePrefix("224.0.0.0/4"), "multicast"},
	{netip.MustParsePrefix("240.0.0.0/4"), "reserved"},
	{netip.MustParsePrefix("::1/128"), "loopback"},
	{netip.MustParsePrefix("::/128"), "this host"},
	{netip.MustParsePrefix("64:ff9b::/96"), "a form of an IPv4 address (NAT64)"},
	{netip.MustParsePrefix("64:ff9b:1::/48"), "a form of an IPv4 address (NAT64)"},
	{netip.MustParsePrefix("2001::/32"), "a form of an IPv4 address (Teredo)"},
	{netip.MustParsePrefix("2001::/23"), "reserved"},
	{netip.MustParsePrefix("2001:db8::/32"), "for documentation"},
	{netip.MustParsePrefix("2002::/16"), "a form of an IPv4 address (6to4)"},
	{netip.MustParsePrefix("3fff::/20"), "for documentation"},
	{netip.MustParsePrefix("fc00::/7"), "private"},
	{netip.MustParsePrefix("fe80::/10"), "link-local"},
	{netip.MustParsePrefix("fec0::/10"), "site-local"},
	{netip.MustParsePrefix("ff00::/8"), "multicast"},
}

var (
	public6 = netip.MustParsePrefix("2000::/3")
	all6    = netip.MustParsePrefix("::/0")
)

// special returns the network of an address that is not public and what the
// network is; for a public one the kind is empty. Forms of IPv6 that carry an
// IPv4 address are refused whole: what is behind a translator cannot be known.
// Only the mapped form (::ffff:a.b.c.d) must be unmapped before, since the
// system dials it as IPv4.
func special(a netip.Addr) (netip.Prefix, string) {
	bare := a.WithZone("")
	for _, n := range networks {
		if n.Contains(bare) {
			return n.Prefix, n.kind
		}
	}
	if bare.Is6() && (!public6.Contains(bare) || a.Zone() != "") {
		return all6, "not public"
	}
	return netip.Prefix{}, ""
}
