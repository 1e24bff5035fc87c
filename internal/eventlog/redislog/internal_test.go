package redislog

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/internal/eventlog"
	"nextup/test/redistest"
)

// header returns the names that a script's header lists under KEYS and ARGV.
func header(t *testing.T, source string) map[string][]string {
	t.Helper()
	names := map[string][]string{}
	section := ""
	line := regexp.MustCompile(`^--   ?([a-z_*]+(?: [a-z_*]+)*)(?:  .*)?$`)
	for l := range strings.Lines(source) {
		l = strings.TrimRight(l, "\n")
		switch {
		case l == "-- KEYS" || l == "-- ARGV":
			section = strings.TrimPrefix(l, "-- ")
		case strings.HasPrefix(l, "-- Returns"):
			return names
		case section != "":
			if m := line.FindStringSubmatch(l); m != nil {
				names[section] = append(names[section], strings.Fields(m[1])...)
			}
		}
	}
	t.Fatal("the header has no Returns")
	return nil
}

func TestTheHeaderOfTheCommitScriptListsWhatTheCallPasses(t *testing.T) {
	got := map[string][]string{}
	c := scriptRun{trace: func(kind, name string) { got[kind] = append(got[kind], name) }}
	c.header(false, "")
	c.encode(eventlog.Log{Name: "l", Remember: time.Second}, call{commits: []eventlog.Commit{{
		ID: "c", Reads: []eventlog.Read{{Name: "a"}}, Writes: []eventlog.Write{{Name: "a", Body: []byte{}}, {Name: "b"}}, Ranks: []eventlog.Rank{{Set: "q"}},
	}}})
	want := header(t, commitSource)
	for _, kind := range []string{"KEYS", "ARGV"} {
		if !slices.Equal(got[kind], want[kind]) {
			t.Errorf("%s: the call passes\n%v\nand the header lists\n%v", kind, got[kind], want[kind])
		}
	}
	if len(c.keys) != len(got["KEYS"]) || len(c.args) != len(got["ARGV"]) {
		t.Error("not all that is passed was traced")
	}
}

func TestTheHeaderOfTheLeaseScriptListsWhatTheCallPasses(t *testing.T) {
	want := header(t, leaseSource)
	if !slices.Equal(want["KEYS"], []string{"lease"}) || !slices.Equal(want["ARGV"], []string{"owner", "ttl"}) {
		t.Errorf("the header lists %v", want)
	}
}

func TestTheHeaderOfTheScanScriptListsWhatTheCallPasses(t *testing.T) {
	want := header(t, scanSource)
	if !slices.Equal(want["KEYS"], []string{"entities"}) || !slices.Equal(want["ARGV"], []string{"cursor", "count"}) {
		t.Errorf("the header lists %v", want)
	}
}

func TestTheTwoCommitScriptsDifferInOneFlagOnly(t *testing.T) {
	if commitScript.Hash() == freeingScript.Hash() {
		t.Fatal("the flag is missing")
	}
	if !strings.HasPrefix(commitSource, "#!lua\n") || strings.Count(commitSource, "#!lua") != 1 {
		t.Fatal("the script needs one plain shebang in its first line")
	}
}

func TestOpenDoesNotWaitForARedisThatIsTooOld(t *testing.T) {
	for text, want := range map[string]bool{
		"ERR Error compiling script (new function): user_script:1: unexpected symbol near '#'": true, // Redis 6.2
		"LOADING Redis is loading the dataset in memory":                                       false,
		"MISCONF Redis is configured to save RDB snapshots":                                    false,
	} {
		if got := permanent(errors.New(text)); got != want {
			t.Errorf("%q is hopeless: %v, want %v", text, got, want)
		}
	}
}

func TestAllKeysOfALogHaveItsHashTag(t *testing.T) {
	for _, key := range []string{
		headKey("s:a"), recordsKey("s:a"), entitiesKey("s:a"), idKey("s:a", "x{y}"),
		rankKey("s:a", "{q}"), leaseKey("s:a", "{l}"), signalsChannel("s:a", ""), signalsChannel("s:a", ":1"),
	} {
		if !strings.HasPrefix(key, "nextup:{s:a}:") {
			t.Errorf("%q is in another slot", key)
		}
	}
}

