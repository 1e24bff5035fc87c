package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/coder/websocket"

	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/loadtest/token"
)

func socketOf(target string) string {
	return "ws" + strings.TrimPrefix(target, "http") + "/v1/connect"
}

// preflight opens one socket at each target, so that a run against nothing ends
// at once and with one line, and says what the site offers.
func preflight(ctx context.Context, targets []string, site, key, mark string) (protocol.Welcome, error) {
	var welcome protocol.Welcome
	for _, role := range []protocol.Role{protocol.Visitor, protocol.Agent} {
		signed, err := token.Mint(site, key, role, "load-preflight")
		if err != nil {
			return welcome, err
		}
		for _, t := range targets {
			try, cancel := context.WithTimeout(ctx, 10*time.Second)
			conn, err := client.Dial(try, socketOf(t), signed, func(protocol.ServerFrame) {})
			cancel()
			if err != nil {
				return welcome, explain(t, err)
			}
			welcome = conn.Welcome
			conn.Close()
		}
	}
	if len(welcome.Departments) == 0 {
		return welcome, fmt.Errorf("the site %s has no departments to join", site)
	}
	if mark != "" {
		return welcome, marked(welcome, mark)
	}
	return welcome, nil
}

// marked returns an error for a site that no people of a run can be told apart on: none of
// its departments serves the language of the mark.
func marked(w protocol.Welcome, mark string) error {
	if slices.ContainsFunc(w.Departments, func(d protocol.Department) bool { return slices.Contains(d.Languages, mark) }) {
		return nil
	}
	return fmt.Errorf("MARK=%s: no department of the site has this language; add it to the site file's languages, and to a department of its own: {id: load, languages: [%s]}", mark, mark)
}

// explain says in one line why a target cannot be used.
func explain(target string, err error) error {
	var refused *client.Refused
	var closed websocket.CloseError
	var dns *net.DNSError
	switch {
	case errors.As(err, &refused):
		what := "what it says"
		switch refused.Frame.Code {
		case protocol.CodeBadToken:
			what = "TOKEN_KEY: it is no key of this target"
		case protocol.CodeWrongSite:
			what = "SITE: the target does not serve it with this key"
		case protocol.CodeForbidden:
			what = "TOKEN_KEY: the key must sign for visitors and agents"
		default:
		}
		return fmt.Errorf("the target %s refuses us (%s): check %s", target, refused.Frame.Code, what)
	case errors.As(err, &closed):
		return fmt.Errorf("the target %s closes every socket (code %d %s): it takes nobody now, or is no gateway", target, closed.Code, closed.Reason)
	case errors.As(err, &dns):
		return fmt.Errorf("the target %s is unknown: no such host", target)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("the target %s does not answer: nothing listens there", target)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("the target %s does not answer within 10 s", target)
	case dropped(err):
		return fmt.Errorf("the target %s closes every socket without a word: is it a gateway?", target)
	}
	return fmt.Errorf("the target %s cannot be used: %s", target, firstLine(err.Error()))
}

// dropped reports whether the other side ended the connection without an answer. How
// that looks depends on how far we were when it did.
func dropped(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		strings.Contains(err.Error(), "EOF") || strings.Contains(err.Error(), "server closed idle connection") // of net/http, which names no error
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}
