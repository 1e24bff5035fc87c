package gateway_test

import (
	"testing"

	"nextup/gateway/protocol"
)

// [request-1] [request-3] Each frame is taken from the roles that the table of requests
// names, and refused with forbidden from all others, also where the ticket is their own.
// Nothing comes of it.
func TestTheTableOfRequestsNamesTheRolesOfEachFrame(t *testing.T) {
	table := rolesOf(t)
	c := newCast(t)
	own := map[protocol.Role]string{protocol.Visitor: "v", protocol.Agent: "a", protocol.Supervisor: "s"}
	frames := map[protocol.Type]string{
		protocol.TypeJoin:        `{"type":"join","department":"none","languages":["en"]}`,
		protocol.TypeLeave:       `{"type":"leave","ticket":"$held"}`,
		protocol.TypeRate:        `{"type":"rate","ticket":"$held","score":3}`,
		protocol.TypeStatus:      `{"type":"status","status":"available"}`,
		protocol.TypeAccept:      `{"type":"accept","offer":"none"}`,
		protocol.TypeDecline:     `{"type":"decline","offer":"none"}`,
		protocol.TypeClose:       `{"type":"close","ticket":"$held"}`,
		protocol.TypeCancelClose: `{"type":"cancel_close","ticket":"$held"}`,
		protocol.TypeFinish:      `{"type":"finish","ticket":"$held"}`,
		protocol.TypeOpen:        `{"type":"open","ticket":"$held"}`,
		protocol.TypeSend:        `{"type":"send","ticket":"$held","message_id":"m","text":"x"}`,
		protocol.TypeRead:        `{"type":"read","ticket":"$held","up_to":1}`,
		protocol.TypeConsult:     `{"type":"consult","ticket":"$held","agent":"g"}`,
		protocol.TypeNote:        `{"type":"note","ticket":"$held","message_id":"n","text":"x"}`,
		protocol.TypeTransfer:    `{"type":"transfer","ticket":"$held","to":{"department":"none"}}`,
		protocol.TypeWhisper:     `{"type":"whisper","ticket":"$held","message_id":"p","text":"x"}`,
		protocol.TypeHeadStart:   `{"type":"head_start","ticket":"$line","head_start_s":1,"reason":"x"}`,
		protocol.TypePause:       `{"type":"pause","department":"trading","language":"en","paused":false}`,
	}
	unanswered := map[protocol.Type]bool{
		protocol.TypeHello: true, protocol.TypeRenew: true, protocol.TypeHeartbeat: true, protocol.TypeTyping: true,
	}
	for frame, roles := range table {
		if unanswered[frame] {
			if len(roles) != len(protocol.Roles()) {
				t.Errorf("%s is taken from every role, the table says %v", frame, roles)
			}
			continue
		}
		text, ok := frames[frame]
		if !ok {
			t.Errorf("the table has %s, which this test does not send", frame)
		}
		for role, who := range own {
			if roles[role] {
				continue // the frames of those who may are sent below
			}
			t.Run(string(role)+" "+string(frame), func(t *testing.T) {
				if e, _ := c.ask(who, text).(protocol.Error); e.Code != protocol.CodeForbidden {
					t.Errorf("answered with %+v, want %s", e, protocol.CodeForbidden)
				}
			})
		}
	}
	if number := c.must("v", `{"type":"send","ticket":"$held","message_id":"after","text":"all as before"}`).Number; number != 2 { // the first says that a came
		t.Errorf("before it are %d entries, want 1", number-1)
	}
	for frame, text := range frames {
		roles := table[frame]
		if len(roles) == 0 {
			t.Errorf("the table of requests does not have %s", frame)
		}
		if frame == protocol.TypeLeave || frame == protocol.TypeClose || frame == protocol.TypeFinish {
			continue // they end something, or there is nothing to end: they have rows elsewhere
		}
		for role := range roles {
			t.Run(string(role)+" may "+string(frame), func(t *testing.T) {
				if e, _ := c.ask(own[role], text).(protocol.Error); e.Code == protocol.CodeForbidden {
					t.Errorf("answered with %+v", e)
				}
			})
		}
	}
}

