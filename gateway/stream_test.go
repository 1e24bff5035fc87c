package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"nextup/gateway"
	"nextup/gateway/auth"
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

// [stream-1] [stream-2] [stream-4] A visitor without a socket lives a whole conversation:
// the place moves, what is said comes once and in order, and the answers are right, whichever
// gateway their frames come to.
func TestAVisitorWithoutASocketIsServed(t *testing.T) {
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
			first := h.come(here, protocol.Visitor, "first", "en")
			firstTicket := first.MustJoin("support")
			s := h.stream(here, h.token(protocol.Visitor, "v", "en"))
			status, answer := s.post(there, `{"type":"join","id":"1","department":"support"}`)
			ok, _ := answer.(protocol.OK)
			if status != http.StatusOK || ok.ID != "1" || ok.Ticket == "" {
				t.Fatalf("a join is answered with %d %+v", status, answer)
			}
			if got := s.place(); got.Position != 2 {
				t.Errorf("the place is %d, want 2", got.Position)
			}
			if _, err := first.Leave(h.ctx, firstTicket); err != nil {
				t.Fatal(err)
			}
			if got := s.place(); got.Position != 1 {
				t.Errorf("after the first has left the place is %d, want 1", got.Position)
			}
			if status, answer := s.post(there, `{"type":"open","id":"2","ticket":"`+ok.Ticket+`"}`); status != http.StatusOK {
				t.Fatalf("open: %d %+v", status, answer)
			}
			for i := range 3 {
				_, answer := s.post(there, fmt.Sprintf(`{"type":"send","id":"s%d","ticket":"%s","message_id":"m%d","text":"word %d"}`, i, ok.Ticket, i, i))
				if sent, _ := answer.(protocol.OK); sent.Number == 0 {
					t.Errorf("send: %+v", answer)
				}
			}
			for i := range 3 {
				if e := s.entry(); e.Text != fmt.Sprint("word ", i) {
					t.Errorf("entry %d is %q", i, e.Text)
				}
			}
			if status, answer := s.post(there, `{"type":"heartbeat"}`); status != http.StatusOK || answer.(protocol.Heartbeat).Log == 0 {
				t.Errorf("a beat: %d %+v", status, answer)
			}
			if status, _ := s.post(there, `{"type":"typing","ticket":"`+ok.Ticket+`","on":true}`); status != http.StatusNoContent {
				t.Errorf("typing: %d", status)
			}
			if _, answer := s.post(there, `{"type":"accept","id":"9","offer":"x"}`); answer.(protocol.Error).Code != protocol.CodeForbidden {
				t.Errorf("an agent's frame: %+v", answer)
			}
			if status, answer := s.post(there, `{"type":"leave","id":"3","ticket":"`+ok.Ticket+`"}`); status != http.StatusOK {
				t.Errorf("leave: %d %+v", status, answer)
			}
			if got := s.place(); got.Status != protocol.Abandoned {
				t.Errorf("in the end the ticket is %s", got.Status)
			}
		})
	}
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

// What holds for people on sockets holds for people on streams; see newHouse.
func TestWithoutASocket(t *testing.T) {
	for name, test := range map[string]func(*testing.T){
		"a whole journey":                 TestAWholeJourneyOverTwoGateways,
		"a reload keeps the place":        TestAReloadInLineKeepsThePlace,
		"what got worse is told":          TestComingBackTellsWhyThePlaceGotWorse,
		"a log that forked":               TestANumberThatTheLogDoesNotReachIsAReset,
		"an entry that was replaced":      TestResumingAfterAnEntryThatWasReplacedIsAReset,
		"two tabs":                        TestTwoTabsAreOneVisitor,
		"past the grace":                  TestPastGraceThePlaceIsGone,
		"messages once":                   TestMessagesAreSentOnce,
		"typing and reading":              TestTypingAndReadMarksReachTheOther,
		"a declined offer":                TestADeclinedOfferLeavesThePlace,
		"renewed tokens":                  TestRenewedTokensLiveOnAndOthersEnd,
		"a lost agent":                    TestAVisitorIsToldAtOnceThatTheirAgentsConnIsLost,
		"a lost gateway":                  TestTheSessionsOfALostGatewayAreInGrace,
		"a log that is away":              TestWhoWasHereWhileTheLogWasAwayKeepsThePlace,
		"a drain":                         TestADrainedGatewaySendsEverybodyElsewhereAndNobodyLosesAPlace,
		"more conversations than allowed": TestASocketFollowsABoundedNumberOfConversations,
	} {
		t.Run(name, test)
	}
}

