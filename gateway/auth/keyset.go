package auth

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/time/rate"
)

// maxSetBytes is the largest key set that is read.
const maxSetBytes = 1 << 20

// errNoSuchKey says that an up-to-date set does not hold the key.
var errNoSuchKey = errors.New("auth: no such key in the set")

// keySet holds the keys of one JWKS address. A token that names an unknown key
// makes it fetch the set again, since an issuer may use a new key at once. Anyone
// can send such a token, so how often it does is bounded.
type keySet struct {
	Key
	// known looks a key up among those that are here; fetched looks, then fetches
	// the set, and looks again.
	known, fetched keyfunc.Keyfunc
	// fetching is held while a token's unknown key is fetched; others that name
	// one wait for it and look again.
	fetching chan struct{}
	allowed  *rate.Limiter
	// fresh is whether the last fetch succeeded.
	fresh atomic.Bool
}

// freshStorage notes that a fetch has succeeded.
type freshStorage struct {
	*jwkset.MemoryJWKSet
	fresh *atomic.Bool
}

// KeyReplaceAll implements jwkset.Storage; every successful fetch ends in it.
func (s freshStorage) KeyReplaceAll(ctx context.Context, given []jwkset.JWK) error {
	err := s.MemoryJWKSet.KeyReplaceAll(ctx, given)
	s.fresh.Store(err == nil)
	return err
}

// start fetches the set, and from then on every o.Refresh until ctx is done. It
// fails only if the set can never be fetched.
func (s *keySet) start(ctx context.Context, o Options) error {
	client := *o.Client
	client.Transport = boundedTransport{client.Transport}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	s.fetching = make(chan struct{}, 1)
	s.allowed = rate.NewLimiter(rate.Every(o.RefreshUnknown), 1)

	store, err := jwkset.NewStorageFromHTTP(s.JWKSURL, jwkset.HTTPClientStorageOptions{
		Client:                    &client,
		Ctx:                       ctx,
		HTTPTimeout:               o.Timeout,
		NoErrorReturnFirstHTTPReq: true,
		RefreshInterval:           o.Refresh,
		Storage:                   freshStorage{jwkset.NewMemoryStorage(), &s.fresh},
		RefreshErrorHandler: func(ctx context.Context, err error) {
			s.fresh.Store(false)
			o.Logger.WarnContext(ctx, "a key set could not be fetched", slog.String("key", s.ID), slog.Any("error", err))
		},
	})
	if err != nil {
		return fmt.Errorf("auth: %s: %w", s.Key, err)
	}
	refreshing, err := jwkset.NewHTTPClient(jwkset.HTTPClientOptions{
		HTTPURLs: map[string]jwkset.Storage{s.JWKSURL: store},
		// The library would make every token wait for the limit; s.allowed refuses.
		RefreshUnknownKID: rate.NewLimiter(rate.Inf, 1),
		RateLimitWaitMax:  o.Timeout, // bounds the fetch as well
	})
	if err != nil {
		return fmt.Errorf("auth: %s: %w", s.Key, err)
	}
	uses := []jwkset.USE{jwkset.UseSig, ""}
	s.known, err = keyfunc.New(keyfunc.Options{Ctx: ctx, Storage: store, UseWhitelist: uses})
	if err != nil {
		return fmt.Errorf("auth: %s: %w", s.Key, err)
	}
	s.fetched, err = keyfunc.New(keyfunc.Options{Ctx: ctx, Storage: refreshing, UseWhitelist: uses})
	if err != nil {
		return fmt.Errorf("auth: %s: %w", s.Key, err)
	}
	return nil
}

// find returns the public key that the token names.
func (s *keySet) find(ctx context.Context, t *jwt.Token) (crypto.PublicKey, error) {
	public, err := s.known.KeyfuncCtx(ctx)(t)
	if errors.Is(err, jwkset.ErrKeyNotFound) {
		public, err = s.fetch(ctx, t)
	}
	switch {
	case errors.Is(err, ErrUnavailable), errors.Is(err, errNoSuchKey):
		return nil, err
	case err != nil || !fits(s.Algorithm, public):
		return nil, fmt.Errorf("%w: its key is not one for this algorithm", ErrBadToken)
	default:
		return public, nil
	}
}

// fetch is find for a key that is not here.
func (s *keySet) fetch(ctx context.Context, t *jwt.Token) (crypto.PublicKey, error) {
	select {
	case s.fetching <- struct{}{}:
		defer func() { <-s.fetching }()
	case <-ctx.Done():
		return nil, ErrUnavailable
	}
	// A fetch serves all who wait, so it does not end with the one who began it.
	ctx = context.WithoutCancel(ctx)
	public, err := s.known.KeyfuncCtx(ctx)(t)
	if errors.Is(err, jwkset.ErrKeyNotFound) && s.allowed.Allow() {
		public, err = s.fetched.KeyfuncCtx(ctx)(t)
	}
	switch {
	case !errors.Is(err, jwkset.ErrKeyNotFound):
		return public, err
	case s.fresh.Load():
		return nil, errNoSuchKey
	default:
		return nil, ErrUnavailable
	}
}

// boundedTransport ends a body that is too large.
type boundedTransport struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (t boundedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	next := t.next
	if next == nil {
		next = http.DefaultTransport
	}
	resp, err := next.RoundTrip(r)
	if err == nil {
		resp.Body = http.MaxBytesReader(nil, resp.Body, maxSetBytes)
	}
	return resp, err
}
