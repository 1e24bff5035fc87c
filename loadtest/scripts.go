package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"nextup/loadtest/cluster"
	"nextup/test/process"
)

// thresholdsCrossed is k6's exit status when something it judges does not hold.
const thresholdsCrossed = 99

// scripts runs one load process of several and reads what it left.
func (d *loadRun) scripts(ctx context.Context, i, of int) (*summary, error) {
	path := filepath.Join(d.scratch, fmt.Sprintf("summary-%d.json", i))
	//nolint:noctx // it is asked to end, so that it sums up what there is
	cmd := exec.Command(d.k6, "run", "--quiet", "--no-usage-report", "--log-format", "raw", "--address", "", filepath.Join("k6", "main.ts"))
	cmd.Env = append(os.Environ(), d.environment(i, of, path)...)
	p, err := process.Start(cmd)
	if err != nil {
		return nil, err
	}
	select {
	case <-p.Ended():
	case <-ctx.Done():
		p.Terminate() // it sums up what there is
		if p.Exited(30*time.Second) != nil {
			p.Kill()
		}
		return nil, errors.New("interrupted")
	}
	var exit *exec.ExitError
	if line, ok := aborted(p.Output()); ok {
		return nil, errors.New(line)
	}
	if err := p.Err(); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != thresholdsCrossed) {
		return nil, fmt.Errorf("k6 ended with %w: %s", err, lastLine(p.Output()))
	}
	s, err := readSummary(path)
	if err != nil {
		return nil, fmt.Errorf("k6 left no summary: %w: %s", err, lastLine(p.Output()))
	}
	return s, nil
}

// environment is what the scripts are told; secrets are never on a command line.
func (d *loadRun) environment(i, of int, summary string) []string {
	env := []string{
		"SCENARIO=" + d.scenario, "PROFILE=" + d.profile, "TARGET=" + strings.Join(d.targets, ","), "SITE=" + d.site,
		fmt.Sprintf("GOGC=%d", spareMemory),
		"TOKEN_KEY=" + d.key, fmt.Sprintf("SHARE_INDEX=%d", i), fmt.Sprintf("SHARE_OF=%d", of), "SUMMARY=" + summary,
		"MARK=" + d.mark,
	}
	if d.cluster != nil {
		env = append(env, fmt.Sprintf("GRACE=%.0f", cluster.VisitorGrace.Seconds()))
	} else if d.scenario == "reconnect_storm" {
		env = append(env, "CUT_AT=70") // no proxy stands in front: the scripts cut
	}
	if i == 0 {
		env = append(env, "K6_WEB_DASHBOARD=true", "K6_WEB_DASHBOARD_PORT=-1", "K6_WEB_DASHBOARD_EXPORT="+filepath.Join(d.scratch, "dashboard.html"))
	}
	return env
}

// aborted is what the scripts say of settings that make no sense, without what k6
// says around it; see bad in k6/settings.ts.
func aborted(output string) (line string, ok bool) {
	_, line, ok = strings.Cut(lastLine(output), "test aborted: ")
	line, _, _ = strings.Cut(line, " at bad (")
	return line, ok
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return lines[len(lines)-1]
}
