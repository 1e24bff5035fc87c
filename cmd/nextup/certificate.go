package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nextup/internal/sitefile"
)

// certificate is what the public port shows, read anew when its files change. Handshakes
// that have begun and sockets that are open keep the one that they have seen.
type certificate struct {
	certFile, keyFile string
	current           atomic.Pointer[tls.Certificate]
	// taken is what was last put in force or refused, read what the last look found.
	taken, read sitefile.Sources
}

// newCertificate reads the files, or returns nil if none are given.
func newCertificate(certFile, keyFile string) (*certificate, error) {
	switch {
	case certFile == "" && keyFile == "":
		return nil, nil
	case certFile == "" || keyFile == "":
		return nil, errors.New("--tls-cert and --tls-key: give both")
	}
	c := &certificate{certFile: certFile, keyFile: keyFile}
	return c, c.load()
}

// load reads the files and puts them in force, or returns why not; then the ones of before
// stay in force. One that has run out is better than none: a gateway that does not start
// serves no client at all, and reads the renewed one as soon as it is there.
func (c *certificate) load() error {
	c.taken = sitefile.Sources{c.certFile: {}, c.keyFile: {}}.Look()
	c.read = c.taken
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("--tls-cert %s --tls-key %s: %w", c.certFile, c.keyFile, err)
	}
	if pair.Leaf == nil {
		return errors.New("--tls-cert: the file has no certificate")
	}
	if now := time.Now(); now.After(pair.Leaf.NotAfter) && c.current.Load() != nil && !c.overdue(now) {
		return fmt.Errorf("--tls-cert %s: it ran out on %s", c.certFile, pair.Leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	c.current.Store(&pair)
	return nil
}

// changed reports whether the files hold something new, the same in two looks in a row:
// one may have been written while the other was not yet.
func (c *certificate) changed() bool {
	now := c.taken.Look()
	if maps.Equal(now, c.read) && !maps.Equal(now, c.taken) {
		return true
	}
	c.read = now
	return false
}

// config is the server's. Sockets are opened by HTTP/1.1, so nothing else is offered.
func (c *certificate) config() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.current.Load(), nil },
	}
}

// overdue reports whether the certificate in force has run out.
func (c *certificate) overdue(now time.Time) bool { return now.After(c.leaf().NotAfter) }

// leaf is the certificate in force.
func (c *certificate) leaf() *x509.Certificate { return c.current.Load().Leaf }

// measure registers until when the certificate is valid, so that one that is not renewed is
// seen in time.
func (c *certificate) measure(r *prometheus.Registry) {
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "nextup", Name: "tls_certificate_expires_seconds", Help: "When the certificate of the public port runs out, in Unix seconds; 0 without one.",
	}, func() float64 {
		if c == nil {
			return 0
		}
		return float64(c.leaf().NotAfter.Unix())
	}))
}

// handshakes takes what the HTTP server says: strangers who fail at a handshake are no
// warning.
type handshakes struct{ log *slog.Logger }

// Write implements io.Writer.
func (h handshakes) Write(line []byte) (int, error) {
	said := strings.TrimSpace(string(line))
	if strings.HasPrefix(said, "http: TLS handshake error") {
		h.log.Debug("a TLS handshake has failed", "said", said)
		return len(line), nil
	}
	h.log.Warn("the HTTP server has something to say", "said", said)
	return len(line), nil
}
