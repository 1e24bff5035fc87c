package main

import (
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
	"helm.sh/helm/v3/pkg/engine"
)

// TestTheChartOfAReleaseRunsItsImage: without a tag among the values, pods are of the release
// that the chart came with.
func TestTheChartOfAReleaseRunsItsImage(t *testing.T) {
	t.Parallel()
	path, err := pack("../helm/nextup", "1.4.0-snapshot.abc1234", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c, err := loader.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	values, err := chartutil.ToRenderValues(c, map[string]any{"siteFile": "sites: []\n"}, chartutil.ReleaseOptions{Name: "chat", Namespace: "default"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	files, err := engine.Render(c, values)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`image: "nextup:1.4.0-snapshot.abc1234"`, "helm.sh/chart: nextup-1.4.0-snapshot.abc1234", `app.kubernetes.io/version: "1.4.0-snapshot.abc1234"`} {
		if !strings.Contains(files["nextup/templates/deployment.yaml"], want) {
			t.Errorf("the deployment has no %s", want)
		}
	}
	if len(c.Files) == 0 {
		t.Error("the chart has lost its alerts")
	}
	if _, err := pack("../helm/nextup", "not a version", t.TempDir()); err == nil {
		t.Error("a version that is none is taken")
	}
}
