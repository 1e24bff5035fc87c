// Command chart packs the Helm chart as that of a release, whose image it then runs:
//
//	go run ./chart 1.4.0 ../bin/chart
package main

import (
	"fmt"
	"os"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: chart VERSION FOLDER")
		os.Exit(2)
	}
	path, err := pack("helm/nextup", os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "chart:", err)
		os.Exit(1)
	}
	fmt.Println(path)
}

// pack writes the chart of a folder as that of a version into another, and returns its path.
func pack(from, version, to string) (string, error) {
	c, err := loader.Load(from)
	if err != nil {
		return "", err
	}
	c.Metadata.Version, c.Metadata.AppVersion = version, version
	if err := os.MkdirAll(to, 0o755); err != nil {
		return "", err
	}
	return chartutil.Save(c, to)
}