// [stream-3] [stream-5] What cannot be a hello or a frame is refused before anything is kept
// for it, with the status of HTTP that says why.
func TestWhatIsNoHelloIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Origins = []string{"https://shop.example"} })
	url, _ := h.open("one")
	token := h.token(protocol.Visitor, "v", "en")
	s := h.stream(url, token)
	const hello = `{"type":"hello","id":"h"}`
	named := http.Header{protocol.ConnHeader: {s.welcome.Conn}}
	for name, tt := range map[string]struct {
		token, body string
		header      http.Header
		status      int
		code        protocol.Code
	}{
		"another type":              {token, hello, http.Header{"Content-Type": {"text/plain"}}, http.StatusUnsupportedMediaType, ""},
		"a form":                    {token, hello, http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}, http.StatusUnsupportedMediaType, ""},
		"no type":                   {token, hello, http.Header{"Content-Type": nil}, http.StatusUnsupportedMediaType, ""},
		"no token":                  {"", hello, nil, http.StatusUnauthorized, protocol.CodeBadToken},
		"a token as a cookie":       {"", hello, http.Header{"Cookie": {"token=" + token}}, http.StatusUnauthorized, protocol.CodeBadToken},
		"a token in the body":       {token, `{"type":"hello","id":"h","token":"` + token + `"}`, nil, http.StatusBadRequest, protocol.CodeUnknownField},
		"a stranger's page":         {token, hello, http.Header{"Origin": {"https://evil.example"}}, http.StatusForbidden, ""},
		"a frame before hello":      {token, `{"type":"heartbeat"}`, nil, http.StatusBadRequest, protocol.CodeHelloFirst},
		"no JSON":                   {token, `hello`, nil, http.StatusBadRequest, protocol.CodeBadFrame},
		"a large hello":             {token, `{"type":"hello","id":"` + strings.Repeat("x", protocol.MaxHelloBytes) + `"}`, nil, http.StatusRequestEntityTooLarge, ""},
		"a large frame":             {token, strings.Repeat(" ", protocol.MaxFrameBytes+1), named, http.StatusRequestEntityTooLarge, ""},
		"a frame of a stranger":     {"junk", `{"type":"heartbeat"}`, named, http.StatusUnauthorized, protocol.CodeBadToken},
		"a frame without a token":   {"", `{"type":"heartbeat"}`, named, http.StatusUnauthorized, protocol.CodeBadToken},
		"a frame of a strange page": {token, `{"type":"heartbeat"}`, http.Header{protocol.ConnHeader: named[protocol.ConnHeader], "Origin": {"https://evil.example"}}, http.StatusForbidden, ""},
		"a frame of another person": {h.token(protocol.Visitor, "w", "en"), `{"type":"heartbeat"}`, named, http.StatusGone, ""},
		"a frame of another role":   {h.token(protocol.Agent, "v", "en"), `{"type":"heartbeat"}`, named, http.StatusGone, ""},
		"a frame of no conn":        {token, `{"type":"heartbeat"}`, http.Header{protocol.ConnHeader: {"x.y"}}, http.StatusGone, ""},
		// A frame that cannot be taken is answered as by a socket.
		"a second hello":              {token, hello, named, http.StatusOK, protocol.CodeMissingField},
		"a conn of the listed origin": {token, `{"type":"heartbeat"}`, http.Header{protocol.ConnHeader: named[protocol.ConnHeader], "Origin": {"https://shop.example"}}, http.StatusOK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			res := h.posted(url, tt.token, tt.header, tt.body)
			data, _ := io.ReadAll(res.Body)
			var e protocol.Error
			_ = json.Unmarshal(data, &e)
			if res.StatusCode != tt.status || e.Code != tt.code {
				t.Errorf("answered with %s %s, want %d %s", res.Status, data, tt.status, tt.code)
			}
			if bytes.Contains(data, []byte(token)) {
				t.Error("the token is repeated")
			}
		})
	}
}

// [stream-3] A hello that is refused is told as by a socket: an error frame, and the close
// code of it.
func TestARefusedHelloClosesTheStream(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Limits.ConnsPerPerson = 1 })
	url, _ := h.open("one")
	token := h.token(protocol.Visitor, "v", "en")
	h.stream(url, token)
	for name, tt := range map[string]struct {
		token string
		code  protocol.Code
		close protocol.CloseCode
	}{
		"junk":          {"junk", protocol.CodeBadToken, protocol.CloseUnauthorized},
		"a second conn": {token, protocol.CodeTooMany, protocol.CloseUnavailable},
	} {
		s := h.opened(url, tt.token, `{"type":"hello","id":"h"}`)
		if e := await[protocol.Error](s); e.Code != tt.code || e.ID != "h" {
			t.Errorf("%s: %+v", name, e)
		}
		if got := s.closed(); got != tt.close {
			t.Errorf("%s: closed with %d", name, got)
		}
	}
}

