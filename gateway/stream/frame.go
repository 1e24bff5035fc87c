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
	body, ok := read(w, r, protocol.MaxFrameBytes)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), answerTimeout)
	defer cancel()
	id, err := gate.Verify(ctx, token)
	if err == nil {
		_, err = gate.Admit(id, origin, r.Host)
	}
	if path := r.PathValue("site"); err == nil && path != "" && path != id.Site {
		err = auth.ErrWrongSite
	}
	if err != nil {
		admission.WriteRefusal(w, err)
		return
	}
	answer, err := s.relay.take(ctx, name, holder{id.Site, id.Role, id.Subject}, body)
	switch {
	case errors.Is(err, errNoConn):
		http.Error(w, "there is no such conn of yours: open another", http.StatusGone)
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
