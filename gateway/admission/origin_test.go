package admission

import (
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
)

func TestARefusedPageIsNamedInTheLogOnceAMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var text strings.Builder
		g := &Gate{log: slog.New(slog.NewTextHandler(&text, nil))}
		for range 1_000 {
			g.RefuseOrigin(httptest.NewRecorder(), "https://shop.example"+strings.Repeat("x", 10_000))
		}
		if said := text.String(); strings.Count(said, "\n") != 1 || !strings.Contains(said, "origin=https://shop.example") || len(said) > 600 {
			t.Errorf("the log says %q", said)
		}
	})
}
