package gateway_test

import (
	"fmt"
	"testing"

	"nextup/gateway"
	"nextup/gateway/protocol"
)

// [request-2] Each request may be repeated on another socket of another gateway: it is
// answered as the first was, and has happened once.
func TestARequestThatIsRepeatedElsewhereHappensOnce(t *testing.T) {
	c := newCast(t, func(s *gateway.SiteOptions) { s.Rules.Departments[1].WrapUp = 600_000 })
	other, _ := c.open("two")
	for _, who := range []string{"v", "w", "x"} {
		c.sockets[who+" elsewhere"] = c.rawAs(other, protocol.Visitor, who)
	}
	for _, who := range []string{"a", "b", "g"} {
		c.sockets[who+" elsewhere"] = c.rawAs(other, protocol.Agent, who)
	}
	c.sockets["s elsewhere"] = c.rawAs(other, protocol.Supervisor, "s")
	twice := func(rule, who, frame string) (first protocol.OK) {
		t.Run(rule+" "+who+" "+short(frame), func(t *testing.T) {
			first = c.must(who, frame)
			c.knows(who+" elsewhere", first.Log)
			second := c.must(who+" elsewhere", frame)
			if second.Ticket != first.Ticket || second.Number != first.Number || second.AtMS != first.AtMS || second.MessageID != first.MessageID {
				t.Errorf("answered with %+v, the first with %+v", second, first)
			}
			if second.Log != 0 && second.Log < first.Log {
				t.Errorf("log %d holds the effect, and %d does", first.Log, second.Log)
			}
		})
		return first
	}
	twice("[desk-2]", "b", `{"type":"status","status":"away"}`)
	twice("[send-2]", "v", `{"type":"send","ticket":"$held","message_id":"m","text":"x"}`)
	twice("[send-2]", "a", `{"type":"send","ticket":"$held","message_id":"m","text":"another's id is another id"}`)
	twice("[note-1]", "a", `{"type":"note","ticket":"$held","message_id":"m","text":"as is a note's"}`)
	twice("[whisper-1]", "s", `{"type":"whisper","ticket":"$held","message_id":"m","text":"x"}`)
	if ok := twice("[read-1]", "v", `{"type":"read","ticket":"$held","up_to":2}`); ok.Number == 0 || ok.AtMS == 0 || ok.MessageID != "" {
		t.Errorf("[request-4] a mark is answered with %+v, want its number and time", ok)
	}
	twice("[headstart-1]", "s", `{"type":"head_start","ticket":"$line","head_start_s":60,"reason":"x"}`)
	twice("[pause-1]", "s", `{"type":"pause","department":"support","language":"zh","paused":true}`)
	twice("[pause-1]", "s", `{"type":"pause","department":"support","language":"zh","paused":false}`)
	twice("[consult-1]", "a", `{"type":"consult","ticket":"$held","agent":"b"}`) // who never comes into it

	c.things["new"] = c.must("x", `{"type":"join","department":"trading"}`).Ticket
	twice("[join-2]", "x", `{"type":"join","department":"support"}`)
	c.offered("a")
	twice("[offer-1]", "a", `{"type":"decline","offer":"$offer"}`)
	c.must("b", `{"type":"status","status":"available"}`)
	c.offered("b")
	twice("[offer-1]", "b", `{"type":"accept","offer":"$offer"}`)
	twice("[desk-6]", "b", `{"type":"close","ticket":"$new","after_s":30}`)
	twice("[desk-7]", "b", `{"type":"cancel_close","ticket":"$new"}`)
	twice("[desk-4]", "b", `{"type":"close","ticket":"$new"}`)
	twice("[finish-1]", "b", `{"type":"finish","ticket":"$new"}`)
	twice("[rate-1]", "x", `{"type":"rate","ticket":"$new","score":5,"comment":"good"}`)
	twice("[transfer-4]", "a", `{"type":"transfer","ticket":"$held","to":{"department":"trading"},"note":"once"}`)
	twice("[leave-1]", "v", `{"type":"leave","ticket":"$held"}`)

	c.must("s", `{"type":"open","ticket":"$held"}`)
	var kinds string
	for e := (protocol.Entry{}); e.Kind != protocol.EntryClosed; {
		e = next(c, "s", func(e protocol.Entry) bool { return e.Ticket == c.things["held"] })
		kinds += fmt.Sprint(e.Kind, " ")
	}
	if want := "member message message note whisper read note closed "; kinds != want {
		t.Errorf("the conversation has %s, want %s", kinds, want)
	}
}

// [send-3] [join-4] An id that was used for something else.
func TestAnIDIsNotUsedForSomethingElse(t *testing.T) {
	c := newCast(t, rulesOfJoining)
	c.check(t, []line{
		{"[send-2]", "a message", "v", `{"type":"send","ticket":"$held","message_id":"m","text":"one"}`, "", "", ""},
		{"[send-3]", "the same id with another text", "v", `{"type":"send","ticket":"$held","message_id":"m","text":"two"}`, protocol.CodeIDReused, "", ""},
		{"[note-1]", "a note", "a", `{"type":"note","ticket":"$held","message_id":"m","text":"one"}`, "", "", ""},
		{"[note-1]", "the same id with another text", "a", `{"type":"note","ticket":"$held","message_id":"m","text":"two"}`, protocol.CodeIDReused, "", ""},
		{"[whisper-1]", "a whisper", "s", `{"type":"whisper","ticket":"$held","message_id":"m","text":"one"}`, "", "", ""},
		{"[whisper-1]", "the same id with another text", "s", `{"type":"whisper","ticket":"$held","message_id":"m","text":"two"}`, protocol.CodeIDReused, "", ""},
	})
	joins := func(rest string) protocol.ServerFrame {
		c.send("x", `{"type":"join","id":"wish","department":"support"`+rest)
		for {
			switch f := c.read("x").(type) {
			case protocol.OK, protocol.Error:
				return f
			default: // views
			}
		}
	}
	first, ok := joins(`,"languages":["zh"]}`).(protocol.OK)
	if !ok {
		t.Fatal("[join-1] the wish is refused")
	}
	c.things["wish"] = first.Ticket
	c.must("x", `{"type":"leave","ticket":"$wish"}`)
	if again, ok := joins(`,"languages":["zh"]}`).(protocol.OK); !ok || again.Ticket != first.Ticket {
		t.Errorf("[join-4] the wish repeated is answered with %+v, want its ticket %s", again, first.Ticket)
	}
	for _, rest := range []string{
		`,"languages":["en"]}`,
		`,"languages":["zh"],"topic":"another"}`,
		`,"languages":["zh"],"urgency":"high"}`,
		`,"languages":["zh"],"language_required":true}`,
	} {
		if e, _ := joins(rest).(protocol.Error); e.Code != protocol.CodeIDReused || e.ID != "wish" {
			t.Errorf("[join-4] the same id with %s: %+v, want %s", rest, e, protocol.CodeIDReused)
		}
	}
}

