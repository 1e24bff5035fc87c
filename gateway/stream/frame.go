package stream

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"nextup/app"
	"nextup/gateway/admission"
	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/internal/limits"
	"nextup/queue"
)

// answerTimeout bounds the time until a frame is answered, also by another gateway: longer
// than a command may take.
const answerTimeout = app.CommandTimeout + time.Second

// errNoConn means that the conn has ended, or that its gateway has: the client opens another.
var errNoConn = errors.New("stream: there is no such conn")

// take has one frame of a conn taken, or its events asked for, and answers with what came of
// it.
func (s *Server) take(w http.ResponseWriter, r *http.Request, name, token string) {
	began := time.Now()
	result := s.taken(w, r, name, token)
	s.metrics.posted.WithLabelValues(result).Inc()
	if result != taken || r.Header.Get(protocol.PollHeader) != "" { // a poll waits for what comes
		return
	}
	where := "here"
	if s.relay.elsewhere(name) {
		where = "elsewhere"
	}
	s.metrics.took.WithLabelValues(where).Observe(time.Since(began).Seconds())
}

// taken is take, and returns what is counted.
func (s *Server) taken(w http.ResponseWriter, r *http.Request, name, token string) (result string) {
	gate, origin := s.options.Gate, r.Header.Get("Origin")
	if !gate.KnownOrigin(origin, r.Host) {
		gate.RefuseOrigin(w, origin)
		return refused
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
		return refused
	}
	asked := message{Conn: name, By: holder{id.Site, id.Role, id.Subject}}
	var ok bool
	if asked.Frame, ok = read(w, r, protocol.MaxFrameBytes); !ok { // a stranger's is not waited for
		return refused
	}
	if asked.Poll, ok = polls(r); !ok {
		writeFrame(w, http.StatusBadRequest, protocol.Error{Code: protocol.CodeBadField, Message: "Nextup-Poll is the number of the events that have come."})
		return refused
	}
	if s.relay.elsewhere(name) {
		if err := s.mayPass(asked.By, &site.Options().Limits, len(asked.Frame)); err != nil {
			admission.WriteRefusal(w, err)
			return refused
		}
	}
	answer, err := s.relay.take(ctx, asked)
	switch {
	case errors.Is(err, errNoConn):
		writeFrame(w, http.StatusGone, protocol.Error{Code: protocol.CodeHelloFirst, Message: "There is no such conn of yours: open another."})
		return noConn
	case errors.Is(err, context.DeadlineExceeded):
		// Not 503, which balancers try again by themselves, while the client waits.
		e, _ := admission.Refusal(err)
		writeFrame(w, http.StatusGatewayTimeout, e)
		return late
	case err != nil:
		admission.WriteRefusal(w, queue.ErrUnavailable)
		return failed
	case asked.Poll > 0:
		writeEvents(w, answer)
	case answer == nil:
		w.WriteHeader(http.StatusNoContent)
	default:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		_, _ = w.Write(answer)
	}
	return taken
}

// polls returns one more than the events that a client has when it asks for more, 0 where it
// does not ask, and false for what is no number.
func polls(r *http.Request) (n uint64, ok bool) {
	text := r.Header.Get(protocol.PollHeader)
	if text == "" {
		return 0, true
	}
	n, err := strconv.ParseUint(text, 10, 63)
	return n + 1, err == nil
}

// writeEvents answers a poll.
func writeEvents(w http.ResponseWriter, events []byte) {
	w.Header().Set("Content-Type", eventStream)
	w.Header().Set("Cache-Control", noStore)
	_, _ = w.Write(events)
}

// passedTimes is how much more than a conn may send is passed on for its person.
const passedTimes = 2

// mayPass refuses what a person posts too much of for conns of other gateways: their own
// limits come after the way there, which is for all people.
func (s *Server) mayPass(by holder, most *limits.Limits, size int) error {
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
// answers it, nil for none, or the events that were asked for; or with errNoConn.
func (s *Server) takeHere(m *message, answered func(answer []byte, err error)) {
	c := s.find(m.Conn)
	if c == nil {
		answered(nil, errNoConn)
		return
	}
	c.posted.Lock()
	defer c.posted.Unlock()
	if s.find(m.Conn) != c || !c.Holder(m.By.Site, m.By.Role, m.By.Subject) || m.Poll > 0 && c.polled == nil {
		answered(nil, errNoConn)
		return
	}
	c.Heard()
	if m.Poll > 0 {
		c.polled.poll(m.Poll-1, answered)
		return
	}
	if answer, yes := c.answers.find(m.Frame); yes {
		answered(answer, nil)
		return
	}
	key := c.answers.key(m.Frame)
	c.Take(m.Frame, func(frame protocol.ServerFrame) {
		if frame == nil {
			answered(nil, nil)
			return
		}
		answer, err := protocol.Encode(frame)
		if err == nil {
			c.answers.keep(key, frame, answer)
		}
		answered(answer, err)
	})
}
