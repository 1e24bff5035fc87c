package deploy

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
	"helm.sh/helm/v3/pkg/lint"
	"helm.sh/helm/v3/pkg/lint/support"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"
)

// render renders the chart and returns its objects by kind.
func render(t *testing.T, values map[string]any) (map[string]string, error) {
	t.Helper()
	c, err := loader.Load("helm/nextup")
	if err != nil {
		t.Fatal(err)
	}
	v, err := chartutil.ToRenderValues(c, values, chartutil.ReleaseOptions{Name: "chat", Namespace: "default"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	files, err := engine.Render(c, v)
	if err != nil {
		return nil, err
	}
	objects := map[string]string{}
	for _, text := range files {
		for doc := range strings.SplitSeq(text, "\n---\n") {
			var head struct{ Kind string }
			if err := yaml.Unmarshal([]byte(doc), &head); err != nil {
				t.Fatalf("%v in:\n%s", err, doc)
			}
			if head.Kind != "" {
				objects[head.Kind] = doc
			}
		}
	}
	return objects, nil
}

var everything = map[string]any{
	"siteFile":       "sites: []\n",
	"trustedProxies": []any{"10.0.0.0/8"},
	"env":            map[string]any{"NEXTUP_SECRET": map[string]any{"name": "keys", "key": "host"}},
	"monitoring":     map[string]any{"enabled": true, "runbook": "https://runbook.test/nextup", "labels": map[string]any{"release": "prometheus"}},
	"networkPolicy": map[string]any{
		"enabled":    true,
		"people":     []any{map[string]any{"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": "ingress"}}}},
		"monitoring": []any{map[string]any{"namespaceSelector": map[string]any{"matchLabels": map[string]any{"kubernetes.io/metadata.name": "monitoring"}}}},
		"egress":     []any{map[string]any{"to": []any{map[string]any{"ipBlock": map[string]any{"cidr": "10.0.0.0/8"}}}}},
	},
	"serviceAccount":    map[string]any{"annotations": map[string]any{"team": "chat"}},
	"tolerations":       []any{map[string]any{"key": "chat", "operator": "Exists", "effect": "NoSchedule"}},
	"nodeSelector":      map[string]any{"pool": "chat"},
	"affinity":          map[string]any{"nodeAffinity": map[string]any{}},
	"imagePullSecrets":  []any{map[string]any{"name": "registry"}},
	"priorityClassName": "high",
	"podAnnotations":    map[string]any{"team": "chat"},
	"ingress":           map[string]any{"enabled": true, "host": "chat.example", "className": "nginx", "tlsSecretName": "chat-tls"},
}

// TestTheChartMakesObjectsThatExist decodes each against the API's own types;
// a field that the API does not have is an error.
func TestTheChartMakesObjectsThatExist(t *testing.T) {
	t.Parallel()
	objects, err := render(t, everything)
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range exist(t, "everything", objects) {
		t.Errorf("the chart makes no %s", kind)
	}
	if !strings.Contains(objects["PrometheusRule"], "NextupLogUnavailable") {
		t.Error("the chart brings no alerts")
	}
}

// exist decodes the objects strictly, and returns the kinds that the chart can make and did not.
func exist(t *testing.T, name string, objects map[string]string) (missing []string) {
	t.Helper()
	kinds := map[string]any{
		"Deployment": new(appsv1.Deployment), "Service": new(corev1.Service), "ConfigMap": new(corev1.ConfigMap),
		"PodDisruptionBudget": new(policyv1.PodDisruptionBudget), "HorizontalPodAutoscaler": new(autoscalingv2.HorizontalPodAutoscaler),
		"Ingress": new(networkingv1.Ingress), "NetworkPolicy": new(networkingv1.NetworkPolicy), "ServiceAccount": new(corev1.ServiceAccount),
		// The Prometheus operator's types are not the API's; that they are YAML is known.
		"PodMonitor": new(map[string]any), "PrometheusRule": new(map[string]any),
	}
	for kind, text := range objects {
		if into := kinds[kind]; into == nil {
			t.Errorf("%s: a %s is nothing that the chart makes", name, kind)
		} else if err := yaml.UnmarshalStrict([]byte(text), into); err != nil {
			t.Errorf("%s: %s: %v\n%s", name, kind, err, text)
		}
	}
	for kind := range kinds {
		if objects[kind] == "" {
			missing = append(missing, kind)
		}
	}
	return slices.Sorted(slices.Values(missing))
}

