package auth

import (
	"crypto"
	"encoding/json"
	"errors"
	"slices"

	"github.com/MicahParks/jwkset"
)

// webKey is one key of a set and what it declares (RFC 7517).
type webKey struct {
	public crypto.PublicKey
	// signs is false when use or key_ops keep the key from verifying signatures.
	signs bool
	// algorithm is the only one that the key is for; empty means any.
	algorithm string
}

// verifies reports whether the key may verify signatures of the algorithm.
func (k webKey) verifies(algorithm string) bool {
	return k.signs && (k.algorithm == "" || k.algorithm == algorithm) && fits(algorithm, k.public)
}

// parseSet reads a key set. A key that cannot be read (of a newer kind, or broken)
// verifies nothing and does no harm to the others; its kid is known all the same. A
// shared secret in a set is such a key.
func parseSet(data []byte) (map[string][]webKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil || set.Keys == nil {
		return nil, errors.New("it answered with something that is no key set")
	}
	out := map[string][]webKey{}
	for _, raw := range set.Keys {
		var declared struct {
			Kid string   `json:"kid"`
			Use *string  `json:"use"`
			Ops []string `json:"key_ops"`
			Alg string   `json:"alg"`
		}
		if err := json.Unmarshal(raw, &declared); err != nil || declared.Kid == "" {
			continue // tokens name their key
		}
		k := webKey{
			signs:     (declared.Use == nil || *declared.Use == "sig") && (declared.Ops == nil || slices.Contains(declared.Ops, "verify")),
			algorithm: declared.Alg,
		}
		// Certificates (x5u, x5c) are ignored: x5u would have to be fetched.
		var bare jwkset.JWKMarshal
		if err := json.Unmarshal(raw, &bare); err == nil {
			bare = jwkset.JWKMarshal{KTY: bare.KTY, CRV: bare.CRV, X: bare.X, Y: bare.Y, N: bare.N, E: bare.E}
			if key, err := jwkset.NewJWKFromMarshal(bare, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{SkipAll: true}); err == nil {
				k.public = key.Key()
			}
		}
		out[declared.Kid] = append(out[declared.Kid], k)
	}
	return out, nil
}
