package gateway_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"nextup/gateway/protocol"
)

// overHTTP is the address at which people without a socket come.
func overHTTP(url string) string { return "http" + strings.TrimPrefix(url, "ws") }

// posted is a POST to the fallback that is not followed.
func (h *house) posted(url, token string, header http.Header, body string) *http.Response {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.ctx, http.MethodPost, overHTTP(url), strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	over := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := over.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

// rawStream is a stream without manners, whose frames the test posts.
type rawStream struct {
	h       *house
	lines   *bufio.Reader
	body    io.Closer
	token   string
	welcome protocol.Welcome
}

// stream opens one, which must be welcome.
func (h *house) stream(url, token string) *rawStream {
	h.t.Helper()
	s := h.opened(url, token, `{"type":"hello","id":"h"}`)
	kind, data := s.event()
	f, err := protocol.DecodeServer(data)
	var welcome bool
	if s.welcome, welcome = f.(protocol.Welcome); kind != "" || err != nil || !welcome {
		h.t.Fatalf("the first event is %s %s, %v", kind, data, err)
	}
	return s
}

func (h *house) opened(url, token, hello string) *rawStream {
	h.t.Helper()
	res := h.posted(url, token, nil, hello)
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		body, _ := io.ReadAll(res.Body)
		h.t.Fatalf("a hello is answered with %s %s %s", res.Status, res.Header.Get("Content-Type"), body)
	}
	return &rawStream{h: h, lines: bufio.NewReader(res.Body), body: res.Body, token: token}
}

// event is the next one, "end" for the stream's end.
func (s *rawStream) event() (kind string, data []byte) {
	s.h.t.Helper()
	for {
		line, err := s.lines.ReadString('\n')
		if err != nil {
			return "end", nil
		}
		switch line = strings.TrimSuffix(line, "\n"); {
		case line == "":
			return kind, data
		case strings.HasPrefix(line, "event: "):
			kind = strings.TrimPrefix(line, "event: ")
		case strings.HasPrefix(line, "data: "):
			data = []byte(strings.TrimPrefix(line, "data: "))
		}
	}
}

// closed reads to the end and returns the code that it was closed with.
func (s *rawStream) closed() protocol.CloseCode {
	s.h.t.Helper()
	for {
		kind, data := s.event()
		switch kind {
		case "end":
			s.h.t.Fatal("the stream ended without a word")
		case "close":
			var why struct {
				Code   protocol.CloseCode `json:"code"`
				Reason string             `json:"reason"`
			}
			if err := json.Unmarshal(data, &why); err != nil || why.Reason == "" {
				s.h.t.Errorf("it closes with %s: %v", data, err)
			}
			if kind, _ := s.event(); kind != "end" {
				s.h.t.Errorf("after close comes %s", kind)
			}
			return why.Code
		}
	}
}

// post posts a frame of the conn at an address, and returns the status and the answer.
func (s *rawStream) post(url, frame string) (status int, answer protocol.ServerFrame) {
	s.h.t.Helper()
	return s.postAs(url, s.token, frame)
}

func (s *rawStream) postAs(url, token, frame string) (status int, answer protocol.ServerFrame) {
	s.h.t.Helper()
	res := s.h.posted(url, token, http.Header{protocol.ConnHeader: {s.welcome.Conn}}, frame)
	data, err := io.ReadAll(res.Body)
	if err != nil {
		s.h.t.Fatal(err)
	}
	if res.Header.Get("Content-Type") == "application/json" {
		if answer, err = protocol.DecodeServer(data); err != nil {
			s.h.t.Fatalf("%s: %s: %v", res.Status, data, err)
		}
	}
	return res.StatusCode, answer
}

// place is the next ticket frame.
func (s *rawStream) place() protocol.Ticket {
	s.h.t.Helper()
	return await[protocol.Ticket](s)
}

func (s *rawStream) entry() protocol.Entry {
	s.h.t.Helper()
	return await[protocol.Entry](s)
}

// await is the next frame of a type.
func await[F protocol.ServerFrame](s *rawStream) F {
	s.h.t.Helper()
	for {
		kind, data := s.event()
		if kind != "" {
			s.h.t.Fatalf("instead of a frame comes %s %s", kind, data)
		}
		f, err := protocol.DecodeServer(data)
		if err != nil {
			s.h.t.Fatal(err)
		}
		if wanted, ok := f.(F); ok {
			return wanted
		}
	}
}
