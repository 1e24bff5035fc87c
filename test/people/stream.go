package people

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"nextup/gateway/protocol"
	"nextup/internal/cadence"
	"nextup/internal/client"
)

// resume opens the conn of an address: a socket, or for one of HTTP a stream, as in a
// network that lets no socket through.
func resume(ctx context.Context, url, token string, log uint64, on func(protocol.ServerFrame)) (*client.Conn, error) {
	if !strings.HasPrefix(url, "http") {
		return client.Resume(ctx, url, token, log, on)
	}
	s, err := openStream(ctx, url, token, log)
	if err != nil {
		return nil, err
	}
	return client.Begin(ctx, s, on)
}

// Polling is the end of an address for a client that asks for its events, as where the
// network holds streams back.
const Polling = "#poll"

// stream is the wire of a network without sockets: an event stream, or answers to polls, and
// a POST for each frame, whose answer comes where the stream's frames come.
type stream struct {
	url    string
	token  string
	over   *http.Client
	frames chan []byte
	ended  context.Context // its cause is the error of read
	end    context.CancelCauseFunc
	polls  bool
	events int // of polls; owned by receive

	mu    sync.Mutex
	name  string        // of the conn, since welcome
	known chan struct{} // closed when it is
}

// pollAgain is the pause after a poll without an answer.
const pollAgain = 100 * time.Millisecond

// errCut is the end of a stream by its own client.
var errCut = errors.New("people: the stream was cut")

// errGone is the end of a stream whose gateway has none of its conn any more.
var errGone = errors.New("people: there is no such conn")

// openStream says hello at an address of HTTP and returns the wire. Token and log are the
// hello's.
func openStream(ctx context.Context, url, token string, log uint64) (*stream, error) {
	url, polls := strings.CutSuffix(url, Polling)
	s := &stream{url: url, polls: polls, token: token, over: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2}}, frames: make(chan []byte, 16), known: make(chan struct{})}
	s.ended, s.end = context.WithCancelCause(context.Background())
	hello, err := json.Marshal(map[string]any{"type": protocol.TypeHello, "id": "hello", "log": log})
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, s.Cut)
	response, err := s.post(s.ended, hello, "", polls)
	if err == nil && response.StatusCode != http.StatusOK {
		err = refusalOf(response)
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		s.Cut()
		return nil, err
	}
	go s.receive(response.Body)
	return s, nil
}

// post sends a frame, of a conn unless it is a hello. Where it polls the answer has the events.
func (s *stream) post(ctx context.Context, frame []byte, conn string, polls bool) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(frame))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+s.token)
	request.Header.Set("Content-Type", "application/json")
	if conn != "" {
		request.Header.Set(protocol.ConnHeader, conn)
	}
	if polls {
		request.Header.Set(protocol.PollHeader, strconv.Itoa(s.events))
	}
	return s.over.Do(request)
}

// refusalOf reads an answer that has no frame for the conn.
func refusalOf(response *http.Response) error {
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, 4<<10))
	if err != nil {
		return err
	}
	if f, err := protocol.DecodeServer(text); err == nil {
		if e, ok := f.(protocol.Error); ok {
			return &client.Refused{Frame: e}
		}
	}
	return fmt.Errorf("people: %s: %s", response.Status, strings.TrimSpace(string(text)))
}

// receive reads the events until the stream ends.
func (s *stream) receive(body io.ReadCloser) {
	defer func() { _ = body.Close() }()
	lines := bufio.NewReaderSize(body, 512)
	closing := false
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && s.polls {
			var more io.ReadCloser
			if more, err = s.poll(); err == nil {
				_ = body.Close()
				body = more
				lines.Reset(body)
				continue
			}
		}
		if err != nil {
			s.end(fmt.Errorf("people: the stream ended: %w", err))
			return
		}
		data, isData := bytes.CutPrefix(bytes.TrimRight(line, "\n"), []byte("data: "))
		switch {
		case string(line) == "event: close\n":
			closing = true
		case closing && isData:
			var why struct {
				Code   websocket.StatusCode
				Reason string
			}
			if err := json.Unmarshal(data, &why); err != nil {
				s.end(err)
				return
			}
			s.end(websocket.CloseError{Code: why.Code, Reason: why.Reason})
			return
		case isData:
			s.events++
			s.pass(data)
		}
	}
}

// poll asks for what follows, again where the answer is lost.
func (s *stream) poll() (io.ReadCloser, error) {
	select {
	case <-s.known:
	case <-s.ended.Done():
		return nil, context.Cause(s.ended)
	}
	for {
		response, err := s.post(s.ended, []byte("{}"), s.named(), true)
		switch {
		case err != nil:
		case response.StatusCode == http.StatusOK:
			return response.Body, nil
		case response.StatusCode == http.StatusGone:
			_ = response.Body.Close()
			return nil, errGone
		default:
			_ = response.Body.Close()
		}
		cadence.Pause(s.ended, pollAgain)
		if s.ended.Err() != nil {
			return nil, context.Cause(s.ended)
		}
	}
}

func (s *stream) named() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.name
}

// pass has read return a frame.
func (s *stream) pass(frame []byte) {
	select {
	case s.frames <- frame:
	case <-s.ended.Done():
	}
}

// Read implements client.Wire.
func (s *stream) Read(ctx context.Context) ([]byte, error) {
	select {
	case frame := <-s.frames:
		return frame, nil
	default:
	}
	select {
	case frame := <-s.frames:
		return frame, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-s.ended.Done():
		return nil, context.Cause(s.ended)
	}
}

// Name implements client.Named.
func (s *stream) Name(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.name = name
	close(s.known)
}

// Write implements client.Wire.
func (s *stream) Write(ctx context.Context, frame []byte) error {
	response, err := s.post(ctx, frame, s.named(), false)
	if err != nil {
		return err
	}
	switch response.StatusCode {
	case http.StatusNoContent:
		return response.Body.Close()
	case http.StatusOK:
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		if err != nil {
			return err
		}
		s.pass(answer)
		return nil
	case http.StatusGone: // of the conn, and not of the request
		_ = response.Body.Close()
		s.end(errGone)
		return errGone
	}
	return refusalOf(response)
}

// Close implements client.Wire.
func (s *stream) Close() { s.Cut() }

// Cut implements client.Wire.
func (s *stream) Cut() {
	s.end(errCut)
	s.over.CloseIdleConnections()
}
