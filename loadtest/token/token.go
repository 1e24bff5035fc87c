// Package token signs tokens for the people of a run.
//
//	t, err := token.Mint("load", "key-id:secret", protocol.Agent, "agent-1", "en", "es")
package token

import (
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"nextup/gateway/protocol"
)

// Mint signs a token of the site with an HS256 key given as KEY_ID:SECRET. Without
// languages the person has those of the site.
func Mint(site, key string, role protocol.Role, subject string, languages ...string) (string, error) {
	id, secret, _ := strings.Cut(key, ":")
	claims := jwt.MapClaims{"sub": subject, "site": site, "role": role, "aud": "nextup", "exp": time.Now().Add(24 * time.Hour).Unix()}
	if len(languages) > 0 {
		claims["languages"] = languages
	}
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
	t.Header["kid"] = id
	return t.SignedString([]byte(secret))
}
