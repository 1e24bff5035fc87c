package session

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// The wheel turns while it has a conn, looks at each when its time has come, and rests
// before the first has come and after the last has gone.
func TestTheWheelTurnsWhileItHasAConn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		w := newTimerWheel()
		var turns, looks atomic.Int64
		done := make(chan struct{})
		go func() {
			defer close(done)
			for w.wait(ctx) {
				time.Sleep(wheelStep)
				w.turn(func(*Conn) time.Duration { looks.Add(1); return time.Second })
				turns.Add(1)
			}
		}()
		for range 2 {
			time.Sleep(time.Hour)
			synctest.Wait()
			turns.Store(0)
			looks.Store(0)
			a, b := &Conn{}, &Conn{}
			for _, c := range []*Conn{a, b} {
				if !w.add(c, func() bool { return false }) {
					t.Fatal("a conn is turned away")
				}
			}
			time.Sleep(2*time.Second + wheelStep/2)
			synctest.Wait()
			if turns.Load() != 8 || looks.Load() != 4 { // at 250 and 1,250 ms
				t.Errorf("in 2 s it turns %d times and looks %d times at two conns, want 8 and 4", turns.Load(), looks.Load())
			}
			w.remove(a)
			w.remove(b)
			w.remove(b) // one that has gone already
			before := turns.Load()
			time.Sleep(time.Hour)
			synctest.Wait()
			if more := turns.Load() - before; more > 1 { // the one that it was in
				t.Errorf("without a conn it turns %d times", more)
			}
		}
		if w.add(&Conn{ref: slotRef{gone: true}}, func() bool { return false }); w.conns != 0 {
			t.Error("a conn that has gone is taken in")
		}
		if w.add(&Conn{}, func() bool { return true }) {
			t.Error("a closed wheel takes a conn in")
		}
		stop()
		<-done
	})
}
