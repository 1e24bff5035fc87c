package stream

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"

	"nextup/queue"
)

// fakeNodes are other gateways, which do with a message what the test says.
type fakeNodes struct {
	hear func([]byte)
	got  func(m message, answer func(message))
}

func (f *fakeNodes) Listen(_ string, hear func([]byte)) (stop func()) {
	f.hear = hear
	return func() {}
}

func (f *fakeNodes) Send(_ context.Context, _ string, data []byte) error {
	var m message
	if err := json.Unmarshal(data, &m); err != nil {
		return err
	}
	go f.got(m, func(answer message) {
		data, _ := json.Marshal(answer)
		f.hear(data)
	})
	return nil
}

// [stream-5] A frame for a gateway that has died is answered long before its own time is
// over, so that the client opens another conn; one that lives may take as long as a command.
func TestAFrameForAGatewayThatHasDiedIsAnsweredSoon(t *testing.T) {
	for name, tt := range map[string]struct {
		got  func(m message, answer func(message))
		err  error
		want string
		most time.Duration
	}{
		"it is dead": {func(message, func(message)) {}, errNoConn, "", 3 * time.Second},
		"it lives, and the log is slow": {func(m message, answer func(message)) {
			if m.Asks {
				answer(message{Number: m.Number, Here: true})
				return
			}
			time.Sleep(5 * time.Second)
			answer(message{Number: m.Number, Frame: []byte("done")})
		}, nil, "done", 6 * time.Second},
		"it lives, and the log hangs": {func(m message, answer func(message)) {
			if m.Asks {
				answer(message{Number: m.Number, Here: true})
			}
		}, context.DeadlineExceeded, "", answerTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				nodes := &fakeNodes{got: tt.got}
				r := newRelay(func(run func()) { go run() }, nil, nodes)
				defer r.close()
				ctx, cancel := context.WithTimeout(t.Context(), answerTimeout)
				defer cancel()
				began := time.Now()
				answer, err := r.take(ctx, message{Conn: strings.Repeat("0", 32) + ".x", Frame: []byte("{}")})
				if !errors.Is(err, tt.err) || string(answer) != tt.want || time.Since(began) > tt.most {
					t.Errorf("after %s: %q, %v", time.Since(began), answer, err)
				}
			})
		})
	}
}

// A gateway that passes on what a person's command came to keeps the person's next command
// waiting for nothing, however slow the way back.
func TestTheWayBackHoldsUpNoCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		slow := &slowNodes{release: release}
		var take func(answer []byte, err error)
		r := newRelay(func(run func()) { go run() }, func(_ *message, answered func([]byte, error)) { take = answered }, slow)
		defer r.close()
		data, _ := json.Marshal(message{Number: 1, From: "other", Conn: "c"})
		slow.hear(data)
		synctest.Wait()
		done := make(chan struct{})
		go func() {
			take(nil, queue.ErrUnavailable)
			close(done)
		}()
		synctest.Wait()
		select {
		case <-done:
		default:
			t.Error("the command waits for the message to be sent")
		}
		close(release)
	})
}

// slowNodes send once they are released.
type slowNodes struct {
	hear    func([]byte)
	release chan struct{}
}

func (s *slowNodes) Listen(_ string, hear func([]byte)) (stop func()) {
	s.hear = hear
	return func() {}
}

func (s *slowNodes) Send(context.Context, string, []byte) error {
	<-s.release
	return nil
}
