package auth

import (
	"context"
	"crypto"
	"crypto/x509"
	"fmt"
	"hash/maphash"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options bound how key sets are fetched. The zero value is usable.
type Options struct {
	// Timeout bounds one fetch, and so how long New, Replace and Verify may wait
	// for one; by default 5 s.
	Timeout time.Duration
	// Refresh is the time between two fetches; by default 10 min.
	Refresh time.Duration
	// RefreshFailed is the time to the next fetch after one that failed, the first one
	// too; by default 30 s.
	RefreshFailed time.Duration
	// RefreshUnknown is the least time between two fetches that are made because a
	// token names a key that is not in the set; by default 5 s.
	RefreshUnknown time.Duration
	// Keep is how long a set counts that cannot be fetched again; by default 24 h. A
	// key that its issuer has removed meanwhile stays valid for that long.
	Keep time.Duration
	// Logger takes a line for each fetch that fails; by default slog.Default().
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		field     *time.Duration
		byDefault time.Duration
	}{{&o.Timeout, 5 * time.Second}, {&o.Refresh, 10 * time.Minute}, {&o.RefreshFailed, 30 * time.Second}, {&o.RefreshUnknown, 5 * time.Second}, {&o.Keep, 24 * time.Hour}} {
		if *d.field <= 0 {
			*d.field = d.byDefault
		}
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// Verifier verifies tokens. It is safe for many goroutines.
type Verifier struct {
	options Options
	report  report
	// inForce holds the current keys.
	inForce atomic.Pointer[keyring]
	// replacing is held by Replace and Close.
	replacing sync.Mutex
	// changes counts how often a key may have gone.
	changes atomic.Uint64
	seed    maphash.Seed
}

// keyring holds the keys of all sites. It never changes; its sets do.
type keyring struct {
	keys  []Key
	sites map[string]*siteKeys
	// kids holds the key ids of all sites, to tell a key of another site from an
	// unknown one.
	kids map[string]bool
	// sets holds the running key sets by their source.
	sets map[setSource]*keySet
}

// siteKeys are the keys of one site.
type siteKeys struct {
	byKid map[string]Key
	sets  []setKey
}

// setKey is a Key with its set.
type setKey struct {
	Key
	set *keySet
}

// SignedBy identifies the exact key that signed a token.
type SignedBy struct {
	kid string
	// fingerprint tells the key from another one with the same kid. It is salted, so
	// that it gives nothing of a secret away.
	fingerprint uint64
}

// New returns a verifier that knows these keys. Key sets are fetched at once; one
// that cannot be is logged and fetched later. Call Close in the end.
func New(keys []Key, options Options) (*Verifier, error) {
	v := &Verifier{
		options: options.withDefaults(),
		seed:    maphash.MakeSeed(),
	}
	v.report = newReport(v.options.Logger)
	v.inForce.Store(&keyring{})
	return v, v.Replace(keys, func() error { return nil })
}

// Replace puts other keys in force if they are valid and also, which is called before
// that, succeeds; else everything stays as it was. A key set that was there before
// keeps what it holds, so that an issuer that is down does no harm; a new one is
// fetched first, which takes Options.Timeout at most.
func (v *Verifier) Replace(keys []Key, also func() error) error {
	v.replacing.Lock()
	defer v.replacing.Unlock()
	old := v.inForce.Load()
	next, err := v.ringOf(keys, old)
	if err != nil {
		return err
	}
	var starting sync.WaitGroup
	for source, set := range next.sets {
		if old.sets[source] == nil {
			starting.Go(func() {
				_ = set.refresh(context.Background()) // a failure is logged; it ends within the timeout
				set.start()
			})
		}
	}
	starting.Wait()
	if err := also(); err != nil {
		closeSets(next, old)
		return err
	}
	v.inForce.Store(next)
	v.changes.Add(1)
	closeSets(old, next)
	return nil
}

// closeSets ends the sets of one ring that the other does not have.
func closeSets(of, but *keyring) {
	for source, set := range of.sets {
		if but.sets[source] == nil {
			set.close()
		}
	}
}

// ringOf builds the ring of keys by site. Sets of the old ring are reused.
func (v *Verifier) ringOf(keys []Key, old *keyring) (*keyring, error) {
	ring := &keyring{keys: slices.Clone(keys), sites: map[string]*siteKeys{}, kids: map[string]bool{}, sets: map[setSource]*keySet{}}
	for _, k := range keys {
		if err := k.check(); err != nil {
			return nil, err
		}
		var set *keySet
		if k.JWKSURL != "" {
			source := sourceOf(k)
			if set = ring.sets[source]; set == nil {
				if set = old.sets[source]; set == nil {
					set = newKeySet(k, v.options, func() { v.changes.Add(1) })
				}
				ring.sets[source] = set
			}
		}
		for _, id := range k.Sites {
			site := ring.sites[id]
			if site == nil {
				site = &siteKeys{byKid: map[string]Key{}}
				ring.sites[id] = site
			}
			if set != nil {
				site.sets = append(site.sets, setKey{k, set})
				continue
			}
			if _, taken := site.byKid[k.ID]; taken {
				return nil, fmt.Errorf("auth: %s: another key of site %s has this id", k, id)
			}
			site.byKid[k.ID] = k
			ring.kids[k.ID] = true
		}
	}
	return ring, nil
}

// Keys lists the keys in force.
func (v *Verifier) Keys() []Key { return slices.Clone(v.inForce.Load().keys) }

// KeySetStatus tells how the fetches of a key set go.
type KeySetStatus struct {
	// Failing reports that the newest fetch failed, and Usable that the keys of an
	// earlier one, or of the newest, still count.
	Failing, Usable bool
}

// KeySets returns the status of the key sets by site and by the id of the key that names
// the set. Where a site uses an id twice, it is that of the worse set.
func (v *Verifier) KeySets() map[string]map[string]KeySetStatus {
	all := map[string]map[string]KeySetStatus{}
	for id, site := range v.inForce.Load().sites {
		all[id] = map[string]KeySetStatus{}
		for _, k := range site.sets {
			status := KeySetStatus{Failing: k.set.failing.Load(), Usable: k.set.fresh()}
			if other, taken := all[id][k.ID]; taken {
				status = KeySetStatus{Failing: status.Failing || other.Failing, Usable: status.Usable && other.Usable}
			}
			all[id][k.ID] = status
		}
	}
	return all
}

// Changes returns how often a key may have gone: after a change, Holds may return
// another result than before.
func (v *Verifier) Changes() uint64 { return v.changes.Load() }

// Holds reports whether the key that signed an identity's token is still in force, is
// the same and may still give its role, and whether the token's expiry is still near
// enough. It never waits. A key set that cannot be fetched keeps its keys.
func (v *Verifier) Holds(id Identity, now time.Time) bool {
	site := v.inForce.Load().sites[id.Site]
	if site == nil {
		return false
	}
	holds := func(k Key, material any) bool {
		return v.fingerprintOf(material) == id.SignedBy.fingerprint && slices.Contains(k.Roles, id.Role) && !k.tooLong(id.ExpiresAt, now)
	}
	if k, ok := site.byKid[id.SignedBy.kid]; ok {
		return holds(k, k.material())
	}
	return slices.ContainsFunc(site.sets, func(k setKey) bool {
		public, ok := k.set.held(id.SignedBy.kid, k.Algorithm)
		return ok && public != nil && holds(k.Key, public)
	})
}

// Close stops fetching key sets.
func (v *Verifier) Close() {
	v.replacing.Lock()
	defer v.replacing.Unlock()
	for set := range maps.Values(v.inForce.Load().sets) {
		set.close()
	}
}

// material is what verifies a signature: a secret or a public key.
func (k Key) material() any {
	if k.Secret != nil {
		return k.Secret
	}
	return k.Public
}

// maxLife is MaxLife or its default.
func (k Key) maxLife() time.Duration {
	if k.MaxLife > 0 {
		return k.MaxLife
	}
	return DefaultMaxLife
}

// lifeSkew is how far an issuer's clock may be ahead.
const lifeSkew = time.Minute

// tooLong reports whether the end is later than the key allows. now is the log's time:
// where that is behind this machine's, the latter counts, or tokens of the longest
// life would be refused because of Redis's clock.
func (k Key) tooLong(end, now time.Time) bool {
	if here := time.Now(); here.After(now) {
		now = here
	}
	return end.After(now.Add(k.maxLife() + lifeSkew))
}

// fingerprintOf returns the fingerprint of a key; see SignedBy.
func (v *Verifier) fingerprintOf(material any) uint64 {
	secret, ok := material.([]byte)
	if ok {
		return maphash.Bytes(v.seed, secret)
	}
	der, err := x509.MarshalPKIXPublicKey(material.(crypto.PublicKey))
	if err != nil {
		return 0 // no key that fits accepts
	}
	return maphash.Bytes(v.seed, der)
}
