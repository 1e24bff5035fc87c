package main

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
)

// model is the command line as it is.
func model(t *testing.T) *kong.Node {
	t.Helper()
	parser, err := newParser(&cli{}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model.Node
}

// Every flag has its variable, also one that is added tomorrow, but for those that make no
// sense there: what only asks for words, and a consent.
func TestEveryFlagHasItsEnvironmentVariable(t *testing.T) {
	t.Parallel()
	without := []string{"help", "version", "yes", "reason"}
	// What one call is about; a shell that exported it once would change what later calls mean.
	ofOneCall := map[string][]string{
		"nextup inspect tickets":      {"queue", "status", "visitor", "agent", "limit"},
		"nextup inspect conversation": {"texts", "after"},
		"nextup move":                 {"agent", "department", "language", "tier"},
		"nextup pause":                {"resume"},
		"nextup level raise":          {"to"},
	}
	seen := 0
	var visit func(n *kong.Node)
	visit = func(n *kong.Node) {
		for _, f := range n.Flags {
			seen++
			want := []string{"NEXTUP_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))}
			if slices.Contains(append(ofOneCall[n.FullPath()], without...), f.Name) {
				want = nil
			}
			if !slices.Equal(f.Envs, want) {
				t.Errorf("%s --%s has the variables %v, want %v", n.FullPath(), f.Name, f.Envs, want)
			}
		}
		for _, c := range n.Children {
			visit(c)
		}
	}
	visit(model(t))
	if seen < 40 {
		t.Errorf("only %d flags were found", seen)
	}
}

// A flag counts before its variable, a variable before the default, and a value that is not
// fit is refused wherever it stands.
func TestAFlagCountsBeforeItsVariableAndThatBeforeTheDefault(t *testing.T) {
	for name, row := range map[string]struct {
		env  string // NEXTUP_DRAIN, if not empty
		args []string
		want time.Duration // 0 for a refusal
	}{
		"nothing":          {want: 8 * time.Second},
		"the variable":     {env: "3s", want: 3 * time.Second},
		"the flag as well": {env: "3s", args: []string{"--drain", "4s"}, want: 4 * time.Second},
		"nonsense":         {env: "soon"},
	} {
		if row.env != "" {
			t.Setenv("NEXTUP_DRAIN", row.env)
		} else {
			_ = os.Unsetenv("NEXTUP_DRAIN")
		}
		var c cli
		parser, err := newParser(&c, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		_, err = parser.Parse(append([]string{"serve"}, row.args...))
		if (err != nil) != (row.want == 0) || err == nil && c.Serve.Drain != row.want {
			t.Errorf("%s: --drain is %s (%v), want %s", name, c.Serve.Drain, err, row.want)
		}
	}
}

// Compose's ${X:-}, a line NAME= of systemd and an empty value of a chart all mean that a
// setting is not given, whatever kind of flag it is.
func TestAnEmptyVariableIsNotSet(t *testing.T) {
	for _, name := range []string{"DRAIN", "DEMO", "MAX_LEVEL", "TRACE_SHARE", "LOG_FORMAT", "REDIS", "TRUSTED_PROXY", "DURABILITY"} {
		t.Setenv("NEXTUP_"+name, "")
	}
	t.Setenv("NEXTUP_HELLO_RATE", "7")
	var c cli
	parser, err := newParser(&c, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"serve"}); err != nil {
		t.Fatal(err)
	}
	s := c.Serve
	if s.Drain != 8*time.Second || s.Demo || s.MaxLevel != -1 || s.LogFormat != "text" || s.Redis != "" || s.Durability != "memory" || s.HelloRate != 7 {
		t.Errorf("the settings are %+v", s)
	}
}

// A setting that cannot be meant is refused at the start, with its name.
func TestASettingThatCannotBeMeantIsRefused(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"--drain -1s": "--drain", "--lame-duck -5s": "--lame-duck", "--hello-rate 0": "--hello-rate", "--trace-share 5": "--trace-share", "--trace-share -1": "--trace-share",
	} {
		var c cli
		parser, err := newParser(&c, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		flag, value, _ := strings.Cut(args, " ")
		if _, err := parser.Parse([]string{"serve", flag + "=" + value}); err != nil {
			t.Fatal(err)
		}
		if err := c.Serve.safe(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", args, err)
		}
	}
}

func TestAMisspeltVariableIsNamedWithWhatItMayStandFor(t *testing.T) {
	t.Parallel()
	var text bytes.Buffer
	known := variablesOf(model(t))
	known.warn(slog.New(slog.NewTextHandler(&text, nil)), []string{
		"NEXTUP_LISTEN=127.0.0.1:1", "NEXTUP_REDDIS=redis://secret@host", "NEXTUP_KEY_OF_SHOP=abc", "NEXTUP_QWXZ=1", "PATH=/bin", "NEXTUPPED=1",
	}, []string{"NEXTUP_KEY_OF_SHOP"})
	got := text.String()
	if n := strings.Count(got, "\n"); n != 2 {
		t.Errorf("%d lines are logged, want one for each of two:\n%s", n, got)
	}
	for _, want := range []string{"variable=NEXTUP_REDDIS nearest=NEXTUP_REDIS", "variable=NEXTUP_QWXZ\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "secret") {
		t.Errorf("it tells what the variable holds:\n%s", got)
	}
}
