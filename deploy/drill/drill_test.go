//go:build drill

package drill

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/test/gatewaytest"
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
	h.until("all gateways are ready", 30*time.Second, h.healthy)
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