// TestTheChartServesInstallationsOfManyKinds: of each file of values only the objects that it
// asks for are made, and all of them exist.
func TestTheChartServesInstallationsOfManyKinds(t *testing.T) {
	t.Parallel()
	const rarely = "Ingress NetworkPolicy PodMonitor PrometheusRule"
	for name, missing := range map[string]string{
		"least": rarely, "fixed-number": "HorizontalPodAutoscaler " + rarely, "many-pods": rarely, "sentinel": rarely,
		"behind-nginx": "NetworkPolicy PodMonitor PrometheusRule", "monitored": "Ingress NetworkPolicy",
		"second-release": "Ingress NetworkPolicy PrometheusRule", "closed-network": "Ingress PodMonitor PrometheusRule",
		"own-account": rarely + " ServiceAccount", "placed": rarely,
	} {
		values, err := chartutil.ReadValuesFile("testdata/values/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		objects, err := render(t, values)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := strings.Join(exist(t, name, objects), " "); got != missing {
			t.Errorf("%s: it does without %s, want %s", name, got, missing)
		}
		for _, m := range lint.All("helm/nextup", values, "default", true).Messages {
			if m.Severity > support.InfoSev {
				t.Errorf("%s: %v", name, m)
			}
		}
	}
}

// TestReleasesThatShareAPrometheusAreToldApart: each has its own environment, one of
// them brings the rules, and these link to where the runbook is read.
func TestReleasesThatShareAPrometheusAreToldApart(t *testing.T) {
	t.Parallel()
	monitored := func(more map[string]any) map[string]any {
		values := maps.Clone(everything)
		monitoring := maps.Clone(everything["monitoring"].(map[string]any))
		maps.Copy(monitoring, more)
		values["monitoring"] = monitoring
		return values
	}
	for name, row := range map[string]struct {
		values                  map[string]any
		environment, rules, not string
	}{
		"by default":        {nil, `replacement: "default/chat"`, `runbook_url: "https://runbook.test/nextup#nextuplogfull"`, "externalLabels"},
		"named":             {map[string]any{"environment": "prod"}, `replacement: "prod"`, "NextupLogFull", "externalLabels"},
		"without the rules": {map[string]any{"rules": false}, `replacement: "default/chat"`, "", "NextupLogFull"},
	} {
		objects, err := render(t, monitored(row.values))
		if err != nil {
			t.Fatal(err)
		}
		if got := objects["PodMonitor"]; !strings.Contains(got, "targetLabel: environment, "+row.environment) {
			t.Errorf("%s: the pods are of no environment: %s", name, got)
		}
		if got := objects["PrometheusRule"]; !strings.Contains(got, row.rules) || strings.Contains(got, row.not) {
			t.Errorf("%s: the rules are %s", name, got)
		}
	}
	if _, err := render(t, monitored(map[string]any{"runbook": ""})); err == nil || !strings.Contains(err.Error(), "monitoring.runbook is needed") {
		t.Errorf("alerts that link to nothing: %v", err)
	}
}

// TestThePodLeavesInTime: before it is killed there is time for the balancers to
// hear of it and for all of the drain.
func TestThePodLeavesInTime(t *testing.T) {
	t.Parallel()
	objects, err := render(t, everything)
	if err != nil {
		t.Fatal(err)
	}
	var d appsv1.Deployment
	if err := yaml.UnmarshalStrict([]byte(objects["Deployment"]), &d); err != nil {
		t.Fatal(err)
	}
	pod := d.Spec.Template.Spec
	c := pod.Containers[0]
	if c.Lifecycle.PreStop.Sleep.Seconds != 5 || *pod.TerminationGracePeriodSeconds != 35 || !strings.Contains(strings.Join(c.Args, " "), "--drain=20s") {
		t.Errorf("preStop %ds, drain in %v, killed after %ds", c.Lifecycle.PreStop.Sleep.Seconds, c.Args, *pod.TerminationGracePeriodSeconds)
	}
	if c.ReadinessProbe.HTTPGet.Path != "/readyz" || c.LivenessProbe.HTTPGet.Path != "/healthz" {
		t.Error("a log out of reach must make a pod unready and never dead")
	}
	if d.Spec.Replicas != nil {
		t.Error("the autoscaler and the deployment would both set the replicas")
	}
}

// TestOnlyMonitoringReachesTheAdminPort: with a policy and no client named, no other pod does.
func TestOnlyMonitoringReachesTheAdminPort(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		monitoring []any
		want       int // rules for the admin port
	}{"named": {everything["networkPolicy"].(map[string]any)["monitoring"].([]any), 1}, "nobody": {[]any{}, 0}} {
		values := maps.Clone(everything)
		values["networkPolicy"] = map[string]any{"enabled": true, "monitoring": row.monitoring}
		objects, err := render(t, values)
		if err != nil {
			t.Fatal(err)
		}
		var policy networkingv1.NetworkPolicy
		if err := yaml.UnmarshalStrict([]byte(objects["NetworkPolicy"]), &policy); err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, rule := range policy.Spec.Ingress {
			if slices.ContainsFunc(rule.Ports, func(p networkingv1.NetworkPolicyPort) bool { return p.Port.String() == "admin" }) {
				if found++; len(rule.From) == 0 {
					t.Errorf("%s: everywhere reaches the admin port", name)
				}
			}
		}
		if found != row.want {
			t.Errorf("%s: %d rules let somebody to the admin port, want %d", name, found, row.want)
		}
	}
}

