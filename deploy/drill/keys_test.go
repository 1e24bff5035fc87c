//go:build drill

package drill

import (
	"crypto/ed25519"
	"encoding/base64"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"time"
)

// keySetCase has an issuer that is away when the gateways start.
func keySetCase() drillCase {
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		panic(err) // there is no randomness
	}
	var there atomic.Bool
	issuer := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if !there.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = io.WriteString(w, `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","x":"`+base64.RawURLEncoding.EncodeToString(public)+`"}]}`)
	}))
	return drillCase{
		site:  "      - {id: login, algorithm: EdDSA, jwks_url: '" + issuer.URL + "', roles: [visitor]}\n    allow_networks: [127.0.0.0/8]\n",
		mends: func(*house) { there.Store(true) },
		want:  alert{"NextupKeySetUnusable", "critical", "prod"}, wait: time.Minute,
	}
}
