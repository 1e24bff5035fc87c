package sitefile

import (
	_ "embed"
	"slices"
)

//go:embed demo.yaml
var demo []byte

// Demo returns the text of a commented site file with one site, demo, for a
// first look and for development. Its key is public: serve nobody with it.
func Demo() []byte { return slices.Clone(demo) }
