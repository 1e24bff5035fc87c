package auth

import (
	"crypto"
	"encoding/json"
	"errors"
	"slices"

	"github.com/MicahParks/jwkset"
)

// webKey is one key of a set and what it says of itself (RFC 7517).
type webKey struct {
	public crypto.PublicKey
	// signs is false when use or key_ops keep the key from verifying signatures.
	signs bool
	// algorithm is the only one that the key is for; empty means that it does not
	// say.
	algorithm string
}

// verifies reports whether the key may verify signatures of the algorithm.
func (k webKey) verifies(algorithm string) bool {
	return k.signs && (k.algorithm == "" || k.algorithm == algorithm) && fits(algorithm, k.public)
}

// parseSet reads a key set. A key that cannot be read (of a kind that came later,
// or broken) is of no use and takes the others no use away; its kid is known all the
// same. A shared secret in a set is such a key.
func parseSet(data []byte) (map[string][]webKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(data, &set); err != nil || set.Keys == nil {
		return nil, errors.New("it answered with something that is no key set")
	}
	out := map[string][]webKey{}
	for _, raw := range set.Keys {
		var says struct {
			Kid string   `json:"kid"`
			Use *string  `json:"use"`
			Ops []string `json:"key_ops"`
			Alg string   `json:"alg"`
		}
		if err := json.Unmarshal(raw, &says); err != nil || says.Kid == "" {
			continue // tokens name their key
		}
		k := webKey{
			signs:     (says.Use == nil || *says.Use == "sig") && (says.Ops == nil || slices.Contains(says.Ops, "verify")),
			algorithm: says.Alg,
		}
		// Certificates (x5u, x5c) are not looked at: the first would be fetched.
		var bare jwkset.JWKMarshal
		if err := json.Unmarshal(raw, &bare); err == nil {
			bare = jwkset.JWKMarshal{KTY: bare.KTY, CRV: bare.CRV, X: bare.X, Y: bare.Y, N: bare.N, E: bare.E}
			if key, err := jwkset.NewJWKFromMarshal(bare, jwkset.JWKMarshalOptions{}, jwkset.JWKValidateOptions{SkipAll: true}); err == nil {
				k.public = key.Key()
			}
		}
		out[says.Kid] = append(out[says.Kid], k)
	}
	return out, nil
}
