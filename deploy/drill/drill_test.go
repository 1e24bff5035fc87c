//go:build drill

package drill

import (
	"crypto/ed25519"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/test/gatewaytest"
	"nextup/test/redistest"
)

// drillCase is one way to break an installation.
type drillCase struct {
	redisArgs []string
	// args are the gateways' more, and prepare is done before they start.
	args    []string
	prepare func(h *house)
	// speed is how much shorter the times of the alert's rule are; 0 for speedUp.
	speed  int
	site   string // what the site file has more
	agents int
	// apart changes how the second gateway is started.
	apart func(h *house, o *gatewaytest.Options)
	// before is done before Prometheus looks; breaks and mends are the fault and what
	// the runbook says. A nil breaks is for a fault that is there from the start, and a
	// nil mends for one that is not mended here.
	before, breaks, mends func(h *house)
	// want is the alert, for which the rules wait so long, with what it takes to notice.
	want alert
	wait time.Duration
	// then is what may call later, when what it calls for has changed.
	then []alert
	// lasts is set for what is over by itself, and whose alert remains for a while.
	lasts time.Duration
}

// calm is how long an installation is watched before it is broken: nothing may call.
const calm = 20 * time.Second

// aftermath is how long it is watched while it is broken, and once it is mended: five
// minutes and three of the rules.
const (
	aftermath  = 60 * time.Second
	afterwards = 40 * time.Second
)

func TestDrill(t *testing.T) {
	for name, c := range map[string]drillCase{
		"a gateway is killed": {
			breaks: func(h *house) { h.gateways[1].Kill() },
			mends:  func(h *house) { h.restart(1) },
			want:   alert{"NextupGatewayDown", "warning", "prod"}, wait: time.Minute,
		},
		"both gateways are killed, beside a healthy environment": {
			before: func(h *house) { h.healthyEnvironment("staging") },
			breaks: func(h *house) { h.gateways[0].Kill(); h.gateways[1].Kill() },
			mends:  func(h *house) { h.restart(0); h.restart(1) },
			want:   alert{"NextupNoGateway", "critical", "prod"}, wait: 30 * time.Second,
		},
		"Redis is killed, beside a healthy environment": {
			before: func(h *house) { h.healthyEnvironment("staging") },
			breaks: func(h *house) { h.redis.Kill() },
			mends:  func(h *house) { h.redis.Restart(h.t) },
			want:   alert{"NextupLogUnavailable", "critical", "prod"}, wait: 30 * time.Second,
		},
		"Redis hangs": {
			breaks: func(h *house) { h.redis.Freeze() },
			mends:  func(h *house) { h.redis.Thaw() },
			want:   alert{"NextupLogUnavailable", "critical", "prod"}, wait: 30 * time.Second,
		},
		"Redis is full": {
			breaks: func(h *house) { h.fill(0.9) },
			mends:  func(h *house) { h.runbook("NextupLogFull") },
			want:   alert{"NextupLogFull", "critical", "prod"}, wait: 30 * time.Second,
		},
		"Redis is nearly full": {
			breaks: func(h *house) { h.fill(1.1) },
			mends:  func(h *house) { h.runbook("NextupLogFull") },
			want:   alert{"NextupLogNearFull", "warning", "prod"}, wait: 3 * time.Minute,
		},
		"Redis throws away what it holds": {
			breaks: func(h *house) { h.configure("maxmemory-policy", "allkeys-lru") },
			mends:  func(h *house) { h.runbook("NextupLogEvicts") },
			want:   alert{"NextupLogEvicts", "critical", "prod"}, wait: time.Minute,
		},
		"Redis forgets what it had acknowledged": {
			breaks: func(h *house) { h.admin(func(c *redis.Client) error { return c.FlushAll(h.t.Context()).Err() }) },
			mends:  func(h *house) { h.runbook("NextupLogForked") },
			want:   alert{"NextupLogForked", "warning", "prod"}, wait: 30 * time.Second, lasts: 10 * time.Minute,
		},
		"a key set cannot be fetched": keySetCase(),
		"a gateway does not get ready": {
			before: func(h *house) { h.unreadyGateway() },
			want:   alert{"NextupGatewayNotReady", "warning", "prod"}, wait: 4 * time.Minute,
		},
		"a gateway is cut off from Redis": cutOffCase(),
		"the gateways run different site files": {
			apart: func(h *house, o *gatewaytest.Options) {
				text, err := os.ReadFile(o.SiteFile)
				if err != nil {
					h.t.Fatal(err)
				}
				o.SiteFile = h.write("other.yaml", strings.Replace(string(text), "capacity: 3", "capacity: 4", 1))
			},
			speed: 30,
			want:  alert{"NextupRulesDiffer", "warning", "prod"}, wait: 16 * time.Minute,
		},
		"the gateways are of two builds": {
			apart: func(h *house, o *gatewaytest.Options) { o.Binary = h.otherBuild() },
			speed: 30,
			want:  alert{"NextupVersionsDiffer", "warning", "prod"}, wait: 61 * time.Minute,
		},
		"Redis is put back from a copy": {
			before: func(h *house) { h.commands("../../docs/backup.md", "Take a copy") },
			breaks: func(h *house) { h.commands("../../docs/backup.md", "Put it back") },
			mends:  func(h *house) { h.runbook("NextupLogForked") },
			want:   alert{"NextupLogForked", "warning", "prod"}, wait: 30 * time.Second, lasts: 10 * time.Minute,
		},
		"a stranger holds the dispatcher's lease": leaseCase(),
		"the replica of Redis is lost":            replicaCase(),
		"a gateway lags":                          lagCase(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			drill(t, c)
		})
	}
}

