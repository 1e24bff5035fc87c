package stream

import (
	"context"
	"errors"
	"net/http"
	"time"

	"nextup/app"
	"nextup/gateway/admission"
	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/queue"
)

// answerTimeout bounds the time until a frame is answered, also by another gateway: longer
// than a command may take.
const answerTimeout = app.CommandTimeout + time.Second

// errNoConn means that the conn has ended, or that its gateway has: the client opens another.
var errNoConn = errors.New("stream: there is no such conn")

// take has one frame of a conn taken, and answers with what came of it.
func (s *Server) take(w http.ResponseWriter, r *http.Request, name, token string) {
	gate, origin := s.options.Gate, r.Header.Get("Origin")
	if !gate.KnownOrigin(origin, r.Host) {
		gate.RefuseOrigin(w, origin)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
	defer cancel()
	id, err := gate.Verify(ctx, token)
	var site *admission.Served
	if err == nil {
		site, err = gate.Admit(id, origin, r.Host)
	}
	if path := r.PathValue("site"); err == nil && path != "" && path != id.Site {
		err = auth.ErrWrongSite
	}
	if err != nil {
		admission.WriteRefusal(w, err)
		return
	}
	body, ok := read(w, r, protocol.MaxFrameBytes) // a stranger's is not waited for
	if !ok {
		return
	}
	by := holder{id.Site, id.Role, id.Subject}
	if s.relay.elsewhere(name) {
		if err := s.mayPass(by, &site.Options().Limits, len(body)); err != nil {
			admission.WriteRefusal(w, err)
			return
		}
	}
	answer, err := s.relay.take(ctx, name, by, body)
	switch {
	case errors.Is(err, errNoConn):
		http.Error(w, "there is no such conn of yours: open another", http.StatusGone)
	case errors.Is(err, context.DeadlineExceeded):
		// Not 503, which balancers try again by themselves, while the client waits.
		e, _ := admission.Refusal(err)
		writeFrame(w, http.StatusGatewayTimeout, e)
	case err != nil:
		admission.WriteRefusal(w, queue.ErrUnavailable)
	case answer == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(answer)
	}
}

// passedTimes is how much more than a conn may send is passed on for its person.
const passedTimes = 2

// mayPass refuses what a person posts too much of for conns of other gateways: their own
// limits come after the way there, which is for all people.
func (s *Server) mayPass(by holder, most *admission.Limits, size int) error {
	later := s.frames.Take(by, 1, passedTimes*most.Burst, time.Second/time.Duration(passedTimes*most.FramesPerSecond))
	if later == 0 {
		later = s.bytes.Take(by, size, passedTimes*most.ByteBurst, time.Second/time.Duration(passedTimes*most.BytesPerSecond))
	}
	if later > 0 {
		s.options.Gate.Limited(by.Site, "frames_per_person")
		return admission.TooOftenError{Later: later}
	}
	return nil
}

// holder is the person of a token.
type holder struct {
	Site    string
	Role    protocol.Role
	Subject string
}

// takeHere has the conn of a name take a frame, and calls answered once: with the frame that
// answers it, nil for none, or with errNoConn.
func (s *Server) takeHere(name string, by holder, data []byte, answered func(answer []byte, err error)) {
	c := s.find(name)
	if c == nil {
		answered(nil, errNoConn)
		return
	}
	c.posted.Lock()
	defer c.posted.Unlock()
	if s.find(name) != c || !c.Holder(by.Site, by.Role, by.Subject) {
		answered(nil, errNoConn)
		return
	}
	c.Heard()
	c.Take(data, func(frame protocol.ServerFrame) {
		if frame == nil {
			answered(nil, nil)
			return
		}
		answer, err := protocol.Encode(frame)
		answered(answer, err)
	})
}
