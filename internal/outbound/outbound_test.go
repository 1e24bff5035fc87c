package outbound_test

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"nextup/internal/outbound"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func networks(all ...string) (out []netip.Prefix) {
	for _, n := range all {
		out = append(out, netip.MustParsePrefix(n))
	}
	return out
}

func client(t *testing.T, allow ...string) *outbound.Client {
	c := outbound.New(outbound.Policy{Allow: networks(allow...), Timeout: 5 * time.Second, MaxBytes: 1000})
	t.Cleanup(c.Close)
	return c
}

func get(t *testing.T, c *outbound.Client, address string) (int, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := c.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, string(body), err
}

// No connection is tried to any of these: the refusal comes at the dial, so a
// name that resolves to one is refused alike.
func TestAnAddressThatIsNotPublicIsRefusedAtTheDial(t *testing.T) {
	t.Parallel()
	c := client(t)
	for host, kind := range map[string]string{
		"127.0.0.1": "loopback", "127.8.9.10": "loopback", "[::1]": "loopback", "localhost": "loopback",
		"0.0.0.0": "this host", "[::]": "this host", "10.1.2.3": "private", "172.31.255.1": "private", "192.168.0.1": "private",
		"100.64.0.1": "CGNAT", "100.127.255.255": "CGNAT", "169.254.169.254": "link-local", "[fe80::1]": "link-local",
		"[fd00::1]": "private", "[fec0::1]": "site-local", "224.0.0.1": "multicast", "[ff02::1]": "multicast",
		"255.255.255.255": "reserved", "240.0.0.1": "reserved", "192.0.0.8": "reserved", "198.18.0.1": "benchmarks",
		"192.0.2.1": "documentation", "198.51.100.1": "documentation", "203.0.113.9": "documentation", "[2001:db8::1]": "documentation",
		"[::ffff:127.0.0.1]": "loopback", "[::ffff:10.0.0.1]": "private", "[::ffff:a9fe:a9fe]": "link-local",
		"[::127.0.0.1]": "not public", "[64:ff9b::7f00:1]": "NAT64", "[64:ff9b::8.8.8.8]": "NAT64", "[64:ff9b:1::a00:1]": "NAT64",
		"[2002:7f00:1::]": "6to4", "[2002:a00:1::1]": "6to4", "192.88.99.1": "6to4", "[2001:0:7f00:1::]": "Teredo",
		"[100::1]": "not public", "[4000::1]": "not public", "[5f00::1]": "not public",
	} {
		t.Run(host, func(t *testing.T) {
			_, _, err := get(t, c, "https://"+host+":9/")
			if !errors.Is(err, outbound.ErrRefused) || !strings.Contains(err.Error(), kind) || !strings.Contains(err.Error(), "allow_networks") {
				t.Errorf("got %v, want a refusal with %q that says what to do", err, kind)
			}
		})
	}
}

func TestPublicAddressesPassTheGuard(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"https://8.8.8.8/", "https://1.1.1.1/", "https://172.32.0.1/", "https://100.128.0.1/", "https://[2606:4700::1111]/", "https://[2a00::1]/", "https://login.example/keys"} {
		if err := (outbound.Policy{}).Check(address); err != nil {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestANetworkThatTheSiteFileNamesIsCalled(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "keys") }))
	defer server.Close()
	if _, body, err := get(t, client(t, "127.0.0.0/8"), server.URL); err != nil || body != "keys" {
		t.Errorf("got %q, %v", body, err)
	}
	if _, _, err := get(t, client(t, "10.0.0.0/8", "::1/128"), server.URL); !errors.Is(err, outbound.ErrRefused) {
		t.Errorf("another network was named, and got %v", err)
	}
	// The mapped form of an address is the address.
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	if _, body, err := get(t, client(t, "127.0.0.1/32"), "http://[::ffff:127.0.0.1]:"+port); err != nil || body != "keys" {
		t.Errorf("the mapped form got %q, %v", body, err)
	}
}

func TestPlainHTTPGoesOnlyToNetworksThatAreNamed(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"http://8.8.8.8/": false, "http://login.example/": true, "http://10.1.2.3/": true, "https://10.1.2.3/": true, "https://8.8.8.8/": true,
		"http://localhost:8080/": false, "https://user:pass@login.example/": false, "ftp://login.example/": false, "https:///keys": false, "keys": false,
	} {
		if err := (outbound.Policy{Allow: networks("10.0.0.0/8")}).Check(address); (err == nil) != want {
			t.Errorf("%s: %v, want it taken: %v", address, err, want)
		}
	}
	if err := (outbound.Policy{}).Check("http://login.example/"); !errors.Is(err, outbound.ErrRefused) {
		t.Errorf("plain http with no network named: %v", err)
	}
}

func TestACallIsBounded(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/large", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, strings.Repeat("x", 1001)) })
	mux.HandleFunc("/bomb", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		_, _ = z.Write(make([]byte, 100_000))
		_ = z.Close()
	})
	mux.HandleFunc("/header", func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 100<<10)) })
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/hidden", http.StatusFound) })
	mux.HandleFunc("/hidden", func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "secret") })
	mux.HandleFunc("/slow", func(w http.ResponseWriter, _ *http.Request) {
		w.(http.Flusher).Flush() // the header comes, the body never ends
		<-hang
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	defer close(hang)
	for _, path := range []string{"/large", "/bomb", "/header"} {
		if _, _, err := get(t, client(t, "127.0.0.0/8"), server.URL+path); err == nil {
			t.Errorf("%s was read whole", path)
		}
	}
	if status, body, err := get(t, client(t, "127.0.0.0/8"), server.URL+"/away"); err != nil || status != http.StatusFound || strings.Contains(body, "secret") {
		t.Errorf("a redirect got %d, %q, %v; want it unfollowed", status, body, err)
	}
	c := outbound.New(outbound.Policy{Allow: networks("127.0.0.0/8"), Timeout: 50 * time.Millisecond, MaxBytes: 1000})
	defer c.Close()
	if _, _, err := get(t, c, server.URL+"/slow"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an answer without end got %v", err)
	}
}

func TestAProxyOfTheEnvironmentIsNotUsed(t *testing.T) {
	asked := false
	proxy := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer proxy.Close()
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	if _, _, err := get(t, client(t), "http://10.9.9.9/"); !errors.Is(err, outbound.ErrRefused) || asked {
		t.Errorf("got %v; the proxy was asked: %v", err, asked)
	}
}

func FuzzCheck(f *testing.F) {
	for _, s := range []string{"https://a.example/", "http://127.0.0.1:1/", "https://[fe80::1%25lo]/", "https://[::ffff:1.2.3.4]/", "://", "https://0x7f.1/"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, address string) {
		if err := (outbound.Policy{}).Check(address); err != nil && !errors.Is(err, outbound.ErrRefused) {
			t.Fatalf("%v is no refusal", err)
		}
	})
}
