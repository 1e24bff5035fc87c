package gateway_test

import (
	"fmt"
	"net/http"
	"testing"

	"nextup/gateway/protocol"
)

// [stream-5] A frame that was posted twice and comes a second time after a newer one is
// answered as it was, and undoes nothing.
func TestAFrameThatCameLateUndoesNothing(t *testing.T) {
	t.Parallel()
	for _, gateways := range []int{1, 2} {
		t.Run(fmt.Sprint("gateways ", gateways), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			here, _ := h.open("one")
			there := here
			if gateways == 2 {
				there, _ = h.open("two")
			}
			s := h.stream(here, h.token(protocol.Agent, "a", "en"))
			post := func(id string, status protocol.AgentStatus) protocol.ServerFrame {
				code, answer := s.post(there, `{"type":"status","id":"`+id+`","status":"`+string(status)+`"}`)
				if code != http.StatusOK {
					t.Fatalf("%s is answered with %d %+v", status, code, answer)
				}
				return answer
			}
			first := post("1", protocol.Available)
			second := post("2", protocol.Away)
			if late := post("1", protocol.Available); late != first {
				t.Errorf("answered with %+v, and late with %+v", first, late)
			}
			for {
				d := await[protocol.Desk](s)
				if d.Log >= second.(protocol.OK).Log {
					if d.Status != protocol.Away {
						t.Errorf("a frame that came late has made the agent %s", d.Status)
					}
					break
				}
			}
		})
	}
}
