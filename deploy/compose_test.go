package deploy

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	helmyaml "sigs.k8s.io/yaml"

	appsv1 "k8s.io/api/apps/v1"

	"nextup/test/gatewaytest"
)

type compose struct {
	Services map[string]struct {
		Image       string
		Command     []string
		Volumes     []string
		Environment map[string]string
		DependsOn   any `yaml:"depends_on"`
	}
	Volumes map[string]any
}

// flags are those that nextup serve has, and their environment variables.
func flags(t *testing.T) map[string]bool {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), gatewaytest.Binary(t), "serve", "--help").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	all := map[string]bool{}
	for _, m := range regexp.MustCompile(`--[a-z-]+|NEXTUP_[A-Z_]+`).FindAllString(string(out), -1) {
		all[m] = true
	}
	return all
}

// TestServeIsGivenFlagsThatItHas: by Compose and by the chart.
func TestServeIsGivenFlagsThatItHas(t *testing.T) {
	t.Parallel()
	has := flags(t)
	var c compose
	read(t, "compose.yaml", yaml.Unmarshal, &c)
	lines := map[string][]string{}
	for name, s := range c.Services {
		if strings.HasPrefix(name, "gateway-") {
			lines[name] = s.Command
			for variable := range s.Environment {
				lines[name] = append(lines[name], variable)
			}
		}
	}
	objects, err := render(t, everything)
	if err != nil {
		t.Fatal(err)
	}
	var d appsv1.Deployment
	if err := helmyaml.Unmarshal([]byte(objects["Deployment"]), &d); err != nil {
		t.Fatal(err)
	}
	lines["chart"] = d.Spec.Template.Spec.Containers[0].Args
	for _, e := range d.Spec.Template.Spec.Containers[0].Env {
		lines["chart"] = append(lines["chart"], e.Name)
	}
	env, err := os.ReadFile("debian/nextup.env")
	if err != nil {
		t.Fatal(err)
	}
	lines["the Debian package"] = regexp.MustCompile(`(?m)^NEXTUP_\w+`).FindAllString(string(env), -1)
	if len(lines) != 5 || len(lines["the Debian package"]) < 4 {
		t.Fatalf("three gateways, a chart and a package are expected, not %v", lines)
	}
	for where, line := range lines {
		for _, word := range line {
			flag, _, _ := strings.Cut(word, "=")
			ofSite := flag == "NEXTUP_SECRET" // their site files read it
			if (strings.HasPrefix(flag, "--") || strings.HasPrefix(flag, "NEXTUP_")) && !has[flag] && !ofSite {
				t.Errorf("%s gives nextup serve %s, which it does not have", where, flag)
			}
		}
	}
}

// TestComposeRefersToWhatIsThere: files, volumes, targets of Prometheus and of
// the balancer.
func TestComposeRefersToWhatIsThere(t *testing.T) {
	t.Parallel()
	var c compose
	read(t, "compose.yaml", yaml.Unmarshal, &c)
	for name, s := range c.Services {
		if s.Image == "" {
			t.Errorf("%s has no image", name)
		}
		for _, v := range s.Volumes {
			from, _, _ := strings.Cut(v, ":")
			_, named := c.Volumes[from]
			if _, err := os.Stat(filepath.Clean(from)); !named && err != nil {
				t.Errorf("%s mounts %s: %v", name, from, err)
			}
		}
	}
	for path, port := range map[string]string{"prometheus/prometheus.yaml": "8081", "haproxy/haproxy.cfg": "8080"} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`([\w-]+):`+port+`\b`).FindAllStringSubmatch(string(text), -1)
		gateways := 0
		for _, m := range found {
			if strings.HasPrefix(m[1], "gateway-") {
				gateways++
				if _, ok := c.Services[m[1]]; !ok {
					t.Errorf("%s: no service is called %s", path, m[1])
				}
			}
		}
		if gateways != 3 {
			t.Errorf("%s knows %d gateways of three", path, gateways)
		}
	}
}

// TestAWaitLeadsToTheTraceOfItsTicket: Prometheus keeps the ids that the gateways give it, the
// dashboard asks for them, and Grafana knows where they lead.
func TestAWaitLeadsToTheTraceOfItsTicket(t *testing.T) {
	t.Parallel()
	var c compose
	read(t, "compose.yaml", yaml.Unmarshal, &c)
	if !slices.Contains(c.Services["prometheus"].Command, "--enable-feature=exemplar-storage") {
		t.Error("Prometheus keeps no exemplars")
	}
	var sources struct {
		Datasources []struct {
			UID      string
			JSONData struct {
				ExemplarTraceIDDestinations []struct{ Name, URL string } `yaml:"exemplarTraceIdDestinations"`
			} `yaml:"jsonData"`
		}
	}
	read(t, "grafana/provisioning/datasources/prometheus.yaml", yaml.Unmarshal, &sources)
	destinations := sources.Datasources[0].JSONData.ExemplarTraceIDDestinations
	if len(destinations) != 1 || destinations[0].Name != "trace_id" || destinations[0].URL != "${NEXTUP_TRACES}$${__value.raw}" || c.Services["grafana"].Environment["NEXTUP_TRACES"] == "" {
		t.Errorf("the ids lead to %+v", destinations)
	}
	var board struct {
		Panels []struct {
			Targets []struct {
				Expr     string
				Exemplar bool
			}
		}
	}
	read(t, "grafana/dashboards/nextup.json", json.Unmarshal, &board)
	asked := 0
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			if target.Exemplar && strings.Contains(target.Expr, "nextup_wait_seconds_bucket") {
				asked++
			}
		}
	}
	if asked == 0 {
		t.Error("no panel asks for the exemplars of the waits")
	}
}

// TestTheComposeSiteIsValid asks nextup itself.
func TestTheComposeSiteIsValid(t *testing.T) {
	t.Parallel()
	cmd := exec.CommandContext(t.Context(), gatewaytest.Binary(t), "check", "site.yaml")
	cmd.Env = append(os.Environ(), "NEXTUP_SECRET="+strings.Repeat("x", 40))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
