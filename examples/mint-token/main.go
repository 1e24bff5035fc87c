// Command mint-token shows how a host's server in Go signs the token of a
// visitor: the widget asks for one before it connects and before each expiry.
//
// Usage: NEXTUP_SECRET=… mint-token SITE KEY VISITOR
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// chatToken signs a visitor's token for ten minutes; secret is the file without the
// line break at its end (bytes.TrimSpace).
func chatToken(site, key, visitor string, secret []byte) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub":       visitor, // who it is in your own books
		"name":      "Lin",
		"languages": []string{"zh", "en"}, // in order of preference
		"site":      site,
		"role":      "visitor",
		"aud":       "nextup",
		"exp":       time.Now().Add(10 * time.Minute).Unix(),
	})
	token.Header["kid"] = key
	return token.SignedString(secret)
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: NEXTUP_SECRET=… mint-token SITE KEY VISITOR")
		os.Exit(2)
	}
	token, err := chatToken(os.Args[1], os.Args[2], os.Args[3], []byte(os.Getenv("NEXTUP_SECRET")))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(token)
}
