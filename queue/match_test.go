package queue

import (
	"slices"
	"testing"
)

func TestMatchGivesTicketsInOrderOfScore(t *testing.T) {
	vip := func(r *JoinRequest) { r.HeadStart = 10_000 }
	heavy := func(r *JoinRequest) { r.Weight = 2 }
	tests := []struct {
		name  string
		setup func(w *world)
		want  []string
	}{
		{"nobody is there", func(w *world) { w.join("v1", "support", "en") }, nil},
		{"first come, first served over all lines of an agent", func(w *world) {
			w.join("v1", "support", "zh")
			w.join("v2", "trading", "en")
			w.join("v3", "support", "en")
			w.agent("a", 2, "en", "zh")
		}, []string{"v1→a", "v2→a"}},
		{"a head start goes first", func(w *world) {
			w.join("v1", "support", "en")
			w.join("v2", "support", "en", vip)
			w.agent("a", 1, "en")
		}, []string{"v2→a"}},
		{"the lowest load for the capacity", func(w *world) {
			w.agent("half", 2, "en")
			w.join("v0", "support", "en")
			w.dispatch()
			w.agent("third", 3, "en")
			w.join("v1", "support", "en")
			w.dispatch() // third takes it: 0/3 against 1/2
			w.join("v2", "support", "en")
		}, []string{"v2→third"}},
		{"polyglots are kept free", func(w *world) {
			w.agent("both", 2, "en", "zh")
			w.agent("only", 2, "en")
			w.join("v1", "support", "en")
		}, []string{"v1→only"}},
		{"the longest idle among equals", func(w *world) {
			w.agent("first", 1, "en")
			w.agent("second", 1, "en")
			w.join("v1", "support", "en")
		}, []string{"v1→first"}},
		{"equal agents take turns within one match", func(w *world) {
			w.agent("a", 2, "en")
			w.agent("b", 2, "en")
			for _, v := range []string{"v1", "v2", "v3", "v4"} {
				w.join(v, "support", "en")
			}
		}, []string{"v1→a", "v2→b", "v3→a", "v4→b"}},
		{"a weight that does not fit does not hold up the next", func(w *world) {
			w.agent("a", 1, "en")
			w.agent("able", 2, "zh")
			w.join("v1", "support", "en", heavy)
			w.join("v2", "support", "en")
		}, []string{"v2→a"}},
		{"weights add up to the capacity and not over", func(w *world) {
			w.agent("a", 3, "en")
			w.join("v1", "support", "en", heavy)
			w.join("v2", "support", "en", heavy)
			w.join("v3", "support", "en")
		}, []string{"v1→a", "v3→a"}},
		{"an agent who is away is offered nothing", func(w *world) {
			w.agent("a", 1, "en")
			w.must(w.SetStatus("a", Away))
			w.join("v1", "support", "en")
		}, nil},
		{"an agent who is lost is offered nothing", func(w *world) {
			w.agent("a", 1, "en")
			w.must(w.LoseAgent("a", "n1"), nil)
			w.join("v1", "support", "en")
		}, nil},
		{"a visitor who is lost is passed over and keeps the place", func(w *world) {
			w.join("v1", "support", "en")
			w.join("v2", "support", "en")
			w.must(w.LoseVisitor("v1", "n1"), nil)
			w.agent("a", 1, "en")
		}, []string{"v2→a"}},
		{"an agent without the language is offered nothing", func(w *world) {
			w.agent("a", 1, "es")
			w.join("v1", "support", "en")
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tt.setup(w)
			if got := w.dispatch(); !slices.Equal(got, tt.want) {
				t.Errorf("offers = %v, want %v", got, tt.want)
			}
			for _, a := range w.Agents() {
				if load := w.Load(a.ID); load > a.Capacity {
					t.Errorf("%s holds %d of %d", a.ID, load, a.Capacity)
				}
			}
		})
	}
}

// The issue's own example: an en agent, a zh agent and a bilingual one, with
// capacities 2, 2 and 1.
func TestBalanceOverThreeAgents(t *testing.T) {
	w := newWorld(t)
	w.agent("en", 2, "en")
	w.agent("zh", 2, "zh")
	w.agent("both", 1, "en", "zh")
	for _, v := range []struct{ id, lang string }{
		{"e1", "en"}, {"z1", "zh"}, {"e2", "en"}, {"z2", "zh"}, {"e3", "en"}, {"z3", "zh"}, {"e4", "en"},
	} {
		w.join(v.id, "support", v.lang)
	}
	// e1 and z1 go to those who speak nothing else. e2 finds the en agent half
	// full and the bilingual one empty: load ÷ capacity comes first. z2, e3 then
	// fill the single-language agents, and no agent is left for z3 but the zh one.
	want := []string{"e1→en", "z1→zh", "e2→both", "z2→zh", "e3→en"}
	if got := w.dispatch(); !slices.Equal(got, want) {
		t.Errorf("offers = %v, want %v", got, want)
	}
	if got := w.positions(QueueID{"support", "zh"}); !slices.Equal(got, []string{"z1", "z2", "z3"}) {
		t.Errorf("an offered ticket counts in its line until accepted: %v", got)
	}
	for _, a := range []string{"en", "zh", "both"} {
		w.accept(a)
	}
	if got := w.positions(QueueID{"support", "zh"}); !slices.Equal(got, []string{"z3"}) {
		t.Errorf("left in line: %v, want z3", got)
	}
}

