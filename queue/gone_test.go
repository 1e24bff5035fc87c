package queue

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"
)

// The rules may change while people wait: a file that drops a department leaves
// no visitor behind, and no offer that lapses as it is made.
func TestWhoIsInADepartmentThatIsGoneIsStillServed(t *testing.T) {
	w := newExchange(t)
	id := w.join("v", "trading", "zh")
	site := exchangeSite()
	site.Departments = slices.DeleteFunc(site.Departments, func(d Department) bool { return d.ID == "trading" })
	w.SetSite(site)
	in := func(f *AgentFacts) { f.Departments = []string{"support"} }
	w.hire("en", func(f *AgentFacts) { in(f); f.Languages = Fluent("en") })
	w.expect("whoever does not speak the language does not get it")
	w.hire("zh", func(f *AgentFacts) { in(f); f.Languages = Fluent("zh") })
	w.expect("somebody of another department", "v→zh")
	w.now += 5000
	w.accept("zh")
	if after := w.Ticket(id); after.Status != Assigned || after.Agent != "zh" {
		t.Errorf("the ticket is %s by %q, want assigned to zh", after.Status, after.Agent)
	}
}

// longLine is a line of tickets for each of which time will do something.
func longLine(tb testing.TB, tickets int) *world {
	site := exchangeSite()
	site.Departments[0].QueueLimit = 0
	w := &world{tb: tb, State: NewState(site), now: 1_000_000}
	for i := range tickets {
		w.number++
		w.now++
		id := fmt.Sprint("t", i)
		ticket := &Ticket{
			ID: id, Visitor: id, Status: Waiting, JoinedAt: w.now, WaitingSince: w.now,
			Specification: &Specification{
				Department: "support", Language: "en", Weight: 1,
				Requirements: &Requirements{Languages: []string{"en"}, MinProficiency: 3}, Listed: []string{"zh"},
			},
		}
		w.Apply(Record{Number: w.number, ID: id, At: w.now, Writes: []Write{{Name: ticket.Name(), Image: ticket}}})
	}
	return w
}

func TestNewRulesForALongLineLeaveEveryTicketItsTime(t *testing.T) {
	const tickets = 5_000
	w := longLine(t, tickets)
	w.SetSite(exchangeSite())
	if !slices.IsSortedFunc(w.deadlines.all(), func(a, b deadline) int {
		if a.before(b) {
			return -1
		}
		return 1
	}) || w.deadlines.len() != tickets {
		t.Errorf("the deadlines has %d deadlines, or is not in order", w.deadlines.len())
	}
}

// BenchmarkNewRules is what new rules cost for each ticket that waits, beside the
// same for a line four times as long: nothing is served meanwhile. The ratio is 4
// where the cost rises with the square of the line, and little above 1 where the
// line is sorted once.
func BenchmarkNewRules(b *testing.B) {
	const short, long = 12_500, 50_000
	lines := [2]*world{longLine(b, short), longLine(b, long)}
	site := exchangeSite()
	var spent [2]time.Duration
	for b.Loop() {
		for i, w := range lines {
			begun := time.Now()
			w.SetSite(site)
			spent[i] += time.Since(begun)
		}
	}
	each := [2]float64{float64(spent[0].Nanoseconds()) / short, float64(spent[1].Nanoseconds()) / long}
	b.ReportMetric(each[1]/float64(b.N), "ns/ticket")
	b.ReportMetric(each[1]/each[0], "long/short")
}

func TestATransferKeepsWhatTheVisitorReads(t *testing.T) {
	both := func(required bool) func(*JoinRequest) {
		return func(r *JoinRequest) { r.Languages, r.LanguageRequired = []string{"zh", "en"}, required }
	}
	w := newExchange(t)
	id := w.join("v", "support", "zh", both(true))
	to := TransferRequest{Ticket: id, By: "boss", Supervisor: true, To: Target{Department: "engineering"}}
	if _, err := w.Transfer(to); !errors.Is(err, ErrUnknownLanguage) {
		t.Errorf("to a department without the required language: %v, want ErrUnknownLanguage", err)
	}
	id = w.join("w", "support", "zh", both(false))
	to.Ticket, to.To = id, Target{Language: "en"}
	w.must(w.Transfer(to))
	w.hire("z", speaks("zh"))
	w.expect("at once in the new language alone", "v→z")
	w.accept("z")
	w.now += 61_000
	w.expect("the language before is one that they read", "w→z")
}

func TestWhoDeclinedGoesAfterOthersAlsoWhenPreferred(t *testing.T) {
	w := newExchange(t)
	w.hire("a", speaks("en"))
	id := w.join("v", "support", "en")
	w.dispatch()
	w.accept("a")
	w.must(w.Close("a", id))
	w.must(w.Finish("a", id))
	id = w.join("v", "support", "en")
	w.expect("who served them before", "v→a")
	w.must(w.Decline("a", w.Ticket(id).Offer.ID))
	w.now += 21_000
	w.hire("b", speaks("en"))
	w.expect("who has not declined", "v→b")
}
