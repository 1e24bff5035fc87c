package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"

	"nextup/test/logtest"
)

// issue writes a certificate of that serial number for the loopback, and its key.
func issue(t *testing.T, certFile, keyFile string, serial int64, life time.Duration) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "chat"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(life), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	rewrite(t, certFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate})))
	rewrite(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
}

// serial is that of the certificate that a new connection is shown.
func serial(t *testing.T, url string) int64 {
	t.Helper()
	conn, err := tls.Dial("tcp", strings.TrimPrefix(url, "https://"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
}

// A renewed certificate is shown to those who come, no open connection is cut, and a
// broken one changes nothing.
func TestARenewedCertificateIsShownWithoutARestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	issue(t, certFile, keyFile, 1, 24*time.Hour)
	g := serve(t, "--site-file", siteFile(t, reloadable), "--tls-cert", certFile, "--tls-key", keyFile)
	if !strings.HasPrefix(g.url, "https://") {
		t.Fatalf("it listens on %s", g.url)
	}
	anyone := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	res, err := anyone.Get(g.url + "/readyz")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("/readyz: %v %v", res, err)
	}
	_ = res.Body.Close()
	socket, _, err := websocket.Dial(t.Context(), socketURL(g.url), &websocket.DialOptions{HTTPClient: anyone, Subprotocols: []string{"nextup.v1"}})
	if err != nil {
		t.Fatalf("a socket over TLS: %v", err)
	}
	defer func() { _ = socket.CloseNow() }()

	issue(t, certFile, keyFile, 2, 24*time.Hour)
	g.logs("the certificate is in force") // by looking
	if n := serial(t, g.url); n != 2 {
		t.Errorf("new connections are shown certificate %d, want the second", n)
	}
	rewrite(t, keyFile, "nothing")
	g.signal(syscall.SIGHUP)
	g.logs("the certificate was refused", "stays in force")
	if n := serial(t, g.url); n != 2 {
		t.Errorf("after a broken one it is %d, want the second", n)
	}
	issue(t, certFile, keyFile, 3, 24*time.Hour)
	g.signal(syscall.SIGHUP)
	g.logs("the certificate is in force")
	if n := serial(t, g.url); n != 3 {
		t.Errorf("after SIGHUP it is %d, want the third", n)
	}
	if err := socket.Write(t.Context(), websocket.MessageText, []byte("nonsense")); err != nil {
		t.Errorf("the socket that was there: %v", err)
	}
	if _, _, err := socket.Read(t.Context()); err != nil && websocket.CloseStatus(err) == -1 {
		t.Errorf("the socket that was there was cut: %v", err)
	}
}

func TestACertificateThatIsNoneIsRefusedAtTheStart(t *testing.T) {
	dir := t.TempDir()
	certFile, keyFile, other, otherKey := filepath.Join(dir, "a.crt"), filepath.Join(dir, "a.key"), filepath.Join(dir, "b.crt"), filepath.Join(dir, "b.key")
	issue(t, certFile, keyFile, 1, time.Hour)
	issue(t, other, otherKey, 2, time.Hour)
	for name, row := range map[string]struct{ cert, key, want string }{
		"without a key":        {certFile, "", "give both"},
		"without a file":       {certFile, filepath.Join(dir, "nothing"), "no such file"},
		"the key of another":   {certFile, otherKey, "private key does not match"},
		"a key instead of one": {keyFile, keyFile, "--tls-cert"},
	} {
		if _, err := newCertificate(row.cert, row.key); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", name, err, row.want)
		}
	}
	if c, err := newCertificate("", ""); c != nil || err != nil {
		t.Errorf("none at all: %v %v", c, err)
	}
}

// A gateway that is started anew after its certificate ran out serves all who come some other
// way, says what is wrong and takes the renewed one; a valid one is not given up for one that
// has run out.
func TestACertificateThatHasRunOutKeepsNoGatewayFromStarting(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	issue(t, certFile, keyFile, 1, -time.Hour)
	g := serve(t, "--site-file", siteFile(t, reloadable), "--tls-cert", certFile, "--tls-key", keyFile)
	g.logs("the certificate has run out")
	if n := serial(t, g.url); n != 1 {
		t.Errorf("certificate %d is shown, want the one that has run out", n)
	}
	issue(t, certFile, keyFile, 2, time.Hour)
	g.signal(syscall.SIGHUP)
	g.logs("the certificate is in force")
	issue(t, certFile, keyFile, 3, -time.Hour)
	g.signal(syscall.SIGHUP)
	g.logs("the certificate was refused", "it ran out on")
	if n := serial(t, g.url); n != 2 {
		t.Errorf("certificate %d is shown, want the second", n)
	}
}

// A stranger who fails at a handshake does not fill the log.
func TestAFailedHandshakeIsNoWarning(t *testing.T) {
	t.Parallel()
	logs := &logtest.Buffer{}
	h := handshakes{slog.New(slog.NewTextHandler(logs, nil))}
	for _, line := range []string{"http: TLS handshake error from 203.0.113.7:1: EOF\n", "http: panic serving 203.0.113.7:1: oh\n"} {
		if _, err := io.WriteString(h, line); err != nil {
			t.Fatal(err)
		}
	}
	if got := logs.String(); strings.Contains(got, "handshake") || !strings.Contains(got, "panic serving") {
		t.Errorf("the log has %q", got)
	}
}
