package admission

import (
	"net/http"
	"net/netip"
	"testing"
)

func TestTheAddressIsThatOfTheLastStranger(t *testing.T) {
	g := &Gate{proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}
	tests := []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"a peer without a proxy", "203.0.113.7:1234", nil, "203.0.113.7"},
		{"a stranger's word is not believed", "203.0.113.7:1234", []string{"198.51.100.1"}, "203.0.113.7"},
		{"a trusted proxy's word is", "10.0.0.1:1234", []string{"198.51.100.1"}, "198.51.100.1"},
		{"of many hops the last that is no proxy", "10.0.0.1:1234", []string{"1.1.1.1, 198.51.100.1, 10.0.0.2"}, "198.51.100.1"},
		{"what the stranger added in front changes nothing", "10.0.0.1:1234", []string{"127.0.0.1", "198.51.100.1"}, "198.51.100.1"},
		{"a proxy that says nonsense is not counted", "10.0.0.1:1234", []string{"me"}, "invalid IP"},
		{"a proxy that says nothing is not counted", "10.0.0.1:1234", nil, "invalid IP"},
		{"only proxies", "10.0.0.1:1234", []string{"10.0.0.3"}, "invalid IP"},
		{"a proxy that is written as IPv6", "[::ffff:10.0.0.1]:1234", []string{"198.51.100.1"}, "198.51.100.1"},
		{"a hop with a port", "10.0.0.1:1234", []string{"198.51.100.1:5678"}, "198.51.100.1"},
		{"an IPv6 hop with a port", "10.0.0.1:1234", []string{"[2001:db8::7]:5678"}, "2001:db8::"},
		{"an IPv6 hop in brackets", "10.0.0.1:1234", []string{"[2001:db8::7]"}, "2001:db8::"},
		{"IPv6", "[fd00::1]:1234", []string{"2001:db8::7"}, "2001:db8::"},
		{"all addresses of an IPv6 network count as one", "[2001:db8::a:b:c:d]:1234", nil, "2001:db8::"},
		{"the next network is another", "[2001:db8:0:1::1]:1234", nil, "2001:db8:0:1::"},
		{"a zone makes no other address", "[fe80::1%eth0]:1234", nil, "fe80::"},
		{"a peer without an IP address is not counted", "@", nil, "invalid IP"},
		{"IPv4 in IPv6 is the same address", "[::ffff:203.0.113.7]:1234", nil, "203.0.113.7"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &http.Request{RemoteAddr: tt.peer, Header: http.Header{}}
			for _, f := range tt.forwarded {
				r.Header.Add("X-Forwarded-For", f)
			}
			if got := g.Address(r).String(); got != tt.want {
				t.Errorf("address = %s, want %s", got, tt.want)
			}
		})
	}
}