// drill breaks and mends, and looks at what calls.
func drill(t *testing.T, c drillCase) {
	h := newHouse(t, c)
	if c.before != nil {
		c.before(h)
	}
	h.watch()
	if c.breaks != nil {
		h.stays(calm, nil)
		c.breaks(h)
	}
	broken := time.Now()
	fires := func() bool { return slices.Contains(h.firing(0), c.want) }
	// The rule's own time, and some for noticing: a scrape, Redis's time-outs, a busy machine.
	h.until("fires: "+c.want.name, c.wait/time.Duration(h.speed)+30*time.Second, fires)
	t.Logf("%s fires %v after the fault", c.want.name, time.Since(broken).Round(100*time.Millisecond))
	expected := append(c.then, c.want)
	h.stays(aftermath, expected)
	if c.mends == nil {
		return
	}
	c.mends(h)
	mended := time.Now()
	h.until("is over: "+c.want.name, c.lasts/time.Duration(h.speed)+time.Minute, func() bool { return len(h.firing(0)) == 0 })
	t.Logf("%s is over %v after it was mended", c.want.name, time.Since(mended).Round(100*time.Millisecond))
	h.stays(afterwards, expected)
}

// stays watches for a while: only these alerts may have fired by its end, and none of
// another environment.
func (h *house) stays(d time.Duration, only []alert) {
	h.t.Helper()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-h.t.Context().Done():
	}
	for _, a := range h.firing(time.Since(h.began)) {
		if !slices.Contains(only, a) {
			h.t.Errorf("%s (%s, %s) calls as well", a.name, a.severity, a.environment)
		}
	}
}

func (h *house) restart(i int) {
	if err := h.gateways[i].Restart(); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) admin(do func(*redis.Client) error) {
	h.t.Helper()
	c := h.redis.Client()
	defer c.Close()
	if err := do(c); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) configure(name, value string) {
	h.t.Helper()
	h.admin(func(c *redis.Client) error { return c.ConfigSet(h.t.Context(), name, value).Err() })
}

// fill gives Redis so much memory, as a share of what it uses: that is so much that the
// people of a drill make no difference.
func (h *house) fill(share float64) {
	h.admin(func(c *redis.Client) error {
		if err := c.SetRange(h.t.Context(), "ballast", 64<<20, "x").Err(); err != nil {
			return err
		}
		info, err := c.InfoMap(h.t.Context(), "memory").Result()
		if err != nil {
			return err
		}
		used, err := strconv.ParseFloat(info["Memory"]["used_memory"], 64)
		if err != nil {
			return err
		}
		return c.ConfigSet(h.t.Context(), "maxmemory", strconv.FormatInt(int64(used*share), 10)).Err()
	})
}

// healthyEnvironment adds a gateway of another environment.
func (h *house) healthyEnvironment(name string) {
	o := h.options("other", "", h.siteFile("staging.yaml", ""))
	h.targets[name] = []string{address(gatewaytest.Start(h.t, o))}
}

// unreadyGateway adds one that demands what Redis does not have: a replica.
func (h *house) unreadyGateway() {
	at := freeAddress(h.t)
	h.start(gatewaytest.Binary(h.t), "serve", "--listen", at, "--redis", h.redis.URL(), "--durability", "replica",
		"--site-file", h.siteFile("unready.yaml", ""), "--node", "g3")
	h.targets["prod"] = append(h.targets["prod"], at)
}

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