// TestPodsRollWhenTheirSettingsChange: a site file, or a Secret of which a variable is set.
func TestPodsRollWhenTheirSettingsChange(t *testing.T) {
	t.Parallel()
	objects, err := render(t, everything)
	if err != nil {
		t.Fatal(err)
	}
	values := maps.Clone(everything)
	values["siteFile"] = "sites: [] # another\n"
	others, err := render(t, values)
	if err != nil {
		t.Fatal(err)
	}
	annotations := func(text string) map[string]string {
		var d appsv1.Deployment
		if err := yaml.UnmarshalStrict([]byte(text), &d); err != nil {
			t.Fatal(err)
		}
		return d.Spec.Template.Annotations
	}
	before, after := annotations(objects["Deployment"]), annotations(others["Deployment"])
	if before["checksum/site"] == after["checksum/site"] || len(before["checksum/secrets"]) != 64 || before["team"] != "chat" {
		t.Errorf("the pods' annotations are %v and %v", before, after)
	}
}

// TestTheAutoscalerAsksForWhatTheAdapterServes: and the adapter asks for what
// gateways have, with the labels that the PodMonitor adds.
func TestTheAutoscalerAsksForWhatTheAdapterServes(t *testing.T) {
	t.Parallel()
	type rule struct {
		SeriesQuery, MetricsQuery string
		Name                      struct{ As string }
	}
	var adapter struct {
		Rules struct{ Custom, External []rule }
	}
	read(t, "prometheus/adapter.yaml", func(b []byte, v any) error { return yaml.Unmarshal(b, v) }, &adapter)
	metrics := described(t)
	for name, labels := range metrics {
		metrics[name] = append(labels, "namespace", "pod")
	}
	served := func(rules []rule) (names []string) {
		for _, r := range rules {
			series, _, _ := strings.Cut(r.SeriesQuery, "{")
			names = append(names, cmp.Or(r.Name.As, series))
			query := strings.NewReplacer("<<.Series>>", series, "<<.LabelMatchers>>", `namespace="x"`, "<<.GroupBy>>", "pod").Replace(r.MetricsQuery)
			for _, q := range []string{r.SeriesQuery, query} {
				for _, problem := range unknown(q, metrics) {
					t.Errorf("%s: %s", q, problem)
				}
			}
		}
		return names
	}
	pods, external := served(adapter.Rules.Custom), served(adapter.Rules.External)
	objects, err := render(t, everything)
	if err != nil {
		t.Fatal(err)
	}
	var hpa autoscalingv2.HorizontalPodAutoscaler
	if err := yaml.UnmarshalStrict([]byte(objects["HorizontalPodAutoscaler"]), &hpa); err != nil {
		t.Fatal(err)
	}
	asked := map[string]bool{}
	for _, m := range hpa.Spec.Metrics {
		switch m.Type {
		case autoscalingv2.PodsMetricSourceType:
			asked[m.Pods.Metric.Name] = slices.Contains(pods, m.Pods.Metric.Name)
		case autoscalingv2.ExternalMetricSourceType:
			asked[m.External.Metric.Name] = slices.Contains(external, m.External.Metric.Name)
		case autoscalingv2.ResourceMetricSourceType:
		default:
			t.Errorf("the adapter serves nothing of the type %s", m.Type)
		}
	}
	if !asked["nextup_connections"] || !asked["nextup_waiting"] || len(asked) != 2 {
		t.Errorf("asked for, and whether it is served: %v", asked)
	}
}

// TestHelmFindsNothingWrong runs the rules of helm lint.
func TestHelmFindsNothingWrong(t *testing.T) {
	t.Parallel()
	for _, m := range lint.All("helm/nextup", everything, "default", true).Messages {
		if m.Severity > support.InfoSev { // an icon is recommended
			t.Error(m)
		}
	}
}

func TestAChartWithoutASiteFileIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := render(t, nil); err == nil || !strings.Contains(err.Error(), "siteFile is needed") {
		t.Errorf("got %v", err)
	}
}

// TestWhatIsCopiedIntoTheImageIsThere: no Docker is needed to see a path that is
// wrong.
func TestWhatIsCopiedIntoTheImageIsThere(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(data), "\n") {
		words := strings.Fields(line)
		if len(words) < 3 || words[0] != "COPY" || strings.HasPrefix(words[1], "--from") {
			continue
		}
		for _, path := range words[1 : len(words)-1] {
			if _, err := os.Stat(filepath.Join("..", path)); err != nil {
				t.Errorf("%s: %v", line, err)
			}
		}
	}
}
