package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"nextup/test/redistest"
)

// metricsFile lists every metric of our own with its labels. What operators run is held
// against it, in package deploy.
const metricsFile = "../../deploy/prometheus/metrics.txt"

func TestTheListOfMetricsForOperatorsIsComplete(t *testing.T) {
	app := newApp(t, redistest.Start(t))
	t.Cleanup(func() { _ = app.Close() })
	described := make(chan *prometheus.Desc, 1000)
	app.registry.Describe(described)
	close(described)
	form := regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)
	var lines []string
	for d := range described {
		m := form.FindStringSubmatch(d.String())
		if m == nil {
			t.Fatalf("%s is described in a form that this test does not know", d)
		}
		if !strings.HasPrefix(m[1], "nextup_") {
			continue // the Go runtime's, which differ by its version
		}
		labels := strings.FieldsFunc(m[2], func(r rune) bool { return r == ',' || r == ' ' })
		lines = append(lines, strings.TrimSpace(fmt.Sprintln(m[1], strings.Join(labels, " "))))
	}
	slices.Sort(lines)
	want := "# Every metric of a gateway's own and its labels. NEXTUP_UPDATE=1 go test ./cmd/nextup -run ListOfMetrics writes it.\n" + strings.Join(lines, "\n") + "\n"
	if os.Getenv("NEXTUP_UPDATE") != "" {
		if err := os.WriteFile(metricsFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	listed, err := os.ReadFile(metricsFile)
	if err != nil || string(listed) != want {
		t.Errorf("%s is not what a gateway has; NEXTUP_UPDATE=1 writes it (%v)", metricsFile, err)
	}
}