func TestDialUnderstandsEveryForm(t *testing.T) {
	hosts := []string{"h1:1", "h2:2"}
	cases := map[string]struct {
		url     string
		addrs   []string
		cluster bool
		master  string
		tls     bool
		bad     bool
	}{
		"one":                          {url: "redis://h1:1/3", addrs: hosts[:1]},
		"one, TLS":                     {url: "rediss://n:p@h1:1", addrs: hosts[:1], tls: true},
		"list":                         {url: "redis://n:p@h1:1,h2:2", addrs: hosts, cluster: true},
		"cluster":                      {url: "redis+cluster://h1:1,h2:2", addrs: hosts, cluster: true},
		"cluster of one":               {url: "redis+cluster://h1:1", addrs: hosts[:1], cluster: true},
		"cluster, TLS":                 {url: "rediss+cluster://h1:1,h2:2", addrs: hosts, cluster: true, tls: true},
		"sentinel":                     {url: "redis+sentinel://main:p@h1:1,h2:2/4", master: "main"},
		"no master":                    {url: "redis+sentinel://h1:1", bad: true},
		"other scheme":                 {url: "http://h1:1", bad: true},
		"other kind":                   {url: "redis+ring://h1:1", bad: true},
		"no scheme":                    {url: "h1:1", bad: true},
		"empty host":                   {url: "redis://h1:1,,h2:2", bad: true},
		"cluster's db":                 {url: "redis+cluster://h1:1/2", bad: true},
		"no port":                      {url: "redis://h1", addrs: []string{"h1:6379"}},
		"IPv6":                         {url: "redis://n:p@[::1]:1", addrs: []string{"[::1]:1"}},
		"password with @":              {url: "redis://n:sec@ret@h1:1", addrs: hosts[:1]},
		"password with /":              {url: "redis://n:secret/secret@h1:1", bad: true},
		"number with /":                {url: "redis://:1234/5@h1:1", bad: true},
		"password with ?":              {url: "redis://n:secret?secret@h1:1", bad: true},
		"password with #":              {url: "redis://n:secret#secret@h1:1", bad: true},
		"number with #":                {url: "redis://:1234#5@h1:1", bad: true},
		"password with %":              {url: "redis://n:secret%@h1:1", bad: true},
		"no @":                         {url: "redis://n:secret", bad: true},
		"not a database":               {url: "redis://n:secret@h1:1/secret", bad: true},
		"port of letters":              {url: "redis://n:x@h1:secret", bad: true},
		"a list with one that is none": {url: "redis://n:x@h1:1,n:secret,h2:2", bad: true},
		"bad parameter":                {url: "redis://n:secret@h1:1?nonsense=1", bad: true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			client, err := Dial(c.url)
			if c.bad {
				if err == nil || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "1234") {
					t.Fatalf("got %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			switch client := client.(type) {
			case *redis.ClusterClient:
				o := client.Options()
				if !c.cluster || !slices.Equal(o.Addrs, c.addrs) || (o.TLSConfig != nil) != c.tls ||
					!o.ContextTimeoutEnabled || o.ClusterStateReloadInterval != time.Second {
					t.Errorf("got a Cluster with %+v", o)
				}
				if c.tls && o.TLSConfig.ServerName != "" && len(c.addrs) > 1 {
					t.Error("every host is checked for the first one's name")
				}
			case *redis.Client:
				o := client.Options()
				switch {
				case c.cluster:
					t.Error("got one server")
				case !o.ContextTimeoutEnabled || o.MaxRetries != 0: // go-redis stores -1 as 0
					t.Errorf("retries %d, heeds contexts %v", o.MaxRetries, o.ContextTimeoutEnabled)
				case c.master != "" && o.Addr != "FailoverClient" || c.master == "" && o.Addr != c.addrs[0]:
					t.Errorf("got %s", o.Addr)
				case (o.TLSConfig != nil) != c.tls:
					t.Error("TLS is not as asked for")
				}
			}
		})
	}
}

func TestTheShareOfMemoryIsWhatRedisRefusesBy(t *testing.T) {
	for name, row := range map[string]struct {
		memory map[string]string
		want   float64
	}{
		"half":                       {map[string]string{"used_memory": "50", "maxmemory": "100"}, .5},
		"without replicas' buffers":  {map[string]string{"used_memory": "50", "mem_not_counted_for_evict": "20", "maxmemory": "100"}, .3},
		"more than there is":         {map[string]string{"used_memory": "120", "maxmemory": "100"}, 1},
		"no limit":                   {map[string]string{"used_memory": "50", "maxmemory": "0"}, 0},
		"a server that does not say": {nil, 0},
	} {
		if got := usedShare(row.memory); got != row.want {
			t.Errorf("%s: %v, want %v", name, got, row.want)
		}
	}
}

// Followers of a log do not hear the probe of it, or each would read its log every second.
func TestAProbeIsNoNewsOfTheLogThatItTries(t *testing.T) {
	t.Parallel()
	b, _ := openWatched(t, redistest.StartServer(t))
	log := eventlog.Log{Name: "site"}
	heard := make(chan eventlog.Signal, 10)
	defer b.Subscribe(log, func(s eventlog.Signal) { heard <- s })()
	next := func() (s eventlog.Signal) {
		select {
		case s = <-heard:
		case <-time.After(20 * time.Second):
			t.Fatal("nothing is heard")
		}
		return s
	}
	next() // the channel is confirmed
	if err := b.try(t.Context(), log.Name); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Commit(t.Context(), log, []eventlog.Commit{{ID: "c", Data: []byte("x")}}); err != nil {
		t.Fatal(err)
	}
	if s := next(); s.Pushed == nil {
		t.Errorf("before the commit's own news came %+v", s)
	}
}
