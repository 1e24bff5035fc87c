// Package admission decides who may come to the gateway's sites, by socket or over HTTP,
// and says why not: sites and their settings, origins, addresses and limits, tokens, and
// the one table of refusals.
//
//	gate := admission.New(admission.Options{App: application, Verifier: keys, Sites: sites, …})
//	id, err := gate.Verify(ctx, token)
//	site, err := gate.Admit(id, r.Header.Get("Origin"), r.Host)
//	if err != nil {
//		admission.WriteRefusal(w, err) // or, on a socket, admission.Refusal(err)
//	}
//
// A client of which only the address is known is bounded by that address (Address,
// PerAddress, Lobby); what a token may take is the transports' own.
package admission

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"nextup/app"
	"nextup/gateway/auth"
	"nextup/internal/lograte"
	"nextup/internal/origin"
)

// maxLoggedOrigin is how much of an origin is logged.
const maxLoggedOrigin = 200

// Verifier checks a token; see auth.Verifier.
type Verifier interface {
	Verify(ctx context.Context, token string, now time.Time) (auth.Identity, error)
	// Changes counts the times at which Holds may have come to say otherwise.
	Changes() uint64
	// Holds reports whether the key of a token that was verified is still in force.
	Holds(id auth.Identity, now time.Time) bool
}

// Options are what a Gate is made of. App, Verifier, Sites, Registry and Log are required.
type Options struct {
	App      *app.App
	Verifier Verifier
	Sites    []SiteOptions
	// TrustedProxies are those whose X-Forwarded-For or Forwarded is believed.
	TrustedProxies []netip.Prefix
	Registry       *prometheus.Registry
	Log            *slog.Logger
}

// Gate knows the sites that are served. Its methods may be called at any time.
type Gate struct {
	app      *app.App
	verifier Verifier
	sites    map[string]*Served // never changed
	proxies  []netip.Prefix
	limited  *prometheus.CounterVec
	leaving  atomic.Bool
	log      *slog.Logger
	refused  lograte.Warning // pages by their origin
}

// New returns a Gate.
func New(o Options) *Gate {
	g := &Gate{
		app: o.App, verifier: o.Verifier, sites: map[string]*Served{}, proxies: o.TrustedProxies, log: o.Log,
		limited: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "nextup", Name: "limited_total",
			Help: "What was refused by a limit, by its name; those of the site file bear the name that they have there.",
		}, []string{"site", "limit"}),
	}
	o.Registry.MustRegister(g.limited)
	for _, s := range o.Sites {
		served := &Served{Site: o.App.Site(s.Rules.ID), app: o.App}
		served.options.Store(&s)
		g.sites[s.Rules.ID] = served
	}
	return g
}

// ErrOtherSites is the error of SetSites for other sites than those that are served:
// their logs are followed from the start of the process to its end.
var ErrOtherSites = errors.New("gateway: sites come and go only with a restart")

// SetSites puts new settings and rules in force. It fails with ErrOtherSites, changing
// nothing, if the sites are not those that are served.
func (g *Gate) SetSites(sites []SiteOptions) error {
	var ids []string
	for _, s := range sites {
		ids = append(ids, s.Rules.ID)
	}
	slices.Sort(ids)
	if served := g.IDs(); !slices.Equal(ids, served) {
		return fmt.Errorf("%w: this gateway serves %s, the new file has %s", ErrOtherSites, strings.Join(served, ", "), strings.Join(ids, ", "))
	}
	for _, s := range sites {
		served := g.sites[s.Rules.ID]
		served.options.Store(&s)
		served.SetRules(s.SiteOptions)
	}
	return nil
}

// IDs lists the ids of the sites in order.
func (g *Gate) IDs() []string { return slices.Sorted(maps.Keys(g.sites)) }

// Site finds a site, nil for one that is not served.
func (g *Gate) Site(id string) *Served { return g.sites[id] }

// Leave has the gateway take no new clients: it is about to end.
func (g *Gate) Leave() {
	g.leaving.Store(true)
	g.app.Leaving()
}

// Leaving reports whether Leave was called.
func (g *Gate) Leaving() bool { return g.leaving.Load() }

// Now is the wall clock of the log: a gateway whose own clock is wrong neither lets in a
// token that has run out nor turns away one that has not.
func (g *Gate) Now() time.Time { return g.app.Wall() }

// Verify checks a token.
func (g *Gate) Verify(ctx context.Context, token string) (auth.Identity, error) {
	return g.verifier.Verify(ctx, token, g.Now())
}

// Holds reports whether the key of a token that was verified is still in force.
func (g *Gate) Holds(id auth.Identity) bool { return g.verifier.Holds(id, g.Now()) }

// KeyChanges counts the times at which Holds may have come to say otherwise.
func (g *Gate) KeyChanges() uint64 { return g.verifier.Changes() }

// Admit finds the site of a token that was verified, if it lets pages of the origin from in.
func (g *Gate) Admit(id auth.Identity, from, host string) (*Served, error) {
	s := g.sites[id.Site]
	switch {
	case s == nil:
		return nil, auth.ErrWrongSite
	case !origin.Allowed(s.Options().Origins, from, host):
		g.refusedOrigin(id.Site, from)
		return nil, ErrOrigin
	}
	return s, nil
}

// Limited counts a refusal by a limit; site is "" where it is not known yet.
func (g *Gate) Limited(site, limit string) { g.limited.WithLabelValues(site, limit).Inc() }

// KnownOrigin reports whether any site lets pages of the origin in. Which one they mean is
// known only from the token.
func (g *Gate) KnownOrigin(from, host string) bool {
	for _, s := range g.sites {
		if origin.Allowed(s.Options().Origins, from, host) {
			return true
		}
	}
	return false
}

// RefuseOrigin tells the developer of a page that no site lets in what to do.
func (g *Gate) RefuseOrigin(w http.ResponseWriter, from string) {
	g.refusedOrigin("", from)
	http.Error(w, "this origin is on no site's list", http.StatusForbidden)
}

// refusedOrigin logs that a page was refused, once a minute: strangers choose what they send.
func (g *Gate) refusedOrigin(site, from string) {
	g.refused.Log(g.log, "a page was refused: its origin is not on the list; add it to the site's origins where it may come",
		"origin", from[:min(len(from), maxLoggedOrigin)], "site", site)
}

// ActorOf is the holder of a token as the application knows them.
func ActorOf(id auth.Identity) *app.Actor {
	return &app.Actor{
		Role: app.Role(id.Role), ID: id.Subject, Name: id.Name, Languages: id.Languages, Tier: id.Tier, Urgency: id.Urgency,
	}
}
