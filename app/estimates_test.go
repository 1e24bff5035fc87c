package app

import (
	"testing"
	"time"
)

func TestALongLinesEstimatesComeLessOftenAndNotTooSeldom(t *testing.T) {
	for _, is := range []struct {
		what       string
		took, want time.Duration
	}{
		{"a quiet site", 0, 3 * time.Second},
		{"a line that is played in ten milliseconds", 10 * time.Millisecond, 3 * time.Second},
		{"ten thousand waiting", 20 * time.Millisecond, 6 * time.Second},
		{"a hundred thousand waiting", 400 * time.Millisecond, 10 * time.Second},
	} {
		if got := intervalAfter(is.took); got != is.want {
			t.Errorf("%s: the next ones wait %s, want %s", is.what, got, is.want)
		}
	}
}
