package redistest

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// As returns a URL of the same servers for a user that may do what the rules of an
// ACL say and nothing else. The test fails if the user was denied anything by then.
func As(t testing.TB, url string, rules []string) string {
	t.Helper()
	const user, password = "nextup", "a-password"
	scheme, hosts, _ := strings.Cut(url, "://")
	args := []any{"ACL", "SETUSER", user, "on", ">" + password}
	for _, r := range rules {
		args = append(args, r)
	}
	for host := range strings.SplitSeq(hosts, ",") {
		admin := redis.NewClient(&redis.Options{Addr: host, Protocol: 2, MaxRetries: -1, DialerRetries: 1})
		t.Cleanup(func() {
			defer admin.Close()
			denied, err := admin.ACLLog(context.Background(), 20).Result()
			if err != nil {
				t.Error(err)
			}
			for _, d := range denied {
				if d.Username == user {
					t.Errorf("the Redis user was denied the %s %s (%s)", d.Reason, d.Object, d.Context)
				}
			}
		})
		if err := admin.Do(t.Context(), args...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf("%s://%s:%s@%s", scheme, user, password, hosts)
}
