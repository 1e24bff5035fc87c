package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"nextup/gateway/auth"
)

// keyring verifies tokens with the keys of the site file, whose turn it is now.
type keyring struct {
	log      *slog.Logger
	mu       sync.RWMutex
	keys     []auth.Key
	verifier *auth.Verifier
}

func newKeyring(keys []auth.Key, log *slog.Logger) (*keyring, error) {
	r := &keyring{log: log}
	return r, r.replace(keys, func() error { return nil })
}

// replace takes other keys if they can be used and what else is to change with
// them succeeds. Key sets are fetched first, which may take seconds.
func (r *keyring) replace(keys []auth.Key, also func() error) error {
	verifier, err := auth.New(keys, auth.Options{Logger: r.log})
	if err != nil {
		return err
	}
	if err := also(); err != nil {
		verifier.Close()
		return err
	}
	r.mu.Lock()
	old := r.verifier
	r.keys, r.verifier = keys, verifier
	r.mu.Unlock()
	if old != nil {
		old.Close()
	}
	return nil
}

// Verify implements gateway.Verifier.
func (r *keyring) Verify(ctx context.Context, token string, now time.Time) (auth.Identity, error) {
	r.mu.RLock()
	verifier := r.verifier
	r.mu.RUnlock()
	return verifier.Verify(ctx, token, now)
}

// all lists the keys.
func (r *keyring) all() []auth.Key {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.keys
}

// Close ends the fetching of key sets.
func (r *keyring) Close() {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.verifier != nil {
		r.verifier.Close()
	}
}