// [stream-6] A client whose beats do not come is closed, also while its stream is read, and
// one that beats at another gateway is not.
func TestAStreamWithoutBeatsIsLost(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *gateway.SiteOptions) { s.VisitorHeartbeat = time.Second })
	url, _ := h.open("one")
	other, _ := h.open("two")
	silent, heard := h.stream(url, h.token(protocol.Visitor, "silent", "en")), h.stream(url, h.token(protocol.Visitor, "heard", "en"))
	done := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				heard.post(other, `{"type":"heartbeat"}`)
			case <-ended:
				return
			}
		}
	}()
	if code := silent.closed(); code != protocol.CloseHeartbeatLost {
		t.Errorf("the silent one is closed with %d", code)
	}
	// The gateway beats along, so that the client knows that the stream lives.
	for range 2 {
		await[protocol.Heartbeat](heard)
	}
	close(ended)
	<-done
}

// [stream-7] [drain-1] A gateway that leaves closes its streams with 1012, and takes none.
func TestADrainEndsStreams(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	url, g := h.open("one")
	token := h.token(protocol.Visitor, "v", "en")
	s := h.stream(url, token)
	var drained sync.WaitGroup
	drained.Go(func() { g.Drain(h.ctx, 0) })
	if code := s.closed(); code != protocol.CloseRestart {
		t.Errorf("closed with %d", code)
	}
	drained.Wait()
	if res := h.posted(url, token, nil, `{"type":"hello"}`); res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a gateway that leaves answers %s", res.Status)
	}
	if status, _ := s.post(url, `{"type":"heartbeat"}`); status != http.StatusGone {
		t.Errorf("a frame of a conn that has ended: %d", status)
	}
}

// [stream-8] A page of a listed origin may ask, and no other.
func TestBrowsersMayAskForStreams(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Origins = []string{"https://shop.example"} })
	url, _ := h.open("one")
	over := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for origin, want := range map[string]string{"https://shop.example": "https://shop.example", "https://evil.example": ""} {
		for _, path := range []string{"", "/demo"} {
			r, _ := http.NewRequestWithContext(h.ctx, http.MethodOptions, overHTTP(url)+path, nil)
			r.Header.Set("Origin", origin)
			res, err := over.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = res.Body.Close()
			head := res.Header
			if head.Get("Access-Control-Allow-Origin") != want || head.Get("Access-Control-Allow-Credentials") != "" ||
				head.Get("Access-Control-Allow-Methods") != "POST" || head.Get("Access-Control-Allow-Headers") != "Authorization, Content-Type, Nextup-Conn" {
				t.Errorf("%s%s: %v", origin, path, head)
			}
		}
	}
	res := h.posted(url, h.token(protocol.Visitor, "v", "en"), http.Header{"Origin": {"https://shop.example"}}, `{"type":"hello"}`)
	if got := res.Header.Get("Access-Control-Allow-Origin"); got != "https://shop.example" {
		t.Errorf("the stream allows %q", got)
	}
	if got := res.Header.Get("X-Accel-Buffering"); got != "no" || res.Header.Get("Cache-Control") != "no-store, no-transform" {
		t.Errorf("proxies are told %v", res.Header)
	}
}

// slowKeys verifies a token once it is told to.
type slowKeys struct {
	gateway.Verifier
	asked, answer chan struct{}
}

func (v *slowKeys) Verify(ctx context.Context, token string, now time.Time) (auth.Identity, error) {
	v.asked <- struct{}{}
	<-v.answer
	return v.Verifier.Verify(ctx, token, now)
}

// A client that goes away while its hello is looked at takes nobody's place.
func TestAStreamThatIsGivenUpDuringItsHelloLeavesNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(s *gateway.SiteOptions) { s.Limits.ConnsPerPerson = 1 })
	slow := &slowKeys{Verifier: h.keys, asked: make(chan struct{}, 9), answer: make(chan struct{})}
	h.verifier = slow
	url, _ := h.open("one")
	token := h.token(protocol.Visitor, "v", "en")
	s := h.opened(url, token, `{"type":"hello"}`)
	<-slow.asked
	_ = s.body.Close()
	for range 50 { // until the gateway has noticed, which the test cannot see
		if strings.Contains(metricsOf(t, url), "nextup_connections 0") {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	close(slow.answer)
	h.eventually("the conn is forgotten", func() bool {
		all := metricsOf(t, url)
		return strings.Contains(all, "nextup_connections 0") && strings.Contains(all, "nextup_streams 0")
	})
	h.stream(url, token)
}
