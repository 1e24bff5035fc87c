// Package scrape reads what gateways and Redis say of themselves:
//
//	m, err := scrape.Gateway(ctx, "http://127.0.0.1:8081")
//	used := m["process_cpu_seconds_total"]
package scrape

import (
	"bufio"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

var client = &http.Client{Timeout: 3 * time.Second}

// Gateway reads the metrics of the gateway at an address: the sum of each name's series.
func Gateway(ctx context.Context, at string) (map[string]float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	res, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	sums := map[string]float64{}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		line := lines.Text()
		at := strings.LastIndexByte(line, ' ')
		if at < 0 || line[0] == '#' {
			continue
		}
		name, _, _ := strings.Cut(line[:at], "{")
		if v, err := strconv.ParseFloat(line[at+1:], 64); err == nil {
			sums[name] += v
		}
	}
	return sums, lines.Err()
}

// Redis reads the numbers of INFO about processor, memory and commands; there are none while
// Redis does not answer.
func Redis(ctx context.Context, r redis.UniversalClient) map[string]float64 {
	numbers := map[string]float64{}
	for line := range strings.SplitSeq(r.Info(ctx, "cpu", "memory", "stats").Val(), "\r\n") {
		name, value, _ := strings.Cut(line, ":")
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			numbers[name] = v
		}
	}
	return numbers
}
