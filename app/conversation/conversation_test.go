package conversation_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"nextup/app/conversation"
	"nextup/internal/eventlog"
)

func (heard) Ready() bool { return true }

func TestAMessageIsWrittenOnceAndAnsweredAsTheFirstTime(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p pair) {
		ticket := ticketOf(t)
		v, a := visitor("v"), agent("v") // the same id in another role is another sender
		n, at, err := p.a.Append(t.Context(), "s", ticket, message(v, "m1", "hello"))
		if n != 1 || at == 0 || err != nil {
			t.Fatal(n, at, err)
		}
		mustAppend(t, p.a, ticket, message(v, "m2", "hello"))
		again, atAgain, err := p.b.Append(t.Context(), "s", ticket, message(v, "m1", "hello"))
		if again != 1 || atAgain != at || err != nil {
			t.Fatalf("again: %d at %d, %v", again, atAgain, err)
		}
		if _, _, err := p.b.Append(t.Context(), "s", ticket, message(v, "m1", "hello!")); !errors.Is(err, conversation.ErrIDConflict) {
			t.Fatalf("another text: %v", err)
		}
		if n := mustAppend(t, p.b, ticket, message(a, "m1", "another's")); n != 3 {
			t.Fatalf("the other sender's is %d", n)
		}
		r := receive(p.b, ticket, 0)
		defer r.stop()
		e := r.wait(t, 3)[0]
		want := conversation.Entry{Number: 1, Kind: conversation.Message, AtMS: at, From: v, MessageID: "m1", Body: conversation.Text("hello")}
		if !reflect.DeepEqual(e, want) {
			t.Fatalf("got %+v, want %+v", e, want)
		}
	})
}

func TestABadDraftIsRefused(t *testing.T) {
	h := conversation.New(eventlog.NewMemory(), conversation.Options{})
	for what, d := range map[string]conversation.Draft{
		"no kind":   {From: visitor("v"), MessageID: "m", Body: conversation.Text("x")},
		"control":   {Kind: conversation.Closed, From: visitor("v")},
		"no text":   message(visitor("v"), "m", ""),
		"no id":     message(visitor("v"), "", "x"),
		"long text": message(visitor("v"), "m", strings.Repeat("x", conversation.MaxTextBytes+1)),
	} {
		if _, _, err := h.Append(t.Context(), "s", "t", d); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
}

// A body of a new kind is written once all gateways know it, and is another message than
// its text alone.
func TestABodyOfANewKindIsWrittenWhereItMayBe(t *testing.T) {
	memory := eventlog.NewMemory()
	before := conversation.New(memory, conversation.Options{})
	after := conversation.New(memory, conversation.Options{})
	after.SetMayWrite(func(site, kind string) bool { return site == "s" && kind == "choices" })
	defer before.Close()
	defer after.Close()
	d := message(agent("a"), "m", "Choose: a, b")
	d.Body.Kind, d.Body.Fields = "choices", jsontext.Value(`{"of":["a","b"]}`)
	if _, _, err := before.Append(t.Context(), "s", "t", d); !errors.Is(err, conversation.ErrBodyKind) {
		t.Errorf("too early: %v", err)
	}
	other := d
	other.Body.Kind = "wave"
	if _, _, err := after.Append(t.Context(), "s", "t", other); !errors.Is(err, conversation.ErrBodyKind) {
		t.Errorf("another kind: %v", err)
	}
	mustAppend(t, after, "t", d)
	if n := mustAppend(t, after, "t", d); n != 1 {
		t.Errorf("sent again it is %d", n)
	}
	if _, _, err := after.Append(t.Context(), "s", "t", message(agent("a"), "m", "Choose: a, b")); !errors.Is(err, conversation.ErrIDConflict) {
		t.Errorf("its text alone: %v", err)
	}
	r := receive(before, "t", 0)
	defer r.stop()
	if e := r.wait(t, 1)[0]; !reflect.DeepEqual(e.Body, d.Body) {
		t.Errorf("it is read as %+v", e.Body)
	}
}

func TestALaterAssignmentFencesTheEarlierOne(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p pair) {
		ticket := ticketOf(t)
		by := func(name string, token uint64, id string) conversation.Draft {
			d := message(agent(name), id, "x")
			d.Token = token
			return d
		}
		member := func(h *conversation.Hub, siteLog uint64, name string, token uint64) error {
			return h.Member(t.Context(), "s", ticket, siteLog, agent(name), token)
		}
		for i := range 4 { // any gateway, any number of times, seen at any number
			if err := member(p.each()[i%2], uint64(10+i), "a", 1); err != nil {
				t.Fatal(err)
			}
		}
		mustAppend(t, p.a, ticket, by("a", 1, "m1"))
		if err := member(p.b, 20, "b", 2); err != nil {
			t.Fatal(err)
		}
		if _, _, err := p.a.Append(t.Context(), "s", ticket, by("a", 1, "m2")); !errors.Is(err, conversation.ErrFenced) {
			t.Fatalf("the earlier agent: %v", err)
		}
		if err := member(p.a, 10, "a", 1); err != nil {
			t.Fatalf("a late copy of the earlier assignment: %v", err)
		}
		if err := member(p.a, 9, "c", 1); !errors.Is(err, conversation.ErrFenced) {
			t.Fatalf("a late first copy of an old assignment: %v", err)
		}
		mustAppend(t, p.a, ticket, by("b", 2, "m2"))
		mustAppend(t, p.a, ticket, message(visitor("v"), "m2", "visitors are not fenced"))
		r := receive(p.a, ticket, 0)
		defer r.stop()
		if got := authors(r.wait(t, 5)); got != " member:a message:a member:b message:b message:v" {
			t.Fatalf("got%s", got)
		}
	})
}

