package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"

	"nextup/internal/sitefile"
)

// Where serve listens if nothing else is said: on the first of these ports that is
// free.
const (
	defaultHost  = "127.0.0.1"
	defaultPort  = 8080
	defaultPorts = 100
)

// listen listens on an address that was asked for, or on the default one if it is
// empty. Then moved is the port of the default that was in use, else 0.
func listen(ctx context.Context, address string) (_ net.Listener, moved int, err error) {
	if address != "" {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err != nil {
			return nil, 0, explained(address, err)
		}
		return l, 0, nil
	}
	for port := defaultPort; port < defaultPort+defaultPorts; port++ {
		var l net.Listener
		if l, err = listenLocally(ctx, port); err == nil {
			if port > defaultPort {
				moved = defaultPort
			}
			return l, moved, nil
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			break
		}
	}
	return nil, 0, explained(fmt.Sprintf("%s:%d", defaultHost, defaultPort), err)
}

// listenLocally takes a port of this machine only if no other program has it for
// IPv6 either: a browser that is told "localhost" may try that first, and would
// show the other program.
func listenLocally(ctx context.Context, port int) (net.Listener, error) {
	other, err := new(net.ListenConfig).Listen(ctx, "tcp6", net.JoinHostPort("::1", strconv.Itoa(port)))
	switch {
	case err == nil:
		defer other.Close()
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, err
	}
	return new(net.ListenConfig).Listen(ctx, "tcp4", net.JoinHostPort(defaultHost, strconv.Itoa(port)))
}

// explained says in a sentence why nothing can listen on an address.
func explained(address string, err error) error {
	var why string
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		why = "another program listens there already: end it, or choose another port (0 takes a free one)"
	case errors.Is(err, syscall.EACCES):
		why = "this needs rights that the process lacks: choose a port from 1024 on"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		why = "this machine has no such address: choose one of its own, or 0.0.0.0 for all"
	case errors.As(err, new(*net.DNSError)):
		why = "no machine of that name is known: give an address of this machine"
	default:
		return fmt.Errorf("--listen %s: %w", address, err)
	}
	return fmt.Errorf("--listen %s: %s (%w)", address, why, err)
}

// shownAddress is where a browser on this machine finds what listens on the address:
// one that stands for all addresses is no place to go to.
func shownAddress(address string) (shown string, everywhere bool) {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return address, false
	}
	if at.Addr().IsUnspecified() {
		return netip.AddrPortFrom(netip.MustParseAddr(defaultHost), at.Port()).String(), true
	}
	return strings.Replace(at.String(), "%", "%25", 1), false
}

// onlyHere reports whether an address that was asked for can be reached from this
// machine alone.
func onlyHere(address string) bool {
	if address == "" {
		return true
	}
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// errPublished says that a key's secret is one that anybody can read.
var errPublished = errors.New("anybody who has read its source can sign tokens with it")

// refusePublished returns an error if a key of the file has a secret that stands in
// the source code, whatever the file is called and wherever the secret was read.
func refusePublished(file *sitefile.File) error {
	for _, s := range file.Sites {
		for _, k := range s.Keys {
			if k.Secret.Published() {
				return fmt.Errorf("the secret of key %s of site %s is published with Nextup, so %w: give the key a secret of your own (openssl rand -hex 32), or listen on 127.0.0.1", k.ID, s.ID(), errPublished)
			}
		}
	}
	return nil
}