// What a conversation does at its corners.
func TestTheCornersOfAConversation(t *testing.T) {
	c := newCast(t)
	of := func(name string) func(protocol.Entry) bool {
		return func(e protocol.Entry) bool { return e.Ticket == c.things[name] }
	}
	t.Run("[read-3] a mark in an empty conversation is ok and marks nothing", func(t *testing.T) {
		if ok := c.must("w", `{"type":"read","ticket":"$line","up_to":5}`); ok.Number != 0 || ok.AtMS != 0 {
			t.Errorf("answered with %+v", ok)
		}
		c.must("w", `{"type":"open","ticket":"$line"}`)
		c.must("w", `{"type":"send","ticket":"$line","message_id":"1","text":"first"}`)
		if e := next(c, "w", of("line")); e.Number != 1 || e.Text != "first" {
			t.Errorf("the first entry is %+v", e)
		}
	})
	t.Run("[read-1] a lower mark than the last is answered as the last was", func(t *testing.T) {
		for i := range 3 {
			c.must("v", fmt.Sprintf(`{"type":"send","ticket":"$held","message_id":"%d","text":"x"}`, i))
		}
		high := c.must("a", `{"type":"read","ticket":"$held","up_to":4}`)
		if low := c.must("a", `{"type":"read","ticket":"$held","up_to":2}`); low.Number != high.Number || low.AtMS != high.AtMS {
			t.Errorf("answered with %+v, the higher one with %+v", low, high)
		}
	})
	t.Run("[monitor-1] a supervisor's mark is ok and leaves none", func(t *testing.T) {
		if ok := c.must("s", `{"type":"read","ticket":"$held","up_to":2}`); ok.Number != 0 || ok.AtMS != 0 {
			t.Errorf("answered with %+v", ok)
		}
	})
	t.Run("[open-1] open delivers from the start, and opening again moves it", func(t *testing.T) {
		c.must("v", `{"type":"open","ticket":"$held"}`)
		for number := uint64(1); number <= 5; number++ {
			if e := next(c, "v", of("held")); e.Number != number {
				t.Fatalf("entry %d comes where %d is due", e.Number, number)
			}
		}
		c.must("v", `{"type":"open","ticket":"$held","after":3}`)
		if e := next(c, "v", of("held")); e.Number != 4 {
			t.Errorf("after 3 comes %d", e.Number)
		}
	})
	t.Run("[open-3] an entry that the conversation does not have is told by a reset", func(t *testing.T) {
		c.must("v", `{"type":"open","ticket":"$held","after":99}`)
		if r := next(c, "v", func(protocol.Reset) bool { return true }); r.Ticket != c.things["held"] {
			t.Errorf("reset of %q", r.Ticket)
		}
		c.must("v", `{"type":"open","ticket":"$held","after":2,"at_ms":1}`)
		if r := next(c, "v", func(protocol.Reset) bool { return true }); r.Ticket != c.things["held"] {
			t.Errorf("reset of %q", r.Ticket)
		}
	})
	t.Run("[entry-2] nothing follows the end, which comes again to those who open again", func(t *testing.T) {
		c.must("v", `{"type":"open","ticket":"$held","after":5}`)
		c.must("a", `{"type":"close","ticket":"$held"}`)
		end := func(e protocol.Entry) bool { return e.Ticket == c.things["held"] && e.Kind == protocol.EntryClosed }
		e := next(c, "v", end)
		c.must("v", fmt.Sprintf(`{"type":"open","ticket":"$held","after":%d}`, e.Number-1))
		if again := next(c, "v", end); again != e {
			t.Errorf("%+v, and again %+v", e, again)
		}
	})
	t.Run("[typing-1] a supervisor who has not come in is not seen to write", func(t *testing.T) {
		c.must("w", `{"type":"open","ticket":"$line","after":1}`)
		c.send("s", `{"type":"typing","ticket":"$line","on":true}`)
		c.must("s", `{"type":"send","ticket":"$line","message_id":"1","text":"here I am"}`) // after the typing
		for f := c.read("w"); ; f = c.read("w") {
			if e, ok := f.(protocol.Entry); ok && e.Text == "here I am" {
				break
			}
			if f, ok := f.(protocol.Typing); ok {
				t.Errorf("typing %+v before the supervisor has come", f)
			}
		}
		c.send("s", `{"type":"typing","ticket":"$line","on":true}`)
		if f := next(c, "w", func(protocol.Typing) bool { return true }); f.From == nil || f.From.ID != "s" || !f.On {
			t.Errorf("once they have come: %+v", f)
		}
	})
}
