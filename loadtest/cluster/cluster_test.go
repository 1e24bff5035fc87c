package cluster

import (
	"path/filepath"
	"testing"
)

func TestWhatDoesNotStartIsAnErrorAndLeavesNothing(t *testing.T) {
	t.Parallel()
	c, err := Start(t.Context(), Options{Binary: filepath.Join(t.TempDir(), "nothing")})
	if err == nil || c != nil {
		t.Errorf("a binary that is not there: %v, %v", c, err)
	}
}
