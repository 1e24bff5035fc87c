package redistest_test

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"nextup/internal/redistest"
)

func TestAServerAnswersAndIsGoneAfterItsTest(t *testing.T) {
	var url string
	t.Run("while it runs", func(t *testing.T) {
		url = redistest.Start(t)
		if err := ping(t, url); err != nil {
			t.Fatal(err)
		}
	})
	if url == "" {
		t.Skip("no redis-server")
	}
	if ping(t, url) == nil {
		t.Fatal("it still answers")
	}
}

func ping(t *testing.T, url string) error {
	o, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	o.MaxRetries, o.DialerRetries = -1, 1
	client := redis.NewClient(o)
	defer client.Close()
	return client.Ping(t.Context()).Err()
}
