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

// The default address of serve: the first of these ports that is free.
const (
	defaultHost  = "127.0.0.1"
	defaultPort  = 8080
	defaultPorts = 100
)

// listen listens on the address, or on the default one if it is empty. moved is the
// default port if that was in use, else 0.
func listen(ctx context.Context, address string) (_ net.Listener, moved int, err error) {
	if address != "" {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
		if err != nil {
			return nil, 0, listenError("--listen", address, err)
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
	return nil, 0, listenError("--listen", fmt.Sprintf("%s:%d", defaultHost, defaultPort), err)
}

// listenLocally takes a port of this machine only if no other program has it for IPv6
// either: a browser that opens "localhost" may try IPv6 first, and would show the
// other program.
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

// listenError explains in a sentence why nothing can listen on the address of a flag.
func listenError(flag, address string, err error) error {
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
		return fmt.Errorf("%s %s: %w", flag, address, err)
	}
	return fmt.Errorf("%s %s: %s (%w)", flag, address, why, err)
}

// shownAddress returns the address for a browser on this machine: an address that
// stands for all addresses cannot be opened.
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

// onlyHere reports whether the address can be reached only from this machine.
func onlyHere(address string) bool {
	if address == "" {
		return true
	}
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

// errPublished means that a key's secret is public.
var errPublished = errors.New("anybody who has read its source can sign tokens with it")

// refusePublished returns an error if a key of the file has a secret of the source
// code, whatever the file's name and wherever the secret was read.
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