// Which tickets a frame may name is in the same table and in the rules.
func TestWhichTicketsAFrameMayName(t *testing.T) {
	c := newCast(t)
	c.check(t, []line{
		{"[consult-1]", "a guest is taken in once", "a", `{"type":"consult","ticket":"$held","agent":"g"}`, "", "", ""},
		{"[consult-1]", "a guest may not invite", "g", `{"type":"consult","ticket":"$held","agent":"b"}`, protocol.CodeForbidden, "", ""},
		{"[consult-1]", "nobody invites into a conversation that is not theirs", "b", `{"type":"consult","ticket":"$held","agent":"b"}`, protocol.CodeUnknownTicket, "", ""},
		{"[consult-1]", "an agent who is not there", "a", `{"type":"consult","ticket":"$held","agent":"nobody"}`, protocol.CodeUnknownAgent, "", "b g"},
		{"[consult-1]", "oneself", "a", `{"type":"consult","ticket":"$held","agent":"a"}`, protocol.CodeUnknownAgent, "", "b g"},
		{"[own-1]", "a guest may not close", "g", `{"type":"close","ticket":"$held"}`, protocol.CodeForbidden, "", ""},
		{"[own-1]", "nor close with time", "g", `{"type":"close","ticket":"$held","after_s":5}`, protocol.CodeForbidden, "", ""},
		{"[own-1]", "nor take a closing back", "g", `{"type":"cancel_close","ticket":"$held"}`, protocol.CodeForbidden, "", ""},
		{"[transfer-1]", "nor pass on", "g", `{"type":"transfer","ticket":"$held","to":{"department":"trading"}}`, protocol.CodeForbidden, "", ""},
		{"[finish-1]", "a guest has nothing to finish", "g", `{"type":"finish","ticket":"$held"}`, protocol.CodeUnknownTicket, "", ""},
		{"[finish-1]", "a conversation that goes on is not wrapped up", "a", `{"type":"finish","ticket":"$held"}`, protocol.CodeForbidden, "", ""},
		{"[finish-1]", "a wrap-up that is over", "a", `{"type":"finish","ticket":"$closed"}`, "", "", ""},
		{"[note-1]", "a guest writes notes", "g", `{"type":"note","ticket":"$held","message_id":"n1","text":"x"}`, "", "", ""},
		{"[note-1]", "a supervisor writes notes in any conversation", "s", `{"type":"note","ticket":"$line","message_id":"n1","text":"x"}`, "", "", ""},
		{"[whisper-1]", "a supervisor whispers in any conversation", "s", `{"type":"whisper","ticket":"$held","message_id":"n1","text":"x"}`, "", "", ""},
		{"[monitor-1]", "a supervisor opens any conversation", "s", `{"type":"open","ticket":"$line"}`, "", "", ""},
		{"[monitor-1]", "also one that has ended", "s", `{"type":"open","ticket":"$closed"}`, "", "", ""},
		{"[headstart-1]", "a ticket in line", "s", `{"type":"head_start","ticket":"$line","head_start_s":60,"reason":"x"}`, "", "", ""},
		{"[headstart-1]", "a ticket that an agent has is not in line", "s", `{"type":"head_start","ticket":"$held","head_start_s":60,"reason":"x"}`, protocol.CodeForbidden, "", ""},
		{"[reassign-1]", "a ticket in line to another line", "s", `{"type":"transfer","ticket":"$line","to":{"language":"zh"}}`, "", "", ""},
		{"[pause-1]", "a department that is none", "s", `{"type":"pause","department":"none","language":"en","paused":true}`, protocol.CodeUnknownDepartment, "", "support trading"},
		{"[pause-1]", "a language that the department lacks", "s", `{"type":"pause","department":"trading","language":"zh","paused":true}`, protocol.CodeUnknownLanguage, "", "en"},
		{"[rate-1]", "a ticket in line", "w", `{"type":"rate","ticket":"$line","score":5}`, protocol.CodeForbidden, "", ""},
		{"[rate-1]", "a ticket that was left in line", "v", `{"type":"rate","ticket":"$left","score":5}`, protocol.CodeForbidden, "", ""},
		{"[rate-1]", "a ticket that an agent has", "v", `{"type":"rate","ticket":"$held","score":5}`, "", "", ""},
		{"[rate-1]", "a ticket that has ended", "x", `{"type":"rate","ticket":"$closed","score":1,"comment":"slow"}`, "", "", ""},
		{"[leave-1]", "having left already", "v", `{"type":"leave","ticket":"$left"}`, "", "", ""},
		{"[leave-1]", "a ticket that its agent closed", "x", `{"type":"leave","ticket":"$closed"}`, protocol.CodeConversationClosed, "", ""},
		{"[desk-2]", "offline with a ticket", "a", `{"type":"status","status":"offline"}`, protocol.CodeForbidden, "", ""},
		{"[desk-2]", "offline as a guest alone", "g", `{"type":"status","status":"offline"}`, "", "", ""},
		{"[desk-2]", "which ended their part", "g", `{"type":"send","ticket":"$held","message_id":"m","text":"x"}`, protocol.CodeUnknownTicket, "", ""},
		{"[consult-2]", "so they are no guest any more", "g", `{"type":"leave","ticket":"$held"}`, protocol.CodeUnknownTicket, "", ""},
		{"[offer-1]", "an offer of another agent", "b", `{"type":"accept","offer":"$offer"}`, protocol.CodeUnknownOffer, "", ""},
		{"[offer-1]", "an offer that was none", "b", `{"type":"decline","offer":"none"}`, protocol.CodeUnknownOffer, "", ""},
	})
}

