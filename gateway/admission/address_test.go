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

func TestWhatBalancersSayOfTheClientIsRead(t *testing.T) {
	t.Parallel()
	g := &Gate{proxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}
	for _, tt := range []struct {
		name   string
		header http.Header
		want   string
	}{
		{"a port", http.Header{"X-Forwarded-For": {"203.0.113.7:41234"}}, "203.0.113.7"},
		{"tabs and empty elements", http.Header{"X-Forwarded-For": {"203.0.113.7\t,, 10.0.0.2 ,"}}, "203.0.113.7"},
		{"IPv6 without brackets, and the port of it", http.Header{"X-Forwarded-For": {"2001:db8::7:41234"}}, "2001:db8::"},
		{"a hidden client", http.Header{"X-Forwarded-For": {"unknown"}}, "invalid IP"},
		{"Forwarded", http.Header{"Forwarded": {"for=203.0.113.7"}}, "203.0.113.7"},
		{"Forwarded with more", http.Header{"Forwarded": {`proto=https;host=chat.example;For=203.0.113.7;by=10.0.0.1`}}, "203.0.113.7"},
		{"Forwarded with a port", http.Header{"Forwarded": {`for="203.0.113.7:41234"`}}, "203.0.113.7"},
		{"Forwarded, IPv6", http.Header{"Forwarded": {`for="[2001:db8::7]"`}}, "2001:db8::"},
		{"Forwarded, IPv6 with a port", http.Header{"Forwarded": {`For="[2001:db8::7]:4711"; proto=http`}}, "2001:db8::"},
		{"Forwarded by many", http.Header{"Forwarded": {`for=1.1.1.1, for=203.0.113.7`, `for="[fd00::2]", for=10.0.0.2`}}, "203.0.113.7"},
		{"Forwarded with a comma in quotes", http.Header{"Forwarded": {`for=203.0.113.7;host="a,for=1.1.1.1;\",for=1.1.1.1"`}}, "203.0.113.7"},
		{"Forwarded by a proxy that hides itself", http.Header{"Forwarded": {"for=203.0.113.7, for=_hidden"}}, "invalid IP"},
		{"Forwarded for an unknown client", http.Header{"Forwarded": {"for=unknown"}}, "invalid IP"},
		{"Forwarded that names no client", http.Header{"Forwarded": {"for=203.0.113.7, proto=https"}}, "invalid IP"},
		{"both: what a stranger wrote into the other changes nothing", http.Header{"X-Forwarded-For": {"203.0.113.7"}, "Forwarded": {"for=1.1.1.1"}}, "203.0.113.7"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := g.Address(&http.Request{RemoteAddr: "10.0.0.1:1234", Header: tt.header}).String(); got != tt.want {
				t.Errorf("address = %s, want %s", got, tt.want)
			}
		})
	}
}
