package app

import "testing"

// A process that was taken for lost knows its former names, so that another site's log
// that calls one of them lost is not answered person by person.
func TestAProcessKnowsTheNamesThatItHad(t *testing.T) {
	a := &App{node: newNode("gateway")}
	first := a.Node()
	a.node.rename(first)
	for _, name := range []string{first, a.Node()} {
		if !a.IsOwnNode(name) {
			t.Errorf("%s is not known", name)
		}
	}
	for _, name := range []string{"", "gateway-of-another"} {
		if a.IsOwnNode(name) {
			t.Errorf("%q is taken for this process's", name)
		}
	}
}
