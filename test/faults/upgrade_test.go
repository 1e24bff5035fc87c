package faults

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"time"

	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/test/gatewaytest"
	"nextup/test/oracle"
	"nextup/test/release"
)

// rollUpgrade rolls the gateways from the last release to this one, with a new site file on
// the way, back and forth again at level 0, raises the level, and has gateways come that are too old for it.
func (s *testbed) rollUpgrade() {
	today, last := gatewaytest.Binary(s), release.Binary(s)
	s.rollTo(today, s.gateways[0])
	s.reloadSiteFile()
	s.rollTo(today, s.gateways[1:]...)
	s.rollTo(last, s.gateways...)
	s.rollTo(today, s.gateways[:gatewayCount-1]...)
	if out, err := s.raiseLevel(); err == nil || !strings.Contains(out, "too old for level 1") {
		s.fail("the level is raised beside a gateway of the last release: %v\n%s", err, out)
	}
	s.rollTo(today, s.gateways[gatewayCount-1])
	if out, err := s.raiseLevel(); err != nil {
		s.fail("the level is not raised: %v\n%s", err, out)
	}
	s.mark("the level is raised")
	s.tooOld(gatewaytest.Options{Node: lateRelease, Binary: last}, "unknown schema")
	s.tooOld(gatewaytest.Options{Node: "late-level", Args: []string{"--max-level", "0"}},
		"this binary is too old for the site: the site is at level 1, and the binary knows levels up to 0")
	all := 0.0
	for _, g := range s.gateways {
		if err := g.Ready(s.Context()); err != nil {
			s.fail("at level 1: %v", err)
		}
		n, err := commits(s.Context(), g)
		if err != nil {
			s.fail("the commits of %s: %v", g.Node(), err)
		}
		all += n
	}
	if all == 0 {
		s.fail("no gateway counts what it commits")
	}
	s.wait(s.size.fault)
}

// lateRelease is the name of a gateway of the last release that comes when the level is
// above it.
const lateRelease = "late-release"

// rollTo has gateways leave one by one, and come again as another binary.
func (s *testbed) rollTo(binary string, gateways ...*gatewaytest.Gateway) {
	for _, g := range gateways {
		g.Replace(binary)
		s.terminateGateway(g)
	}
}

// reloadSiteFile changes the site file under gateways of both releases, which all take it.
func (s *testbed) reloadSiteFile() {
	text, err := os.ReadFile(s.file)
	if err != nil {
		s.Fatal(err)
	}
	changed := strings.Replace(string(text), "burst: 5000", "burst: 4000", 1)
	if changed == string(text) {
		s.Fatal("the site file has no burst to change")
	}
	if err := os.WriteFile(s.file, []byte(changed), 0o600); err != nil {
		s.Fatal(err)
	}
	s.mark("the site file is changed")
	for _, g := range s.gateways {
		g.Reload()
		for end := time.Now().Add(patience); ; s.wait(50 * time.Millisecond) {
			metrics, err := g.Metrics(s.Context())
			if err == nil && metrics[`nextup_site_file_reloads_total{result="applied"}`] > 0 {
				break
			}
			if time.Now().After(end) {
				s.fail("%s does not take the changed site file: %v", g.Node(), err)
				break
			}
		}
	}
}

// raiseLevel runs the operator's command.
func (s *testbed) raiseLevel() (out string, err error) {
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	said, err := exec.CommandContext(ctx, gatewaytest.Binary(s), "level", "raise", "--yes", "--redis", s.single.URL(), "--site-file", s.file).CombinedOutput()
	return string(said), err
}

// tooOld starts a gateway that is too old for the level: it must say so, turn people away,
// and stay alive, since a process that crashes is started again and again.
func (s *testbed) tooOld(o gatewaytest.Options, says string) {
	o.Redis, o.SiteFile = s.single.URL(), s.file
	g := gatewaytest.StartListening(s, o)
	s.mark("%s comes", g.Node())
	defer g.Kill()
	for end := time.Now().Add(patience); ; s.wait(50 * time.Millisecond) {
		err := g.Ready(s.Context())
		if err == nil {
			s.fail("%s is ready", g.Node())
			return
		}
		if strings.Contains(err.Error(), says) {
			break
		}
		if time.Now().After(end) {
			s.fail("%s does not say %q: %v", g.Node(), says, err)
			return
		}
	}
	token, err := s.site.Mint(protocol.Visitor, "late-"+g.Node(), []string{"en"})
	if err != nil {
		s.Fatal(err)
	}
	conn, err := client.Dial(s.Context(), g.Socket(), token, func(protocol.ServerFrame) {})
	var refused *client.Refused
	if err == nil {
		conn.Close()
		s.fail("%s serves a visitor", g.Node())
	} else if !errors.As(err, &refused) || refused.Frame.Code != protocol.CodeUnavailable {
		s.fail("%s turns a visitor away with %v", g.Node(), err)
	}
	s.wait(time.Second)
	select {
	case <-g.Ended():
		s.fail("%s has ended: %v", g.Node(), g.Err())
	default:
	}
	if n, err := commits(s.Context(), g); err != nil || n != 0 {
		s.fail("%s has committed %v changes: %v", g.Node(), n, err)
	}
	s.mark("%s is stopped", g.Node())
}

// commits counts the changes that a gateway has committed to the logs of its sites.
func commits(ctx context.Context, g *gatewaytest.Gateway) (n float64, err error) {
	metrics, err := g.Metrics(ctx)
	for series, v := range metrics {
		if strings.HasPrefix(series, "nextup_changes_total{") {
			n += v
		}
	}
	return n, err
}

// raisedOnce expects that the site's log has its level raised once.
func raisedOnce(s *testbed, _ []*oracle.History) {
	snapshot, err := oracle.Take(s.Context(), s.direct)
	if err != nil {
		s.Fatal(err)
	}
	raised := 0
	for _, row := range snapshot.Sites[s.site.ID].Rows {
		if strings.Contains(row.Data, `"c":"level_raised"`) {
			raised++
		}
	}
	if raised != 1 {
		s.fail("the level is raised %d times", raised)
	}
}
