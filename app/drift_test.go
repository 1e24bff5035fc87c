package app

import (
	"testing"
	"time"

	"nextup/app/conversation"
	"nextup/presence"
	"nextup/queue/logstore"
)

// A node of an older version is noticed, and so is that it has gone; until the others
// are heard, they count as older.
func TestNodesOfAnOlderVersionAreNoticed(t *testing.T) {
	registry := presence.NewMemory(nil)
	log := memory(t)
	hub := conversation.New(log, conversation.Options{})
	defer hub.Close()
	a, err := New(Options{Store: logstore.New(log), Conversations: hub, Sites: []SiteOptions{{Rules: testRules()}}, Presence: registry})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	says := func(node, words string) {
		t.Helper()
		if err := registry.Renew(t.Context(), node, time.Hour); err != nil {
			t.Fatal(err)
		}
		if err := registry.Announce(t.Context(), node, words); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(want bool, when string) {
		t.Helper()
		if got := a.checkpoints.Load(); got != want {
			t.Errorf("%s: all know checkpoints = %v, want %v", when, got, want)
		}
	}
	expect(false, "before the others are heard")
	says(a.Node(), "")
	a.CheckDrift()
	expect(true, "alone")
	says("newer", "demo=x "+knowsCheckpoints+" knows:more")
	a.CheckDrift()
	expect(true, "beside a newer one")
	says("older", "demo=x")
	a.CheckDrift()
	expect(false, "beside an older one")
	if err := registry.Leave(t.Context(), "older"); err != nil {
		t.Fatal(err)
	}
	a.CheckDrift()
	expect(true, "when the older one has gone")
}
