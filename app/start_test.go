package app

import (
	"errors"
	"testing"

	"nextup/app/conversation"
	"nextup/queue"
	"nextup/queue/logstore"
)

// A transport, another program or a subscriber may use a site before its log is followed:
// what needs the log is refused, and does not end the process.
func TestASiteIsUsedBeforeItsLogIsFollowed(t *testing.T) {
	visitor := &Actor{Role: Visitor, ID: "v"}
	for _, tt := range []struct {
		what string
		use  func(a *App, s *Site) error
		want error
	}{
		{"replay", func(_ *App, s *Site) error { return s.Sync(t.Context()) }, ErrAway},
		{"a command", func(_ *App, s *Site) error {
			_, err := s.Execute(t.Context(), visitor, Join{Department: "support"})
			return err
		}, ErrAway},
		{"a person who has come", func(_ *App, s *Site) error {
			return s.Connect(t.Context(), connection{actor: visitor})
		}, ErrAway},
		{"a person who has gone", func(_ *App, s *Site) error {
			s.Disconnected(visitor)
			return nil
		}, nil},
		{"a ticket beside its closed conversation", func(_ *App, s *Site) error {
			s.EndAgain("t")
			return nil
		}, nil},
		{"a message", func(a *App, _ *Site) error {
			_, _, err := a.options.Conversations.Append(t.Context(), "demo", "t", conversation.Draft{
				Kind: conversation.Message, From: conversation.Person{Role: "agent", ID: "bot"}, MessageID: "m", Body: conversation.Body{Kind: "choices", Text: "a, b"},
			})
			return err
		}, conversation.ErrBodyKind},
	} {
		t.Run(tt.what, func(t *testing.T) {
			log := memory(t)
			hub := conversation.New(log, conversation.Options{})
			t.Cleanup(hub.Close)
			a, err := New(Options{Store: logstore.New(log), Conversations: hub, Sites: []SiteOptions{{Rules: testRules()}}})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(a.Close)
			if err := tt.use(a, a.Site("demo")); !errors.Is(err, tt.want) {
				t.Errorf("it is answered with %v, want %v", err, tt.want)
			}
		})
	}
}

// A program without a transport says by itself who is here, and who has gone.
func TestAPersonWhoHasGoneIsLostWithoutATransport(t *testing.T) {
	news := make(chan struct{}, 1)
	s, ctx := start(t, memory(t), changed(news))
	if _, err := s.joinForTest(ctx, "v"); err != nil {
		t.Fatal(err)
	}
	s.Disconnected(&Actor{Role: Visitor, ID: "v"})
	for lost := false; !lost; {
		wait(ctx, t, news, "the visitor is lost")
		s.Read(func(st *queue.State) { lost = st.Visitor("v").Session.Lost() })
	}
}
