// Package deploy proves that what operators run fits the gateway: the rules do
// what their tests say, every query reads metrics and labels that exist, every
// alert has its entry in the runbook, and what the chart and Compose pass to
// nextup is what nextup takes.
package deploy

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/prometheus/promql/parser"

	"nextup/test/gatewaytest"
	"nextup/test/redistest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	gatewaytest.Discard()
	os.Exit(code)
}

// TestRulesHoldTheirTests runs promtool: that of the system where there is one,
// since building the one that go.mod pins takes minutes.
func TestRulesHoldTheirTests(t *testing.T) {
	t.Parallel()
	promtool := []string{"promtool"}
	if _, err := exec.LookPath("promtool"); err != nil {
		promtool = []string{"go", "tool", "promtool"}
	}
	for _, args := range [][]string{
		{"check", "rules", "prometheus/rules/nextup.yaml"},
		{"check", "config", "--syntax-only", "prometheus/prometheus.yaml"},
		{"test", "rules", "prometheus/tests/nextup.yaml"},
	} {
		line := append(slices.Clone(promtool), args...)
		if out, err := exec.CommandContext(t.Context(), line[0], line[1:]...).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", strings.Join(line, " "), err, out)
		}
	}
}

type ruleFile struct {
	Groups []struct {
		Rules []struct {
			Record, Alert, Expr string
			Annotations         map[string]string
		}
	}
}

func rules(t *testing.T, glob string) (f ruleFile) {
	t.Helper()
	paths, err := filepath.Glob(glob)
	if err != nil || len(paths) == 0 {
		t.Fatalf("no rules: %v", err)
	}
	for _, path := range paths {
		var one ruleFile
		read(t, path, yaml.Unmarshal, &one)
		f.Groups = append(f.Groups, one.Groups...)
	}
	return f
}

func read(t *testing.T, path string, parse func([]byte, any) error, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = parse(data, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// described are the metrics that a gateway registers, with their labels, whether
// anything has happened yet or not: the gateway's own test keeps the list.
func described(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("prometheus/metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); !strings.HasPrefix(line, "#") {
			out[words[0]] = words[1:]
		}
	}
	return out
}

// scraped are the metrics that a real gateway on Redis shows.
func scraped(t *testing.T) map[string]float64 {
	t.Helper()
	g := gatewaytest.Start(t, gatewaytest.Options{
		Redis: redistest.StartServer(t).URL(), SiteFile: "site.yaml", Node: "scraped",
		Env: []string{"NEXTUP_SECRET=" + strings.Repeat("of a test, ", 4)},
	})
	all, err := g.Metrics(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// target are the labels that Prometheus adds. The environment is that of the
// configuration.
var target = []string{"job", "instance", "environment", "le", "__name__"}

// TestEveryQueryReadsWhatExists: of the rules and of the dashboard.
func TestEveryQueryReadsWhatExists(t *testing.T) {
	t.Parallel()
	metrics := described(t)
	for series := range scraped(t) {
		name, _, _ := strings.Cut(series, "{")
		if _, ok := metrics[name]; !ok {
			metrics[name] = nil
		}
	}
	metrics["up"] = nil
	metrics["ALERTS"] = []string{"alertname", "cause", "site", "key"}
	queries := map[string]string{}
	for _, g := range rules(t, "prometheus/rules/*.yaml").Groups {
		for _, r := range g.Rules {
			queries["rule "+r.Record+r.Alert] = r.Expr
			if r.Record != "" {
				metrics[r.Record] = grouping(t, r.Expr)
			}
		}
	}
	var board struct {
		Templating struct {
			List []struct{ Name, Type, Definition string }
		}
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	read(t, "grafana/dashboards/nextup.json", json.Unmarshal, &board)
	for _, p := range board.Panels {
		for i, q := range p.Targets {
			queries[fmt.Sprintf("panel %q, query %d", p.Title, i+1)] = strings.NewReplacer("$site", "x", "$environment", "x").Replace(q.Expr)
		}
	}
	for _, v := range board.Templating.List {
		if v.Type == "query" { // label_values(METRIC, LABEL)
			metric, label, _ := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(v.Definition, "label_values("), ")"), ", ")
			queries["variable "+v.Name] = fmt.Sprintf("count by (%s) (%s)", label, metric)
		}
	}
	if len(queries) < 40 {
		t.Fatalf("only %d queries were found", len(queries))
	}
	for _, where := range slices.Sorted(maps.Keys(queries)) {
		for _, problem := range unknown(queries[where], metrics) {
			t.Errorf("%s: %s", where, problem)
		}
	}
	if got := unknown(`sum by (nonsense) (rate(nextup_nothing_total{site="x"}[1m])) + nextup_connections{colour="red"} + nextup:waiting{place="x"}`, metrics); len(got) != 4 {
		t.Errorf("the test cannot fail: %q", got)
	}
}

// grouping are the labels that a recorded series has: all of them are sums and the
// like by some labels.
func grouping(t *testing.T, query string) (labels []string) {
	t.Helper()
	expr, err := parser.ParseExpr(query)
	if err != nil {
		t.Fatal(err)
	}
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if a, ok := n.(*parser.AggregateExpr); ok {
			labels = append(labels, a.Grouping...)
		}
		return nil
	})
	return labels
}

