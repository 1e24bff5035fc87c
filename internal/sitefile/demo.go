package sitefile

import (
	_ "embed"
	"slices"
)

//go:embed demo.yaml
var demo []byte

// Demo returns the text of a commented site file with one site, demo, for a
// first look and for development. Its key is public, so it is not for real
// visitors.
func Demo() []byte { return slices.Clone(demo) }
