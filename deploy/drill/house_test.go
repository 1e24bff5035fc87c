//go:build drill

// Package drill breaks a real installation in each way that the rules know of, and
// looks in a real Prometheus at what calls: two gateways on Redis, behind the shipped
// HAProxy configuration where haproxy is installed, with simulated people. The rules
// are those that are shipped; only their clock is faster, by speedUp. make drill runs it.
package drill

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nextup/test/gatewaytest"
	"nextup/test/process"
	"nextup/test/redistest"
)

// speedUp is how much shorter the times of the rules are here. What gateways and Redis
// do keeps its own pace.
const speedUp = 5

// The pauses of the drill's Prometheus: those of Compose, faster by about as much.
const (
	scrapeEvery   = "2s"
	evaluateEvery = "1s"
)

func TestMain(m *testing.M) {
	code := m.Run()
	gatewaytest.Discard()
	os.Exit(code)
}

// house is one installation.
type house struct {
	t        *testing.T
	dir      string
	secret   string
	redis    *redistest.Server
	gateways []*gatewaytest.Gateway
	front    string // where people connect
	// prometheus is its address, and targets are the admin ports of the gateways that it
	// asks, by environment.
	prometheus string
	targets    map[string][]string
	began      time.Time
	waitedFor  string // the alert
	speed      int
	copied     string // the path of a copy of Redis, and the port at which it is put back
	copyPort   string
}

func newHouse(t *testing.T, c drillCase) *house {
	h := &house{t: t, dir: t.TempDir(), secret: "NEXTUP_SECRET=" + strings.Repeat("of a drill, ", 4), targets: map[string][]string{}}
	h.redis = redistest.StartServer(t, append([]string{"--appendonly", "yes", "--appendfsync", "always", "--maxmemory", "200mb", "--maxmemory-policy", "noeviction"}, c.redisArgs...)...)
	h.waitedFor, h.speed = c.want.name, cmp.Or(c.speed, speedUp)
	h.copied = filepath.Join(h.dir, "copy.rdb")
	_, h.copyPort, _ = net.SplitHostPort(freeAddress(t))
	if c.prepare != nil {
		c.prepare(h)
	}
	options := h.options("g1", h.redis.URL(), h.siteFile("site.yaml", c.site))
	other := h.options("g2", h.redis.URL(), options.SiteFile)
	options.Args, other.Args = append(options.Args, c.args...), append(other.Args, c.args...)
	if c.apart != nil {
		c.apart(h, &other)
	}
	h.gateways = gatewaytest.StartAll(t, options, other)
	for _, g := range h.gateways {
		h.targets["prod"] = append(h.targets["prod"], g.Admin())
	}
	h.balance()
	h.people(c.agents)
	return h
}

func (h *house) options(node, redis, siteFile string) gatewaytest.Options {
	return gatewaytest.Options{
		Redis: redis, SiteFile: siteFile, Node: node, Admin: freeAddress(h.t), Env: []string{h.secret}, Args: []string{"--trusted-proxy", "127.0.0.0/8"},
	}
}

// siteFile writes the Compose stack's site with more lines at its end.
func (h *house) siteFile(name, more string) string {
	text, err := os.ReadFile("../site.yaml")
	if err != nil {
		h.t.Fatal(err)
	}
	// A grace is shorter, as the rules are: people in it wait while agents have room.
	return h.write(name, string(text)+more+"    grace: {visitor: 12s, agent: 5s}\n")
}

func (h *house) write(name, text string) string {
	path := filepath.Join(h.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return path
}

// start runs a program that ends with the test.
func (h *house) start(program string, args ...string) *process.Process {
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), h.secret)
	p, err := process.Start(cmd)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		p.Kill()
		if h.t.Failed() {
			h.t.Logf("the end of what %s says: %s", filepath.Base(program), last(p.Output(), 1500))
		}
	})
	return p
}

func last(s string, n int) string { return s[max(0, len(s)-n):] }

// balance puts the shipped HAProxy configuration in front, on the addresses of here.
func (h *house) balance() {
	h.front = "http://" + h.gateways[0].Address()
	if _, err := exec.LookPath("haproxy"); err != nil {
		h.t.Log("haproxy is not installed: people go to the first gateway")
		return
	}
	text, err := os.ReadFile("../haproxy/haproxy.cfg")
	if err != nil {
		h.t.Fatal(err)
	}
	front := freeAddress(h.t)
	here := strings.NewReplacer("bind *:8080", "bind "+front, " resolvers compose init-addr libc,none", "", "maxconn 100000", "maxconn 1000").Replace(string(text))
	here = regexp.MustCompile(`(?m)^resolvers compose\n(    .*\n)+`).ReplaceAllString(here, "")
	for i, g := range h.gateways {
		here = strings.ReplaceAll(here, fmt.Sprintf("gateway-%d:8080", i+1), g.Address())
	}
	here = regexp.MustCompile(`(?m)^    server gateway-3 .*\n`).ReplaceAllString(here, "")
	h.start("haproxy", "-db", "-f", h.write("haproxy.cfg", here))
	h.front = "http://" + front
	h.until("the balancer has found a gateway", 30*time.Second, func() bool { return h.answers(h.front + "/healthz") })
}