func TestAFreedAgentTakesTheBestOfAllLines(t *testing.T) {
	w := newWorld(t)
	w.agent("a", 1, "en", "zh")
	w.join("v1", "support", "en")
	w.dispatch()
	w.accept("a")
	w.join("v2", "trading", "zh")
	w.join("v3", "support", "en")
	if got := w.dispatch(); got != nil {
		t.Fatalf("no room, yet %v", got)
	}
	w.must(w.Close("a", w.TicketOf("v1").ID))
	if got := w.dispatch(); !slices.Equal(got, []string{"v2→a"}) {
		t.Errorf("offers = %v, want v2→a", got)
	}
}

// Of a batch, an offer that is refused takes the later ones of its line with it.
func TestARefusedOfferLetsNobodyBehindItGoFirst(t *testing.T) {
	w := newWorld(t)
	w.agent("a", 1, "en")
	w.agent("b", 1, "en")
	w.agent("z", 1, "zh")
	w.join("v1", "support", "en")
	w.join("v2", "support", "en")
	w.join("v3", "support", "zh")
	due := w.Match(w.now, 10)
	w.must(w.SetStatus("a", Away)) // a was to take v1
	var done []bool
	for _, c := range due {
		done = append(done, w.commit(c))
	}
	if !slices.Equal(done, []bool{false, false, true}) {
		t.Errorf("accepted: %v; want v1 refused, v2 with it, and v3 of another line taken", done)
	}
	if got := w.dispatch(); !slices.Equal(got, []string{"v1→b"}) {
		t.Errorf("decided again: %v, want v1→b", got)
	}
}

func TestADeclinedTicketHoldsUpNobody(t *testing.T) {
	w := newWorld(t)
	w.agent("a", 1, "en")
	w.join("v1", "support", "en")
	w.join("v2", "support", "en")
	w.dispatch()
	w.must(w.Decline("a", w.TicketOf("v1").Offer.ID))
	if got := w.dispatch(); !slices.Equal(got, []string{"v2→a"}) {
		t.Fatalf("after the decline: %v, want v2→a", got)
	}
	w.accept("a")
	w.must(w.Close("a", w.TicketOf("v2").ID))
	if got := w.dispatch(); got != nil {
		t.Errorf("declined a moment ago: %v", got)
	}
	w.now = w.TicketOf("v1").Declines[0].At.Add(20_000) + 1
	if got := w.dispatch(); !slices.Equal(got, []string{"v1→a"}) {
		t.Errorf("with nobody else, a while later: %v, want v1→a", got)
	}
}

func TestADeclinedOfferGoesToAnotherFirst(t *testing.T) {
	w := newWorld(t)
	w.agent("a", 1, "en")
	w.agent("b", 1, "en")
	w.join("v1", "support", "en")
	w.join("v2", "support", "en")
	if got := w.dispatch(); !slices.Equal(got, []string{"v1→a", "v2→b"}) {
		t.Fatalf("offers = %v", got)
	}
	w.must(w.Decline("b", w.TicketOf("v2").Offer.ID))
	w.must(w.Decline("a", w.TicketOf("v1").Offer.ID))
	if got := w.dispatch(); !slices.Equal(got, []string{"v1→b", "v2→a"}) {
		t.Errorf("offers = %v, want each to the other agent", got)
	}
	if got := w.positions(QueueID{"support", "en"}); !slices.Equal(got, []string{"v1", "v2"}) {
		t.Errorf("places moved: %v", got)
	}
}

func TestWhoDeclinedIsAskedAgainWhenTheirTimeIsOverWhateverOthersDid(t *testing.T) {
	w := newWorld(t)
	w.agent("a", 1, "en")
	id := w.join("v", "support", "en")
	w.dispatch()
	declined := w.now
	w.must(w.Decline("a", w.Ticket(id).Offer.ID))
	w.agent("b", 1, "en")
	if got := w.dispatch(); !slices.Equal(got, []string{"v→b"}) {
		t.Fatalf("offers = %v", got)
	}
	w.now = declined + 15_000
	w.must(w.Decline("b", w.Ticket(id).Offer.ID))
	w.now = declined + 20_000
	if got := w.dispatch(); got != nil {
		t.Errorf("both declined within an offer's time: %v", got)
	}
	w.now++
	if got := w.dispatch(); !slices.Equal(got, []string{"v→a"}) {
		t.Errorf("offers = %v, want v→a", got)
	}
}