// [own-2] What has ended takes nothing more.
func TestWhatHasEndedTakesNothingMore(t *testing.T) {
	c := newCast(t)
	c.must("v", `{"type":"leave","ticket":"$held"}`)
	ended := protocol.CodeConversationClosed
	c.check(t, []line{
		{"[send-4]", "a message of the visitor's", "v", `{"type":"send","ticket":"$held","message_id":"m","text":"x"}`, ended, "", ""},
		{"[send-4]", "a message of the agent's", "a", `{"type":"send","ticket":"$held","message_id":"m","text":"x"}`, ended, "", ""},
		{"[send-4]", "a message of a supervisor's", "s", `{"type":"send","ticket":"$held","message_id":"m","text":"x"}`, ended, "", ""},
		{"[own-2]", "a note", "a", `{"type":"note","ticket":"$held","message_id":"n","text":"x"}`, ended, "", ""},
		{"[own-2]", "a whisper", "s", `{"type":"whisper","ticket":"$held","message_id":"n","text":"x"}`, ended, "", ""},
		{"[own-2]", "a read mark of the visitor's", "v", `{"type":"read","ticket":"$held","up_to":1}`, ended, "", ""},
		{"[own-2]", "a read mark of the agent's", "a", `{"type":"read","ticket":"$held","up_to":1}`, ended, "", ""},
		{"[own-2]", "an invitation", "a", `{"type":"consult","ticket":"$held","agent":"b"}`, ended, "", ""},
		{"[own-2]", "passing it on", "a", `{"type":"transfer","ticket":"$held","to":{"department":"trading"}}`, ended, "", ""},
		{"[own-2]", "passing it on as a supervisor", "s", `{"type":"transfer","ticket":"$held","to":{"department":"trading"}}`, ended, "", ""},
		{"[own-2]", "a head start", "s", `{"type":"head_start","ticket":"$held","head_start_s":1,"reason":"x"}`, ended, "", ""},
		{"[own-2]", "a close of what the visitor ended", "a", `{"type":"close","ticket":"$held"}`, ended, "", ""},
		{"[own-2]", "a close with time", "a", `{"type":"close","ticket":"$held","after_s":1}`, ended, "", ""},
		{"[own-2]", "taking a closing back", "a", `{"type":"cancel_close","ticket":"$held"}`, ended, "", ""},
		{"[own-2]", "closing again what one has closed", "a", `{"type":"close","ticket":"$closed"}`, "", "", ""},
		{"[own-2]", "reading it as its visitor", "v", `{"type":"open","ticket":"$held"}`, "", "", ""},
		{"[own-2]", "reading it as its agent", "a", `{"type":"open","ticket":"$held"}`, "", "", ""},
		{"[own-2]", "rating it", "v", `{"type":"rate","ticket":"$held","score":5}`, "", "", ""},
		{"[own-2]", "finishing it", "a", `{"type":"finish","ticket":"$held"}`, "", "", ""},
		{"[consult-2]", "the end of the ticket ends a guest's part", "g", `{"type":"leave","ticket":"$held"}`, protocol.CodeUnknownTicket, "", ""},
	})
}
