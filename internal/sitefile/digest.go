package sitefile

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"

	"github.com/goccy/go-yaml"
)

// digestScheme begins every digest. Digests of two schemes cannot be compared: one
// that begins otherwise, or has no scheme, is of another release.
const digestScheme = "said:"

// digest is that of the site that stands here, once it was read without a problem.
func (v value) digest() string {
	var said map[string]any
	if yaml.NodeToValue(v.node, &said) != nil {
		return ""
	}
	keys, _ := said["keys"].([]any)
	for _, k := range keys {
		key, _ := k.(map[string]any)
		for _, source := range sources {
			if source != "jwks_url" {
				delete(key, source)
			}
		}
	}
	data, err := json.Marshal(said) // with the keys in order
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return digestScheme + base64.RawURLEncoding.EncodeToString(sum[:9])
}
