package app

import (
	"slices"
	"testing"
)

// While gateways are replaced, the older ones make the digest of the same file in another
// way. The digests of two ways are not compared; those of one way still are.
func TestAGatewayOfAnotherReleaseHasNoOtherSiteFile(t *testing.T) {
	for name, tt := range map[string]struct {
		own  string
		said map[string]string
		want []string
	}{
		"the same file":                  {"said:a", map[string]string{"n2": "demo=said:a shop=said:b"}, nil},
		"another file":                   {"said:a", map[string]string{"n2": "demo=said:b", "n3": "demo=said:a"}, []string{"n2"}},
		"of before, whatever its file":   {"said:a", map[string]string{"n2": "demo=q83xA"}, nil},
		"of a release to come":           {"said:a", map[string]string{"n2": "demo=said2:a"}, nil},
		"of before and another file":     {"said:a", map[string]string{"n2": "demo=q83xA", "n3": "demo=said:b"}, []string{"n3"}},
		"another site's":                 {"said:a", map[string]string{"n2": "shop=said:b"}, nil},
		"two of before, as they compare": {"q83xA", map[string]string{"n2": "demo=q83xB"}, []string{"n2"}},
		"its own word":                   {"said:a", map[string]string{"n1": "demo=said:b"}, nil},
	} {
		if got := othersThan("n1", "demo", tt.own, tt.said); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %v differ, want %v", name, got, tt.want)
		}
	}
}
