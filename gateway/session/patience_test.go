package session

import (
	"testing"
	"time"
)

// [beat-2] [stream-6] A beat that is posted may take seconds, of which a socket's takes none.
func TestABeatThatIsPostedMayComeLater(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		oneWay *OneWay
		want   time.Duration
	}{
		"by a socket": {nil, 21 * time.Second},
		"by a post":   {&OneWay{}, 25 * time.Second},
	} {
		if got := (&Conn{beats: 10 * time.Second, OneWay: tt.oneWay}).patience(); got != tt.want {
			t.Errorf("%s: lost after %s, want %s", name, got, tt.want)
		}
	}
}