// people has visitors and agents come and go.
func (h *house) people(agents int) {
	h.start(gatewaytest.Binary(h.t), "traffic", "--target", h.front, "--site-file", filepath.Join(h.dir, "site.yaml"),
		"--visitors", "20", "--agents", strconv.Itoa(cmp.Or(agents, 6)), "--pace", "8")
}

func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// watch starts Prometheus with the shipped rules, made faster.
func (h *house) watch() {
	rules, err := os.ReadFile("../prometheus/rules/nextup.yaml")
	if err != nil {
		h.t.Fatal(err)
	}
	h.write("rules.yaml", faster(string(rules), h.waitedFor, h.speed))
	config := "global: {scrape_interval: " + scrapeEvery + ", scrape_timeout: " + scrapeEvery + ", evaluation_interval: " + evaluateEvery +
		", external_labels: {runbook: 'https://runbook.test'}}\nrule_files: [rules.yaml]\nscrape_configs:\n  - job_name: nextup\n    static_configs:\n"
	for _, environment := range slices.Sorted(maps.Keys(h.targets)) {
		config += fmt.Sprintf("      - {targets: ['%s'], labels: {environment: %s}}\n", strings.Join(h.targets[environment], "', '"), environment)
	}
	h.prometheus = freeAddress(h.t)
	h.start("prometheus", "--config.file="+h.write("prometheus.yaml", config), "--storage.tsdb.path="+filepath.Join(h.dir, "tsdb"),
		"--web.listen-address="+h.prometheus, "--log.level=warn", "--enable-feature=exemplar-storage")
	h.until("Prometheus is up", time.Minute, func() bool { return h.answers("http://" + h.prometheus + "/-/ready") })
	h.until("Prometheus has asked all gateways, and nothing calls", time.Minute, func() bool {
		return len(h.query(`up{job="nextup"} == 1`)) == len(slices.Concat(slices.Collect(maps.Values(h.targets))...)) && len(h.firing(0)) == 0
	})
	h.began = time.Now()
}

// faster divides every duration of the rules; those of the alert that is waited for by its
// own speed, since what is normal for a moment would call if all were as fast.
func faster(rules, waitedFor string, speed int) string {
	const begin = "      - alert: "
	parts := strings.Split(rules, begin)
	for i, part := range parts {
		of := speedUp
		if strings.HasPrefix(part, waitedFor+"\n") {
			of = speed
		}
		parts[i] = fasterBy(part, of)
	}
	return strings.Join(parts, begin)
}

func fasterBy(rules string, speed int) string {
	shorter := func(text string) string {
		d, err := time.ParseDuration(text)
		if err != nil {
			panic(err) // the rules have passed promtool
		}
		return fmt.Sprintf("%dms", max(1000, (d/time.Duration(speed)).Milliseconds()))
	}
	rules = regexp.MustCompile(`\[(\w+)\]`).ReplaceAllStringFunc(rules, func(m string) string { return "[" + shorter(m[1:len(m)-1]) + "]" })
	return regexp.MustCompile(`(?m)^( +(?:for|interval): )(\w+)$`).ReplaceAllStringFunc(rules, func(m string) string {
		name, value, _ := strings.Cut(m, ": ")
		return name + ": " + shorter(value)
	})
}

// answers reports whether an address answers with 200.
func (h *house) answers(address string) bool {
	ctx, cancel := context.WithTimeout(h.t.Context(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}

// query asks Prometheus; one that does not answer yet has no series.
func (h *house) query(expr string) (series []map[string]string) {
	ctx, cancel := context.WithTimeout(h.t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+h.prometheus+"/api/v1/query?query="+url.QueryEscape(expr), nil)
	if err != nil {
		h.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil
	}
	defer res.Body.Close()
	var answer struct {
		Error string
		Data  struct {
			Result []struct{ Metric map[string]string }
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || answer.Error != "" {
		h.t.Fatalf("%s: %v %s", expr, err, answer.Error)
	}
	for _, r := range answer.Data.Result {
		series = append(series, r.Metric)
	}
	return series
}

// firing lists the alerts that fire, or did at any time within the range.
func (h *house) firing(within time.Duration) (all []alert) {
	expr := `ALERTS{alertstate="firing"}`
	if within > 0 {
		expr = fmt.Sprintf(`last_over_time(%s[%dms])`, expr, within.Milliseconds())
	}
	for _, labels := range h.query(expr) {
		a := alert{labels["alertname"], labels["severity"], labels["environment"]}
		if !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}

type alert struct{ name, severity, environment string }

// until waits for something to hold.
func (h *house) until(what string, within time.Duration, holds func() bool) {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), within)
	defer cancel()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			h.t.Fatalf("not within %v: %s; alerts that fire: %v", within, what, h.firing(0))
		}
	}
}
