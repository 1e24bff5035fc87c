//go:build drill

package drill

import (
	"os/exec"
	"path/filepath"
	"time"

	"nextup/test/gatewaytest"
)

func (h *house) restart(i int) {
	if err := h.gateways[i].Restart(); err != nil {
		h.t.Fatal(err)
	}
}

// healthyEnvironment adds a gateway of another environment.
func (h *house) healthyEnvironment(name string) {
	o := h.options("other", "", h.siteFile("staging.yaml", ""))
	h.targets[name] = []string{gatewaytest.Start(h.t, o).Admin()}
}

// unreadyGateway adds one that demands what Redis does not have: a replica.
func (h *house) unreadyGateway() {
	at := freeAddress(h.t)
	h.start(gatewaytest.Binary(h.t), "serve", "--listen", "127.0.0.1:0", "--admin", at, "--redis", h.redis.URL(), "--durability", "replica",
		"--site-file", h.siteFile("unready.yaml", ""), "--node", "g3")
	h.targets["prod"] = append(h.targets["prod"], at)
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