// TestLabelsAreBounded: each of these has its values from configuration or code.
// What people choose, an id or an address, is no label.
func TestLabelsAreBounded(t *testing.T) {
	t.Parallel()
	bounded := []string{"conn" /* here or elsewhere */, "site", "department", "language", "queue", "code", "cause", "role", "band", "position", "limit", "score", "action", "key", "log", "result", "version", "commit", "goversion"}
	for name, labels := range described(t) {
		for _, l := range labels {
			if strings.HasPrefix(name, "nextup_") && !slices.Contains(bounded, l) {
				t.Errorf("%s has the label %s: say here why its values are few", name, l)
			}
		}
	}
}

// unknown says what a query asks for that is not there.
func unknown(query string, metrics map[string][]string) (problems []string) {
	expr, err := parser.ParseExpr(query)
	if err != nil {
		return []string{err.Error()}
	}
	labels := slices.Clone(target)
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		s, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		name := s.Name
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if base, cut := strings.CutSuffix(name, suffix); cut && metrics[name] == nil {
				if _, ok := metrics[base]; ok {
					name = base
				}
			}
		}
		has, ok := metrics[name]
		if !ok {
			problems = append(problems, "no gateway has the metric "+s.Name)
			return nil
		}
		labels = append(labels, has...)
		for _, m := range s.LabelMatchers {
			if !slices.Contains(target, m.Name) && !slices.Contains(has, m.Name) {
				problems = append(problems, fmt.Sprintf("%s has no label %s", s.Name, m.Name))
			}
		}
		return nil
	})
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if a, ok := n.(*parser.AggregateExpr); ok && !a.Without {
			for _, l := range a.Grouping {
				if !slices.Contains(labels, l) {
					problems = append(problems, "nothing in it has the label "+l)
				}
			}
		}
		return nil
	})
	return problems
}

// shell is a block of commands of the runbook.
var shell = regexp.MustCompile("(?s)```sh\n(.*?)```")

// TestTheRunbooksCommandsCanBeGivenEverywhere: each form of running Nextup defines the
// commands that the entries use, and no entry names a program that only some forms have.
func TestTheRunbooksCommandsCanBeGivenEverywhere(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n## Commands\n")
	forms, entries, _ := strings.Cut(rest, "\n## Nextup")
	defined := regexp.MustCompile(`(?m)^(\w+)\(\) \{ .+; \}$`)
	var names []string
	for i, block := range shell.FindAllStringSubmatch(forms, -1) {
		var here []string
		for _, m := range defined.FindAllStringSubmatch(block[1], -1) {
			here = append(here, m[1])
		}
		if i == 0 {
			names = here
		}
		if !slices.Equal(here, names) && !slices.Equal(here, []string{"redis"}) {
			t.Errorf("form %d defines %v, the first one %v", i+1, here, names)
		}
	}
	if len(names) != 6 || strings.Contains(entries, "redis-cli") {
		t.Errorf("the forms define %v; an entry that says redis-cli fits one of them", names)
	}
	blocks := shell.FindAllStringSubmatch(rest, -1)
	if len(blocks) < 8 {
		t.Fatalf("only %d blocks of commands were found", len(blocks))
	}
	for _, block := range blocks {
		check := exec.CommandContext(t.Context(), "bash", "-n")
		check.Stdin = strings.NewReader(block[1])
		if out, err := check.CombinedOutput(); err != nil {
			t.Errorf("%v: %s in\n%s", err, out, block[1])
		}
	}
	for _, block := range shell.FindAllStringSubmatch(entries, -1) {
		for line := range strings.Lines(block[1]) {
			if command, _, _ := strings.Cut(line, " "); !slices.Contains(names, command) {
				t.Errorf("no form defines the command of %q", line)
			}
		}
	}
}

// TestTheRunbookNamesPanelsThatAreThere, in italics.
func TestTheRunbookNamesPanelsThatAreThere(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	board, err := os.ReadFile("grafana/dashboards/nextup.json")
	if err != nil {
		t.Fatal(err)
	}
	_, entries, _ := strings.Cut(string(text), "\n## ")
	entries = shell.ReplaceAllString(entries, "")
	bold := strings.NewReplacer("**", "", "\n", " ").Replace(entries)
	names := regexp.MustCompile(`\*([^*]+)\*`).FindAllStringSubmatch(bold, -1)
	if len(names) < 15 {
		t.Fatalf("only %d panels are named", len(names))
	}
	for _, m := range names {
		if !strings.Contains(string(board), `"title": "`+m[1]) {
			t.Errorf("the runbook sends to the panel %q, which the dashboard does not have", m[1])
		}
	}
}

// TestEveryAlertHasItsEntry: in the runbook, under its name, and the other way.
func TestEveryAlertHasItsEntry(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^## (Nextup\w+)$`).FindAllStringSubmatch(string(text), -1) {
		entries[m[1]] = true
	}
	tests, err := os.ReadFile("prometheus/tests/nextup.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range rules(t, "prometheus/rules/nextup.yaml").Groups {
		for _, r := range g.Rules {
			if r.Alert == "" {
				continue
			}
			if !entries[r.Alert] {
				t.Errorf("docs/runbook.md has no entry ## %s", r.Alert)
			}
			if want := "{{ $externalLabels.runbook }}#" + strings.ToLower(r.Alert); r.Annotations["runbook_url"] != want {
				t.Errorf("%s: runbook_url is %q, want %q", r.Alert, r.Annotations["runbook_url"], want)
			}
			if !strings.Contains(string(tests), "alertname: "+r.Alert+"\n") && !strings.Contains(string(tests), `alertname="`+r.Alert+`"`) {
				t.Errorf("%s has no test", r.Alert)
			}
			delete(entries, r.Alert)
		}
	}
	for left := range entries {
		t.Errorf("docs/runbook.md has an entry for %s, which is no alert", left)
	}
}
