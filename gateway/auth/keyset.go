package auth

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"nextup/internal/cadence"
	"nextup/internal/outbound"
)

// maxSetBytes is the largest key set that is read.
const maxSetBytes = 1 << 20

// errNoSuchKey means that an up-to-date set does not hold the key.
var errNoSuchKey = errors.New("auth: no such key in the set")

// setSource identifies where a key set comes from: keys with the same source share
// the set.
type setSource struct{ address, allow string }

func sourceOf(k Key) setSource { return setSource{k.JWKSURL, fmt.Sprint(k.AllowNetworks)} }

// keySet holds the keys of one JWKS address.
//
// A token that names an unknown key makes it fetch the set again, since an issuer
// may use a new key at once. Any client can send such a token, so how often it does is
// bounded: within RefreshUnknown after such a fetch it is answered at once with the time
// to wait. Each fetch serves all: the set that a stranger's token caused to be
// fetched holds the issuer's new key as well, so a stranger can delay honest people
// by no more than that one wait, and can make no good token count as bad. A key
// counts as missing only after a fetch that began after the token had come.
type keySet struct {
	name     string // for the log
	address  string
	options  Options
	client   *outbound.Client
	onChange func() // called when a key has gone or changed
	ctx      context.Context
	cancel   context.CancelFunc
	running  sync.WaitGroup

	// keys are nil before the first fetch that succeeded.
	keys atomic.Pointer[heldKeys]
	// failing is set while the newest fetch is one that failed.
	failing atomic.Bool

	mu       sync.Mutex
	fetching *fetch    // nil while none is under way
	next     time.Time // no fetch for an unknown key before it
}

// heldKeys is the result of one fetch.
type heldKeys struct {
	byKid map[string][]webKey
	at    time.Time
}

// fetch is one fetch; err is set before done is closed.
type fetch struct {
	done chan struct{}
	err  error
}

func newKeySet(k Key, o Options, onChange func()) *keySet {
	ctx, cancel := context.WithCancel(context.Background())
	return &keySet{
		name: k.ID, address: k.JWKSURL, options: o, onChange: onChange, ctx: ctx, cancel: cancel,
		client: outbound.New(outbound.Policy{Allow: k.AllowNetworks, Timeout: o.Timeout, MaxBytes: maxSetBytes}),
	}
}

// start keeps the set fresh until close, after the first fetch, which is the caller's.
func (s *keySet) start() { s.running.Go(s.run) }

func (s *keySet) run() {
	for {
		pause := s.options.Refresh
		if s.failing.Load() {
			pause = min(pause, s.options.RefreshFailed)
		}
		pause -= rand.N(pause/10 + 1) // gateways that started at the same time do not ask at the same time
		if !cadence.Pause(s.ctx, pause) {
			return
		}
		_ = s.refresh(s.ctx) // a failure is logged and noted
	}
}

func (s *keySet) close() {
	s.mu.Lock()
	s.cancel() // begin starts no fetch from here on
	s.mu.Unlock()
	s.running.Wait()
	s.client.Close()
}

// refresh fetches the set, or waits for the fetch under way.
func (s *keySet) refresh(ctx context.Context) error {
	s.mu.Lock()
	f := s.begin(0)
	s.mu.Unlock()
	return f.wait(ctx)
}

// begin returns the fetch under way, or a new one, after which no fetch for an unknown
// key begins for the time of pause. The caller holds mu.
func (s *keySet) begin(pause time.Duration) *fetch {
	if s.fetching == nil {
		f := &fetch{done: make(chan struct{}), err: s.ctx.Err()}
		if f.err != nil {
			close(f.done)
			return f
		}
		s.fetching = f
		// It serves all waiting calls, so it does not end with the one that began it.
		s.running.Go(func() {
			f.err = s.fetch()
			s.mu.Lock()
			s.fetching = nil
			if pause > 0 {
				s.next = time.Now().Add(pause)
			}
			s.mu.Unlock()
			close(f.done)
		})
	}
	return s.fetching
}

func (f *fetch) wait(ctx context.Context) error {
	select {
	case <-f.done:
		return f.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// find returns the public key that a token of the algorithm names. It waits only for
// a fetch.
func (s *keySet) find(ctx context.Context, kid, algorithm string) (crypto.PublicKey, error) {
	if s.fresh() {
		if public, ok := s.held(kid, algorithm); ok {
			return requireKey(public)
		}
	}
	s.mu.Lock()
	now, first := time.Now(), s.fetching == nil
	if wait := s.next.Sub(now); first && wait > 0 {
		s.mu.Unlock()
		return nil, &Unavailable{wait}
	}
	f := s.begin(s.options.RefreshUnknown)
	s.mu.Unlock()
	err := f.wait(ctx)
	if s.fresh() {
		if public, ok := s.held(kid, algorithm); ok {
			return requireKey(public)
		}
	}
	if err != nil || !first {
		return nil, &Unavailable{s.options.RefreshUnknown}
	}
	return nil, errNoSuchKey
}

func requireKey(public crypto.PublicKey) (crypto.PublicKey, error) {
	if public == nil {
		return nil, fmt.Errorf("%w: its key is not one for this algorithm, or not for signatures", ErrBadToken)
	}
	return public, nil
}

// fresh reports whether the held keys were fetched recently enough to count.
func (s *keySet) fresh() bool {
	keys := s.keys.Load()
	return keys != nil && time.Since(keys.at) < s.options.Keep
}

// held looks a key up among the held ones. The key is nil if the kid is known and none
// of its keys is for signatures of the algorithm.
func (s *keySet) held(kid, algorithm string) (public crypto.PublicKey, known bool) {
	keys := s.keys.Load()
	if keys == nil {
		return nil, false
	}
	same, known := keys.byKid[kid]
	for _, k := range same {
		if k.verifies(algorithm) {
			return k.public, true
		}
	}
	return nil, known
}

// fetch replaces the held keys by those that the address has now.
func (s *keySet) fetch() error {
	keys, err := s.get()
	if err != nil {
		if s.ctx.Err() == nil {
			s.options.Logger.Warn("a key set could not be fetched; the keys that are known stay in force",
				slog.String("key", s.name), slog.Any("err", err), slog.Bool("known", s.fresh()))
			s.failing.Store(true)
		}
		return err
	}
	s.failing.Store(false)
	old := s.keys.Swap(&heldKeys{keys, time.Now()})
	if old != nil && !reflect.DeepEqual(old.byKid, keys) {
		s.onChange()
	}
	return nil
}

func (s *keySet) get() (map[string][]webKey, error) {
	req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.address, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/jwk-set+json, application/json")
	res, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answered with status %d, want 200", res.StatusCode)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	return parseSet(body)
}
