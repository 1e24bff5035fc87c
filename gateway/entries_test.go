package gateway_test

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"nextup/app/conversation"
	"nextup/gateway/protocol"
	"nextup/test/people"
)

// Clients that know texts alone read what stands for a body of another kind.
func TestABodyThatIsMoreThanATextIsShownAsItsText(t *testing.T) {
	h := newHouse(t)
	url, _ := h.open("one")
	visitor, _, ticket := h.served(url, "v", "a")
	visitor.MustOpen(ticket, 0)
	later := conversation.New(h.backend, conversation.Options{})
	later.SetMayWrite(func(site, kind string) bool { return site == "demo" && kind == "choices" })
	defer later.Close()
	draft := conversation.Draft{
		Kind: conversation.Message, From: conversation.Person{Role: conversation.Agent, ID: "bot"}, MessageID: "m",
		Body: conversation.Body{Kind: "choices", Text: "Choose: a, b", Fields: jsontext.Value(`{"of":["a","b"]}`)},
	}
	if _, _, err := later.Append(h.ctx, "demo", ticket, draft); err != nil {
		t.Fatal(err)
	}
	e := people.Next(visitor, "what the bot says", func(e protocol.Entry) bool { return e.MessageID == "m" })
	if e.Text != "Choose: a, b" || e.From == nil || e.From.ID != "bot" {
		t.Errorf("the visitor reads %+v", e)
	}
}

// What the wire takes the log keeps.
func TestATextThatTheWireTakesCanBeKept(t *testing.T) {
	if protocol.MaxTextBytes > conversation.MaxTextBytes {
		t.Errorf("the wire takes %d bytes, a conversation %d", protocol.MaxTextBytes, conversation.MaxTextBytes)
	}
}