// authors lists the kinds of entries and their authors.
func authors(entries []conversation.Entry) (list string) {
	for _, e := range entries {
		list += " " + string(e.Kind) + ":" + e.From.ID
	}
	return list
}

// A guest in a conversation has the token of its assignment, and is
// out of it with the agent that invited it.
func TestAGuestIsFencedWithTheirAssignment(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p pair) {
		ticket := ticketOf(t)
		member := func(h *conversation.Hub, who conversation.Person, token uint64) error {
			return h.Member(t.Context(), "s", ticket, 10, who, token)
		}
		note := func(name string, token uint64) error {
			d := conversation.Draft{Kind: conversation.Note, From: agent(name), MessageID: "m1", Body: conversation.Text("x"), Token: token}
			_, _, err := p.b.Append(t.Context(), "s", ticket, d)
			return err
		}
		for i, who := range []conversation.Person{agent("owner"), agent("guest"), agent("guest")} {
			if err := member(p.each()[i%2], who, 1); err != nil {
				t.Fatal(err)
			}
		}
		if err := member(p.a, conversation.Person{Role: conversation.Supervisor, ID: "boss"}, 0); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(note("owner", 1), note("guest", 1)); err != nil {
			t.Fatal(err)
		}
		if err := member(p.b, agent("next"), 2); err != nil {
			t.Fatal(err)
		}
		for _, late := range []string{"owner", "guest"} {
			d := message(agent(late), "m2", "x")
			d.Token = 1
			if _, _, err := p.a.Append(t.Context(), "s", ticket, d); !errors.Is(err, conversation.ErrFenced) {
				t.Errorf("the %s of before: %v", late, err)
			}
		}
		mustAppend(t, p.a, ticket, message(conversation.Person{Role: conversation.Supervisor, ID: "boss"}, "m1", "supervisors are not fenced"))
		d := message(agent("guest"), "m1", "a message beside the note of the same id")
		d.Token = 2
		mustAppend(t, p.a, ticket, d)
		r := receive(p.a, ticket, 0)
		defer r.stop()
		if got := authors(r.wait(t, 8)); got != " member:owner member:guest member:boss note:owner note:guest member:next message:boss message:guest" {
			t.Fatalf("got%s", got)
		}
	})
}

func TestAClosedConversationTakesNothingMore(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p pair) {
		ticket := ticketOf(t)
		mustAppend(t, p.a, ticket, message(visitor("v"), "m1", "x"))
		for i := range 3 {
			if err := p.each()[i%2].Closed(t.Context(), "s", ticket, uint64(7+i)); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := p.b.Append(t.Context(), "s", ticket, message(visitor("v"), "m2", "x")); !errors.Is(err, conversation.ErrClosed) {
			t.Fatalf("a message: %v", err)
		}
		if err := p.b.Member(t.Context(), "s", ticket, 9, agent("a"), 3); !errors.Is(err, conversation.ErrClosed) {
			t.Fatalf("a member: %v", err)
		}
		if n := mustAppend(t, p.b, ticket, message(visitor("v"), "m1", "x")); n != 1 {
			t.Fatalf("a repeated message is %d", n)
		}
		r := receive(p.b, ticket, 1)
		defer r.stop()
		if e := r.wait(t, 1); len(e) != 1 || e[0].Kind != conversation.Closed {
			t.Fatalf("got %+v", e)
		}
	})
}

func TestReadMarksOnlyRise(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p pair) {
		ticket := ticketOf(t)
		mark := func(h *conversation.Hub, who conversation.Person, upTo uint64) uint64 {
			return mustAppend(t, h, ticket, conversation.Draft{Kind: conversation.Read, From: who, UpTo: upTo})
		}
		if n := mark(p.a, agent("a"), 5); n != 0 {
			t.Fatalf("a mark in an empty conversation is %d", n)
		}
		for i := range 10 {
			mustAppend(t, p.a, ticket, message(visitor("v"), fmt.Sprint(i), "x"))
		}
		steps := []struct {
			who  conversation.Person
			upTo uint64
			want uint64
		}{
			{agent("a"), 4, 11},
			{agent("a"), 4, 11},
			{agent("a"), 3, 11},
			{visitor("a"), 3, 12},
			{agent("a"), 7, 13},
			{agent("a"), 1 << 60, 14}, // up to the head, which is 13
			{agent("a"), 13, 14},
			{agent("a"), 0, 0},
		}
		for i, s := range steps {
			if got := mark(p.each()[i%2], s.who, s.upTo); got != s.want {
				t.Fatalf("step %d: %d, want %d", i, got, s.want)
			}
		}
		var all sync.WaitGroup
		for i := range uint64(14) {
			all.Go(func() {
				_, _, err := p.each()[i%2].Append(t.Context(), "s", ticket, conversation.Draft{Kind: conversation.Read, From: visitor("w"), UpTo: i + 1})
				if err != nil && !errors.Is(err, conversation.ErrUnavailable) { // too many at once
					t.Error(err)
				}
			})
		}
		all.Wait()
		r := receive(p.b, ticket, 10)
		defer r.stop()
		last := map[conversation.Person]uint64{}
		for _, e := range r.wait(t, 5) {
			if e.Kind != conversation.Read || e.UpTo <= last[e.From] || e.UpTo >= e.Number {
				t.Fatalf("after %d came %+v", last[e.From], e)
			}
			last[e.From] = e.UpTo
		}
	})
}
