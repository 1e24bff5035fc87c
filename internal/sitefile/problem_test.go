package sitefile_test

import (
	"strings"
	"testing"

	"nextup/internal/sitefile"
)

// TestProblemsNameTheFieldTheValueAndWhatIsAllowed changes one place of the
// small site at a time.
func TestProblemsNameTheFieldTheValueAndWhatIsAllowed(t *testing.T) {
	t.Parallel()
	const (
		slug     = "lower-case letters, digits and inner hyphens, 1 to 63 bytes"
		language = "a BCP 47 language tag, such as en, zh or pt-BR"
		origin   = `an origin as browsers send it, such as https://shop.example or capacitor://localhost, https://*.shop.example for all its subdomains, "null" in quotes for pages without an origin, or "*" for all`
		capacity = "a whole number from 1 to 50"
		sub      = "the sub of a token: 1 to 128 bytes without control characters"
		size     = "a number of bytes from 64 KiB to 16384 KiB, such as 131072, 128KiB or 1MiB"
	)
	_, keys, _ := strings.Cut(small, "  keys:\n")
	at := func(where, got, want string) string { return where + ": got " + got + "; want " + want }
	add := func(lines string) [2]string { return [2]string{"  keys:\n", lines + "\n  keys:\n"} }
	tests := []struct {
		name   string
		change [2]string
		want   string
	}{
		{"an empty file", [2]string{small, ""}, at("line 1: sites", "nothing", "a list of at least one site")},
		{"only a comment", [2]string{small, "# soon"}, at("line 1: sites", "nothing", "a list of at least one site")},
		{"no mapping at all", [2]string{small, "hello"}, at("line 1", `"hello"`, "a mapping with the fields sites")},
		{"no sites", [2]string{small, "sites: []"}, at("line 1: sites", "a list", "a list of at least one site")},
		{"an unknown top field", [2]string{"sites:", "sitez: 1\nsites:"}, `line 1: unknown field "sitez"; known: sites`},
		{"two documents", [2]string{"sites:", "---\na: 1\n---\nsites:"}, "got 2 YAML documents; want one"},
		{"not YAML", [2]string{"[en, zh]", "[en, zh"}, "line 4: not valid YAML: ',' or ']' must be specified"},
		{"not UTF-8", [2]string{"shop", "sh\xffp"}, "not valid UTF-8"},
		{"a field twice", [2]string{"- id: shop", "- id: shop\n  id: shop"}, `line 3: not valid YAML: mapping key "id" already defined at [2:3]`},
		{"an anchor", [2]string{"id: shop", "id: &x shop"}, at("line 2: sites[0].id", "a YAML anchor, alias, merge or tag", slug)},
		{"a tag", [2]string{"id: shop", "id: !!str shop"}, at("line 2: sites[0].id", "a YAML anchor, alias, merge or tag", slug)},
		{"a merge", [2]string{"id: shop", "id: shop\n  <<: {a: 1}"}, at("line 3: sites[0]", "a YAML anchor, alias, merge or tag", "a plain name before the colon")},
		{"a site that is a text", [2]string{small, "sites: [shop]"}, at("line 1: sites[0]", `"shop"`, "a mapping with the fields id, origins, languages, fallback_language, departments, visitor_tiers, urgencies, topics, sticky, transfer_hold, agents, grace, retention, heartbeat, limits, max_token_life, allow_networks, keys")},

		{"no id", [2]string{"id: shop\n  ", ""}, at("line 2: sites[0].id", "nothing", slug)},
		{"an id with capitals", [2]string{"id: shop", "id: Shop"}, at("line 2: sites[0].id", `"Shop"`, slug)},
		{"an id with a hyphen at the end", [2]string{"id: shop", "id: shop-"}, at("line 2: sites[0].id", `"shop-"`, slug)},
		{"an id with braces", [2]string{"id: shop", `id: "{shop}"`}, at("line 2: sites[0].id", `"{shop}"`, slug)},
		{"an id that is a number", [2]string{"id: shop", "id: 12"}, at("line 2: sites[0].id", "12", slug+", in quotes")},
		{"a long id", [2]string{"id: shop", "id: " + strings.Repeat("a", 70)}, at("line 2: sites[0].id", `"`+strings.Repeat("a", 64)+`"...`, slug)},
		{"an id of another site", [2]string{small, small + small[len("sites:\n"):]}, at("line 11: sites[1].id", `"shop"`, "an id that is not taken before")},

		{"an origin with a path", add("  origins: [https://a.example/x]"), at("line 6: sites[0].origins[0]", `"https://a.example/x"`, origin)},
		{"an origin with its default port, which is the same", add("  origins: ['https://a.example:443', 'https://a.example']"), at("line 6: sites[0].origins[1]", `"https://a.example"`, "each of them once")},
		{"an origin without a scheme", add("  origins: [a.example]"), at("line 6: sites[0].origins[0]", `"a.example"`, origin)},
		{"an origin with a wildcard in it", add("  origins: ['https://shop*.example']"), at("line 6: sites[0].origins[0]", `"https://shop*.example"`, origin)},
		{"an origin with a wildcard over all", add("  origins: ['https://*.co.uk']"), at("line 6: sites[0].origins[0]", `"https://*.co.uk"`, "a wildcard over a domain of your own: anyone can have a name below this one")},
		{"an empty origin", add("  origins: [~]"), at("line 6: sites[0].origins[0]", "nothing", origin)},
		{"origins that are no list", add("  origins: '*'"), at("line 6: sites[0].origins", `"*"`, "a list")},

		{"no languages", [2]string{"[en, zh]", "[]"}, at("line 3: sites[0].languages", "a list", "a list of at least one BCP 47 language tag, such as en")},
		{"an undetermined language", [2]string{"[en, zh]", "[en, und]"}, at("line 3: sites[0].languages[1]", `"und"`, language)},
		{"a language that is none", [2]string{"[en, zh]", "[en, klingonese]"}, at("line 3: sites[0].languages[1]", `"klingonese"`, language)},
		{"an empty language", [2]string{"[en, zh]", "[en, '']"}, at("line 3: sites[0].languages[1]", `""`, language)},
		{"a language twice after canonical form", [2]string{"[en, zh]", "[he, iw]"}, at("line 3: sites[0].languages[1]", `"iw"`, "each of them once")},

		{"no departments", [2]string{"departments:\n  - id: support", "departments: []"}, at("line 4: sites[0].departments", "a list", "a list of at least one department")},
		{"a department twice", [2]string{"- id: support", "- id: support\n  - id: support"}, at("line 6: sites[0].departments[1].id", `"support"`, "an id that is not taken before")},
		{"a department without a name to show", [2]string{"- id: support", "- id: support\n    name: ''"}, at("line 6: sites[0].departments[0].name", `""`, "a text of 1 to 64 bytes without control characters")},
		{"a department with no language", [2]string{"- id: support", "- id: support\n    languages: []"}, at("line 6: sites[0].departments[0].languages", "a list", "at least one of the site's languages, or no such field for all of them")},
		{"a language that the site lacks", [2]string{"- id: support", "- id: support\n    languages: [en, fr]"}, at("line 6: sites[0].departments[0].languages[1]", `"fr"`, "one of the site's languages: en, zh")},
		{"a queue limit in words", [2]string{"- id: support", "- id: support\n    queue_limit: many"}, at("line 6: sites[0].departments[0].queue_limit", `"many"`, "a whole number from 1 to 1000000")},
		{"an offer time-out of no time", [2]string{"- id: support", "- id: support\n    offer_timeout: 0s"}, at("line 6: sites[0].departments[0].offer_timeout", `"0s"`, "a duration from 1s to 10m")},

		{"a capacity over 50", add("  agents: {defaults: {capacity: 51}}"), at("line 6: sites[0].agents.defaults.capacity", "51", capacity)},
		{"a broken capacity", add("  agents: {defaults: {capacity: 2.5}}"), at("line 6: sites[0].agents.defaults.capacity", "2.5", capacity)},
		{"a huge capacity", add("  agents: {defaults: {capacity: 99999999999999999999}}"), at("line 6: sites[0].agents.defaults.capacity", `"99999999999999999999"`, capacity)},
		{"languages for all agents", add("  agents: {defaults: {languages: [en]}}"), `line 6: sites[0].agents.defaults: unknown field "languages"; known: capacity, departments, tier, skills`},
		{"a department that the site lacks", add("  agents: {known: {mei: {departments: [trading]}}}"), at("line 6: sites[0].agents.known.mei.departments[0]", `"trading"`, "one of the site's departments: support")},
		{"an agent without departments", add("  agents: {known: {mei: {departments: []}}}"), at("line 6: sites[0].agents.known.mei.departments", "a list", "at least one of the site's departments, or no such field for the default")},
		{"an agent's language that the site lacks", add("  agents: {known: {'m@x': {languages: [fr]}}}"), at(`line 6: sites[0].agents.known."m@x".languages[0]`, `"fr"`, "one of the site's languages: en, zh")},
		{"a sub that is too long", add("  agents: {known: {" + strings.Repeat("m", 129) + ": {}}}"), at(`line 6: sites[0].agents.known."`+strings.Repeat("m", 64)+`"...`, `the name "`+strings.Repeat("m", 64)+`"...`, sub)},
		{"known agents as a list", add("  agents: {known: [mei]}"), at("line 6: sites[0].agents.known", "a list", "a mapping from the sub of an agent's token to what holds for them")},

		{"a grace without a unit", add("  grace: {visitor: 60}"), at("line 6: sites[0].grace.visitor", "60", "a duration from 1s to 1h")},
		{"a grace over an hour", add("  grace: {agent: 2h}"), at("line 6: sites[0].grace.agent", `"2h"`, "a duration from 1s to 1h")},
		{"a retention under a minute", add("  retention: 59s"), at("line 6: sites[0].retention", `"59s"`, "a duration from 1m to 2160h")},
		{"a heartbeat of half seconds", add("  heartbeat: {agent: 1500ms}"), at("line 6: sites[0].heartbeat.agent", `"1500ms"`, "a duration from 1s to 5m in steps of 1s")},
		{"a byte burst under the largest frame", add("  limits: {byte_burst: 1KiB}"), at("line 6: sites[0].limits.byte_burst", `"1KiB"`, size)},
		{"no tickets at all", add("  limits: {tickets: 0}"), at("line 6: sites[0].limits.tickets", "0", "a whole number from 1 to 10000000")},
		{"no frames at all", add("  limits: {frames_per_second: 0}"), at("line 6: sites[0].limits.frames_per_second", "0", "a whole number from 1 to 1000")},
		{"a negative burst", add("  limits: {burst: -1}"), at("line 6: sites[0].limits.burst", "-1", "a whole number from 1 to 10000")},
		{"a buffer smaller than a frame", add("  limits: {outgoing_buffer: 32KiB}"), at("line 6: sites[0].limits.outgoing_buffer", `"32KiB"`, size)},
		{"a buffer in an unknown unit", add("  limits: {outgoing_buffer: 64kB}"), at("line 6: sites[0].limits.outgoing_buffer", `"64kB"`, size)},
		{"keys that are texts", [2]string{"\n" + keys, " [" + secret + "]"}, at("line 6: sites[0].keys[0]", "a text of 34 bytes", "a mapping with the fields id, algorithm, roles, secret, secret_file, secret_env, public_key_file, jwks_url")},
		{"a truth for a number", add("  limits: {burst: true}"), at("line 6: sites[0].limits.burst", "true", "a whole number from 1 to 10000")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkProblem(t, tt.change, tt.want)
		})
	}
}

// checkProblem changes the small site, and wants that one problem and no other.
func checkProblem(t *testing.T, change [2]string, want string) {
	t.Helper()
	text := strings.Replace(small, change[0], change[1], 1)
	if text == small {
		t.Fatalf("the change %q changes nothing", change[0])
	}
	_, err := sitefile.Parse([]byte(text), t.TempDir())
	if err == nil {
		t.Fatal("no problem was found")
	}
	if err.Error() != "site file: "+want {
		t.Errorf("got\n%v\nwant\nsite file: %s", err, want)
	}
	if strings.Contains(err.Error(), secret) {
		t.Errorf("the secret stands in %v", err)
	}
}
