package main

import (
	"cmp"
	"runtime/debug"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// release is the version that a build outside of the repository is of, such as that of
// an image: go build -ldflags "-X main.release=v1.2.3".
var release string

// build tells what was built.
type build struct{ version, commit, toolchain string }

// thisBuild returns what this process was built of.
func thisBuild() build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	return buildOf(info, release)
}

// buildOf returns the build of the information that the Go command leaves in it: release
// comes first, and the commit is marked if what was built is not quite it.
func buildOf(info *debug.BuildInfo, release string) build {
	b := build{version: cmp.Or(release, info.Main.Version, "unknown"), commit: "unknown", toolchain: info.GoVersion}
	modified := false
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.commit = s.Value[:min(12, len(s.Value))]
		case "vcs.modified":
			modified = s.Value == "true"
		}
	}
	if modified {
		b.commit += "+modified"
	}
	b.version = strings.TrimSuffix(b.version, "+dirty") // the commit tells that
	return b
}

// String returns the line of --version.
func (b build) String() string {
	return "nextup " + b.version + " commit " + b.commit + " " + b.toolchain
}

// measureBuild registers what runs here, so that a rollout can be watched.
func measureBuild(r *prometheus.Registry, b build) {
	info := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: "nextup", Name: "build_info", Help: "1, with the version, the commit and the Go release of this gateway.",
	}, []string{"version", "commit", "goversion"})
	info.WithLabelValues(b.version, b.commit, b.toolchain).Set(1)
	r.MustRegister(info)
}
