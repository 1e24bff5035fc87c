// Package setup is what a fault is done with: a proxy in front of Redis that
// delays, cuts and swallows, hosts in network namespaces that can be parted, and a
// site whose times are short. Everything listens on the loopback or inside its own
// namespace and ends with the test.
package setup

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// Proxy stands between gateways and one Redis server. It does one fault at a
// time; Heal ends it.
type Proxy struct {
	t     testing.TB
	proxy *toxiproxy.Proxy
}

// StartProxy puts a proxy before the server at host:port until the test ends.
func StartProxy(t testing.TB, upstream string) *Proxy {
	t.Helper()
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	p := &Proxy{t: t, proxy: toxiproxy.NewProxy(server, "redis", "127.0.0.1:0", upstream)}
	if err := p.proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.proxy.Stop)
	return p
}

// Addr is where the proxy listens; it stays the same after a cut.
func (p *Proxy) Addr() string { return p.proxy.Listen }

// URL is redis://host:port of the proxy.
func (p *Proxy) URL() string { return "redis://" + p.Addr() }

// Delay holds back every reply for d.
func (p *Proxy) Delay(d time.Duration) {
	p.add("latency", "downstream", fmt.Sprintf(`{"latency":%d}`, d.Milliseconds()))
}

// SwallowReplies lets commands through, which take effect, and drops what Redis
// answers. The connections stay open until Heal, which closes them.
func (p *Proxy) SwallowReplies() { p.add("timeout", "downstream", `{"timeout":0}`) }

// HalfOpen drops everything both ways: the connections look alive. Heal closes
// them.
func (p *Proxy) HalfOpen() {
	p.add("timeout", "downstream", `{"timeout":0}`)
	p.add("timeout", "upstream", `{"timeout":0}`)
}

func (p *Proxy) add(kind, stream, attributes string) {
	p.t.Helper()
	toxic := fmt.Sprintf(`{"type":%q,"stream":%q,"attributes":%s}`, kind, stream, attributes)
	if _, err := p.proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
		p.t.Errorf("the proxy does not take %s: %v", toxic, err)
	}
}

// Cut closes all connections and takes no new ones.
func (p *Proxy) Cut() { p.proxy.Stop() }

// Heal ends whatever fault there is. The library takes a fault away only between
// two pieces of what a connection carries; where one stands still in the middle of
// a piece, the connections are closed.
func (p *Proxy) Heal() {
	p.t.Helper()
	healed := make(chan struct{})
	go func() {
		defer close(healed)
		p.proxy.Toxics.ResetToxics(context.Background())
	}()
	select {
	case <-healed:
	case <-time.After(5 * time.Second):
		p.proxy.Stop()
		<-healed
	}
	if !p.proxy.Enabled {
		if err := p.proxy.Start(); err != nil {
			p.t.Errorf("the proxy does not listen again: %v", err)
		}
	}
}
