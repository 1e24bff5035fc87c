package session

import "testing"

// A socket that is sent elsewhere is closed once what it asked for is answered, and no
// request is taken after that.
func TestARetiringSocketAnswersWhatItHas(t *testing.T) {
	for _, asked := range []int{0, 1, 3} {
		var i inHand
		for range asked {
			if !i.begin() {
				t.Fatal("a request is refused")
			}
		}
		closed := 0
		i.stop(func() { closed++ })
		i.stop(func() { closed++ })
		if i.begin() {
			t.Error("a request is taken after the end")
		}
		for n := range asked {
			if closed != 0 {
				t.Errorf("it closes with %d requests in hand", asked-n)
			}
			i.end()
		}
		if closed != 1 {
			t.Errorf("with %d requests in hand it closes %d times", asked, closed)
		}
	}
}
