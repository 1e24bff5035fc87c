package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// scenarios are those of k6/scenarios.ts.
var scenarios = []string{"smoke", "peak_hour", "market_crash", "reconnect_storm", "rolling_restart", "agent_outage", "soak", "breakpoint"}

// settings are what the environment asks for. The amounts that only the scripts
// need (VISITORS, AGENTS, PACE, DURATION, SOCKETS_PER_VU) go to them untouched.
type settings struct {
	scenario, profile string
	targets           []string // empty: a cluster of our own
	metrics           []string // where the targets show theirs
	site, key         string
	mark              string // the language that only people of a run speak; empty: those of the site
	redis             string
	restart           string // shell command of rolling_restart on a target
	out               string // folder for the report
	binary            string // nextup; empty: built
}

func readSettings(env func(string) string) (settings, error) {
	or := func(name, otherwise string) string {
		if v := env(name); v != "" {
			return v
		}
		return otherwise
	}
	s := settings{
		scenario: or("SCENARIO", "smoke"), site: or("SITE", "demo"), key: env("TOKEN_KEY"), redis: env("REDIS"),
		mark: env("MARK"), restart: env("RESTART_COMMAND"), out: or("OUT", "results"), binary: env("NEXTUP"),
	}
	s.profile = env("PROFILE")
	if s.profile == "" && s.scenario != "smoke" {
		s.profile = "laptop"
	}
	if s.profile == "" {
		s.profile = "smoke"
	}
	if !slices.Contains(scenarios, s.scenario) {
		return s, fmt.Errorf("SCENARIO=%s: want one of %s", s.scenario, strings.Join(scenarios, ", "))
	}
	var err error
	if s.targets, err = addresses("TARGET", env("TARGET")); err != nil {
		return s, err
	}
	if s.metrics, err = addresses("METRICS", or("METRICS", env("TARGET"))); err != nil {
		return s, err
	}
	if len(s.targets) == 0 {
		if env("TARGET") != "" {
			return s, errors.New("TARGET names no gateway")
		}
		return s, nil
	}
	if id, secret, ok := strings.Cut(s.key, ":"); !ok || id == "" || secret == "" {
		return s, errors.New("TOKEN_KEY is needed with TARGET: the id and the HS256 secret of a key of the site, as KEY_ID:SECRET")
	}
	if yes := env("YES_THIS_SITE"); yes != s.site && s.mark != "" {
		return s, fmt.Errorf("a run takes room from everybody at %s, also where its people are kept apart by MARK: say that it may have it with YES_THIS_SITE=%s",
			strings.Join(s.targets, ", "), s.site)
	} else if yes != s.site {
		return s, fmt.Errorf("a run puts agents on shift who are none, and they are offered whoever waits there: the site %s of %s must have no real visitors and agents. If it has none, say so with YES_THIS_SITE=%s; if it has some, keep them apart with MARK (README.md)",
			s.site, strings.Join(s.targets, ", "), s.site)
	}
	if s.scenario == "rolling_restart" && s.restart == "" {
		return s, errors.New("rolling_restart on a TARGET needs RESTART_COMMAND, such as 'kubectl rollout restart deployment/nextup'")
	}
	return s, nil
}

// addresses reads a list of them.
func addresses(name, list string) (all []string, err error) {
	for a := range strings.SplitSeq(list, ",") {
		if a = strings.TrimRight(strings.TrimSpace(a), "/"); a != "" {
			u, err := url.Parse(a)
			if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
				return nil, fmt.Errorf("%s=%s: want http://HOST:PORT, several with commas between", name, a)
			}
			all = append(all, a)
		}
	}
	return all, nil
}