// cutOffCase has the second gateway reach Redis through a link that can be cut.
func cutOffCase() drillCase {
	var l *link
	return drillCase{
		apart: func(h *house, o *gatewaytest.Options) {
			l = newLink(h.t, h.redis.Addr())
			o.Redis = "redis://" + l.listener.Addr().String()
		},
		breaks: func(*house) { l.cut.Store(true) },
		mends:  func(*house) { l.cut.Store(false) },
		want:   alert{"NextupGatewayCutOff", "critical", "prod"}, wait: 30 * time.Second,
		// Half a minute later its people have been sent to the other one.
		then: []alert{{"NextupGatewayNotReady", "warning", "prod"}},
	}
}

// leaseCase has another program take the dispatcher's lease again and again.
func leaseCase() drillCase {
	given := make(chan struct{})
	return drillCase{
		breaks: func(h *house) {
			c := h.redis.Client()
			h.t.Cleanup(func() { _ = c.Close() })
			go func() {
				tick := time.NewTicker(100 * time.Millisecond)
				defer tick.Stop()
				for {
					keys, err := c.Keys(h.t.Context(), "*:lease:*").Result()
					for i := 0; err == nil && i < len(keys); i++ {
						err = c.Set(h.t.Context(), keys[i], "a stranger", 3*time.Second).Err()
					}
					select {
					case <-tick.C:
					case <-given:
						return
					case <-h.t.Context().Done():
						return
					}
				}
			}()
		},
		mends: func(h *house) { close(given); h.runbook("NextupNoDispatcher") },
		want:  alert{"NextupNoDispatcher", "critical", "prod"}, wait: 40 * time.Second,
	}
}

// replicaCase has gateways that acknowledge nothing that no replica has.
func replicaCase() drillCase {
	var replica *redistest.Server
	return drillCase{
		redisArgs: []string{"--repl-diskless-sync-delay", "0"},
		args:      []string{"--durability", "replica"},
		prepare: func(h *house) {
			host, port, _ := net.SplitHostPort(h.redis.Addr())
			replica = redistest.StartServer(h.t, "--replicaof", host, port)
			h.until("the replica is in step", 30*time.Second, func() bool {
				c := replica.Client()
				defer c.Close()
				info, err := c.Info(h.t.Context(), "replication").Result()
				return err == nil && strings.Contains(info, "master_link_status:up")
			})
		},
		breaks: func(*house) { replica.Kill() },
		mends:  func(h *house) { replica.Restart(h.t) },
		want:   alert{"NextupLogUnavailable", "critical", "prod"}, wait: 40 * time.Second,
	}
}

// lagCase has the second gateway stand still for more than half of the time, as one that
// is given too little processor does.
func lagCase() drillCase {
	given := make(chan struct{})
	return drillCase{
		breaks: func(h *house) {
			go func() {
				defer h.gateways[1].Thaw()
				for h.t.Context().Err() == nil {
					h.gateways[1].Freeze()
					if !h.rests(1300*time.Millisecond, given) {
						return
					}
					h.gateways[1].Thaw()
					if !h.rests(700*time.Millisecond, given) {
						return
					}
				}
			}()
		},
		mends: func(*house) { close(given) },
		want:  alert{"NextupLogLag", "warning", "prod"}, wait: 8 * time.Minute,
	}
}

// rests waits, and reports whether neither the channel nor the test has ended.
func (h *house) rests(d time.Duration, ended <-chan struct{}) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ended:
	case <-h.t.Context().Done():
	}
	return false
}

// otherBuild is the same gateway as another release.
func (h *house) otherBuild() string {
	path := filepath.Join(h.dir, "other-build")
	out, err := exec.CommandContext(h.t.Context(), "go", "build", "-C", "../..", "-ldflags", "-X main.release=v0.0.0-drill", "-o", path, "./cmd/nextup").CombinedOutput()
	if err != nil {
		h.t.Fatalf("%v: %s", err, out)
	}
	return path
}

// link passes bytes on until it is cut; then it takes them and passes on none, as a
// network does that drops packets.
type link struct {
	listener net.Listener
	cut      atomic.Bool
}

func newLink(t *testing.T, to string) *link {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &link{listener: listener}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				continue
			}
			go l.pass(far, near)
			go l.pass(near, far)
		}
	}()
	return l
}

// pass ends both sides with either.
func (l *link) pass(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if l.cut.Load() {
			continue
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}
