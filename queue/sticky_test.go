package queue

import "testing"

func TestStickyPrefersWhoServedTheVisitorBefore(t *testing.T) {
	served := func(t *testing.T) *world {
		w := newExchange(t)
		w.hire("known", speaks("en"))
		id := w.join("v", "trading", "en")
		w.dispatch()
		w.accept("known")
		w.hire("other", speaks("en"))
		w.must(w.Close("known", id))
		return w
	}
	fill := func(w *world, agent string, n int) {
		for range n {
			id := w.join("filler", "trading", "en")
			w.must(w.Transfer(TransferRequest{Ticket: id, By: "boss", Supervisor: true, To: Target{Agent: agent}}))
			w.dispatch()
			w.accept(agent)
			w.visitors.remove("filler")
		}
	}
	t.Run("while free", func(t *testing.T) {
		w := served(t)
		w.join("v", "trading", "en")
		w.expect("though the other is longer idle", "v→known")
	})
	t.Run("waited for while busy, for a set time", func(t *testing.T) {
		w := served(t)
		fill(w, "known", 2)
		id := w.join("v", "trading", "en")
		joined := w.Ticket(id).JoinedAt
		w.expect("held")
		if h := w.Ticket(id).Hold; h == nil || h.Agent != "known" || h.Until() != joined+30_000 || h.Reason != HoldSticky {
			t.Fatalf("hold %+v", h)
		}
		w.join("v2", "trading", "en")
		w.expect("nobody behind is held up", "v2→other")
		w.now = joined + 30_000
		w.expect("to the end")
		w.now++
		w.expect("after", "v→other")
	})
	t.Run("not waited for once away", func(t *testing.T) {
		w := served(t)
		fill(w, "known", 2)
		w.join("v", "trading", "en")
		w.must(w.SetStatus("known", Away))
		w.expect("at once", "v→other")
	})
	t.Run("not after the window", func(t *testing.T) {
		w := served(t)
		w.now = w.now.Add(w.site.StickyWindow) + 5000
		w.join("w", "trading", "en") // the state's time moves with the log
		w.dispatch()
		id := w.join("v", "trading", "en")
		if after := w.Ticket(id); after.Hold != nil || after.Prefers != "" {
			t.Errorf("hold %v, prefers %q", after.Hold, after.Prefers)
		}
	})
	t.Run("also after a visit in which nobody had time", func(t *testing.T) {
		w := served(t)
		ended := w.now
		w.must(w.SetStatus("known", Away))
		w.must(w.SetStatus("other", Away))
		for range 2 {
			w.must(w.Leave("v", w.join("v", "trading", "en")))
		}
		w.must(w.SetStatus("known", Available))
		id := w.join("v", "trading", "en")
		if after := w.Ticket(id); after.Prefers != "known" {
			t.Errorf("prefers %q", after.Prefers)
		}
		w.must(w.Leave("v", id))
		w.now = ended.Add(w.site.StickyWindow) + 5000
		w.join("w", "trading", "en") // the state's time moves with the log
		if after := w.Ticket(w.join("v", "trading", "en")); after.Prefers != "" {
			t.Errorf("after the window: prefers %q", after.Prefers)
		}
	})
	t.Run("a decline ends the hold", func(t *testing.T) {
		w := served(t)
		id := w.join("v", "trading", "en")
		w.dispatch()
		w.must(w.Decline("known", w.Ticket(id).Offer.ID))
		w.expect("at once", "v→other")
	})
}
