package main

import (
	"runtime/debug"
	"testing"
)

func TestEachBuildSaysWhatItIs(t *testing.T) {
	vcs := func(modified string) []debug.BuildSetting {
		return []debug.BuildSetting{{Key: "vcs.revision", Value: "0123456789abcdef0123"}, {Key: "vcs.modified", Value: modified}}
	}
	for name, row := range map[string]struct {
		info    debug.BuildInfo
		release string
		want    string
	}{
		"of a clean commit": {debug.BuildInfo{GoVersion: "go1.26", Main: debug.Module{Version: "v0.1.1-0.2026-0123456789ab"}, Settings: vcs("false")}, "",
			"nextup v0.1.1-0.2026-0123456789ab commit 0123456789ab go1.26"},
		"with changes": {debug.BuildInfo{GoVersion: "go1.26", Main: debug.Module{Version: "v0.1.0+dirty"}, Settings: vcs("true")}, "",
			"nextup v0.1.0 commit 0123456789ab+modified go1.26"},
		"of an image, without a repository": {debug.BuildInfo{GoVersion: "go1.26", Main: debug.Module{Version: "(devel)"}}, "v0.2.0",
			"nextup v0.2.0 commit unknown go1.26"},
		"of nothing that is known": {debug.BuildInfo{GoVersion: "go1.26"}, "", "nextup unknown commit unknown go1.26"},
	} {
		if got := buildOf(&row.info, row.release).String(); got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
}
