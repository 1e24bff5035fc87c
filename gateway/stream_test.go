package gateway_test

import (
	"fmt"
	"net/http"
	"testing"

	"nextup/gateway/protocol"
)

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

// What holds for people on sockets holds for people on streams, and for those who ask for
// their events; see newHouse.
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
		for _, way := range []string{"streams", "polls"} {
			t.Run(way+"/"+name, test)
		}
	}
}
