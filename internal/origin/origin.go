// Package origin reads the origins of web pages and compares them: what a site file
// lists, and what a browser says in its Origin header.
//
//	listed, err := origin.Parse("https://*.shop.example") // in the form that Allowed takes
//	ok := origin.Allowed([]string{listed}, r.Header.Get("Origin"), r.Host)
//
// Both sides are brought into the form that browsers send: lower case, an
// internationalised host in its ASCII form, and no port that the scheme implies.
package origin

import (
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

const (
	// Any lets every page in, also those that are Opaque.
	Any = "*"
	// Opaque is the origin of each page that has none of its own: a sandboxed frame, a
	// file, a data: address. To list it is to let in all such pages, of any author.
	Opaque = "null"
	// files is the origin of pages in the file system in some apps.
	files = "file://"

	wildcard = "://*."
)

// Errors of Parse.
var (
	ErrInvalid = errors.New("not an origin")
	// ErrTooWide: a wildcard over names that any person can register, such as https://*.com.
	ErrTooWide = errors.New("a wildcard over the domains of others")
)

// defaultPorts are the ports that browsers leave out of an origin.
var defaultPorts = map[string]string{"http": "80", "https": "443", "ws": "80", "wss": "443", "ftp": "21"}

var (
	// A scheme of an app, as capacitor://localhost, may have the characters of any scheme.
	schemes = regexp.MustCompile(`^[a-z][a-z0-9+.-]*$`)
	hosts   = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?$`)
	ports   = regexp.MustCompile(`^[1-9][0-9]{0,4}$`)

	lookup = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))
)

// Parse reads an entry of a list: an origin, an origin whose host begins with "*." for all
// subdomains of a domain, Any, or Opaque.
func Parse(text string) (string, error) {
	if text == Any {
		return text, nil
	}
	scheme, rest, found := strings.Cut(text, wildcard)
	if !found {
		return parse(text)
	}
	base, err := parse(scheme + "://" + rest)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(base)
	if err != nil || isAddress(u.Hostname()) {
		return "", ErrInvalid
	}
	domain := u.Hostname()
	if suffix, _ := publicsuffix.PublicSuffix(strings.TrimSuffix(domain, ".")); suffix == strings.TrimSuffix(domain, ".") && suffix != "localhost" {
		return "", ErrTooWide
	}
	return u.Scheme + wildcard + u.Host, nil
}

// parse reads an origin that stands for itself alone.
func parse(text string) (string, error) {
	if text == Opaque || text == files {
		return text, nil
	}
	scheme, rest, found := strings.Cut(text, "://")
	scheme = strings.ToLower(scheme)
	host, port := splitPort(rest)
	host, valid := asciiHost(host)
	valid = valid || host == "." && defaultPorts[scheme] == "" // as the pages of some desktop apps have it
	if !found || !valid || !schemes.MatchString(scheme) || port != "" && !ports.MatchString(port) {
		return "", ErrInvalid
	}
	if port != "" && port != defaultPorts[scheme] {
		host += ":" + port
	}
	return scheme + "://" + host, nil
}

// splitPort separates the port, "" where there is none.
func splitPort(text string) (host, port string) {
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 || strings.HasSuffix(text, "]") {
		return text, ""
	}
	if port = text[colon+1:]; port == "" {
		return text, "" // no host ends with a colon
	}
	return text[:colon], port
}

// asciiHost returns a host as browsers write it, and whether it is one.
func asciiHost(host string) (string, bool) {
	if inner, bracketed := strings.CutPrefix(host, "["); bracketed {
		addr, err := netip.ParseAddr(strings.TrimSuffix(inner, "]"))
		return "[" + addr.String() + "]", err == nil && addr.Is6() && addr.Zone() == "" && strings.HasSuffix(host, "]")
	}
	ascii := strings.ToLower(host)
	if strings.ContainsFunc(ascii, func(r rune) bool { return r >= 0x80 }) {
		var err error
		if ascii, err = lookup.ToASCII(host); err != nil {
			return "", false
		}
	}
	return ascii, hosts.MatchString(ascii) && !strings.Contains(ascii, "..")
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// Allowed reports whether a page of the origin may come: one without an origin (no
// browser), of the host that was asked itself, or on the list, whose entries are Parse's.
func Allowed(list []string, origin, host string) bool {
	if origin == "" {
		return true
	}
	from, err := parse(origin)
	if err == nil && isOwn(from, host) {
		return true
	}
	for _, entry := range list {
		if entry == Any || err == nil && (entry == from || isBelow(from, entry)) {
			return true
		}
	}
	return false
}

// isOwn reports whether a page comes from the host that it asks. The scheme of a request is
// not known behind a proxy that ends TLS, so a Host without a port is that of either scheme.
func isOwn(origin, host string) bool {
	scheme, rest, _ := strings.Cut(origin, "://")
	name, port := splitPort(rest)
	asked, askedPort := splitPort(host)
	asked, valid := asciiHost(asked)
	if port == "" && askedPort != "" {
		port = defaultPorts[scheme]
	}
	return valid && defaultPorts[scheme] != "" && name == asked && port == askedPort
}

// isBelow reports whether the origin's host is a subdomain of the entry's domain.
func isBelow(origin, entry string) bool {
	scheme, domain, found := strings.Cut(entry, wildcard)
	below, has := strings.CutPrefix(origin, scheme+"://")
	return found && has && strings.HasSuffix(below, "."+domain)
}
