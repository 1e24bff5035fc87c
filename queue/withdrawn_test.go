package queue

import (
	"errors"
	"slices"
	"testing"
)

// without is the exchange without a language in its departments, or without one
// department.
func without(language, department string) *Site {
	site := exchangeSite()
	for i, d := range site.Departments {
		site.Departments[i].Languages = slices.DeleteFunc(slices.Clone(d.Languages), func(l string) bool { return l == language })
	}
	site.Departments = slices.DeleteFunc(site.Departments, func(d Department) bool { return d.ID == department })
	return site
}

func reads(languages ...string) func(*JoinRequest) {
	return func(r *JoinRequest) { r.Languages = languages }
}

// Who waits in a queue that the site file has no more is seen until the last has
// left, and is offered to an agent who may serve them by their other languages.
func TestWhoWaitsInAWithdrawnQueueIsSeenAndServed(t *testing.T) {
	support := func(f *AgentFacts) { f.Departments = []string{"support"} }
	required := func(r *JoinRequest) { r.LanguageRequired = true }
	tests := []struct {
		name  string
		join  func(*JoinRequest)
		site  *Site
		queue QueueID
		agent func(*AgentFacts)
		want  bool // offered to them, after a while
	}{
		{"an agent of another language that they read", reads("es", "zh"), without("es", ""), QueueID{"support", "es"}, speaks("zh"), true},
		{"an agent of the fallback", reads("es"), without("es", ""), QueueID{"support", "es"}, speaks("en"), true},
		{"an agent of none of their languages", reads("es", "en"), without("es", ""), QueueID{"support", "es"}, speaks("zh"), false},
		{"who requires their language", func(r *JoinRequest) { reads("es", "en")(r); required(r) }, without("es", ""), QueueID{"support", "es"}, speaks("en", "zh"), false},
		{"who requires it and meets an agent who still speaks it", func(r *JoinRequest) { reads("es", "en")(r); required(r) }, without("es", ""), QueueID{"support", "es"}, speaks("es"), true},
		{"an agent of the department who is not proficient enough", reads("es", "en"), without("es", ""), QueueID{"support", "es"}, func(f *AgentFacts) { support(f); f.Languages = map[string]int{"en": 2} }, false},
		{"an agent of another department, while theirs is there", reads("es", "en"), without("es", ""), QueueID{"support", "es"}, func(f *AgentFacts) { f.Departments = []string{"trading"}; f.Languages = Fluent("en") }, false},
		{"an agent of any department, when theirs is gone", reads("zh", "en"), without("", "trading"), QueueID{"trading", "zh"}, func(f *AgentFacts) { support(f); f.Languages = Fluent("en") }, true},
		{"a visitor of a topic that nobody has the skill for", func(r *JoinRequest) { reads("es", "en")(r); r.Topic = "withdrawal" }, without("es", ""), QueueID{"support", "es"}, speaks("en"), false},
		{"a visitor of a topic for which the agent has the skill", func(r *JoinRequest) { reads("es", "en")(r); r.Topic = "withdrawal" }, without("es", ""), QueueID{"support", "es"}, func(f *AgentFacts) { f.Languages, f.Skills = Fluent("en"), []string{"kyc"} }, true},
	}
	for _, tt := range tests {
		t.Run("[board-6] "+tt.name, func(t *testing.T) {
			w := newExchange(t)
			id := w.join("v", tt.queue.Department, "", tt.join)
			if tt.queue != w.Ticket(id).Queue() || w.Withdrawn(tt.queue) {
				t.Fatalf("joined %s, withdrawn: %v", w.Ticket(id).Queue(), w.Withdrawn(tt.queue))
			}
			w.SetSite(tt.site)
			if !w.Withdrawn(tt.queue) || w.Queues()[0] != tt.queue || w.Size(tt.queue) != 1 || !w.QueueUnattended(tt.queue) || !w.Unattended(w.Ticket(id)) {
				t.Errorf("of %v, %s with %d is withdrawn: %v, unattended: %v", w.Queues(), tt.queue, w.Size(tt.queue), w.Withdrawn(tt.queue), w.QueueUnattended(tt.queue))
			}
			w.hire("a", tt.agent)
			w.now = w.now.Add(withdrawnAfter)
			if got := w.dispatch(); (len(got) == 1) != tt.want {
				t.Errorf("offers %v", got)
			}
			if w.Unattended(w.Ticket(id)) == tt.want || w.QueueUnattended(tt.queue) == tt.want {
				t.Errorf("unattended: %v, its queue: %v", w.Unattended(w.Ticket(id)), w.QueueUnattended(tt.queue))
			}
			w.must(w.Leave("v", id))
			if w.Queues()[0] == tt.queue || w.Size(tt.queue) != 0 {
				t.Errorf("empty, it is still shown: %v", w.Queues())
			}
		})
	}
}

// A file that brings a queue does not reach all gateways at once: who joins in it is
// not taken for stranded by those that do not know it yet.
func TestAQueueThatThisGatewayDoesNotKnowYetIsNotOpenedAtOnce(t *testing.T) {
	w := newExchange(t)
	id := w.join("v", "support", "", reads("es", "en"))
	w.SetSite(without("es", ""))
	w.hire("a", speaks("en"))
	w.now = w.Ticket(id).WaitingSince.Add(withdrawnAfter) - 1
	w.expect("before the file can have reached this gateway")
	w.SetSite(exchangeSite())
	w.now += 5000
	w.expect("with the file")
}

// A queue that is withdrawn and comes back is what it was, and so is one that was
// paused meanwhile.
func TestAWithdrawnQueueCanBePausedAndComeBack(t *testing.T) {
	w := newExchange(t)
	es := QueueID{"support", "es"}
	w.join("v", "support", "", reads("es", "en"))
	w.SetSite(without("es", ""))
	w.must(w.Pause(es, true, "boss", ""))
	w.now = w.now.Add(withdrawnAfter)
	w.hire("a", speaks("en"))
	w.expect("paused")
	w.must(w.Pause(es, false, "boss", ""))
	w.expect("going on", "v→a")
	if _, err := w.Pause(QueueID{"trading", "es"}, true, "boss", ""); !errors.Is(err, ErrUnknownLanguage) {
		t.Errorf("a queue that never was: %v", err)
	}
	w.SetSite(exchangeSite())
	if w.Withdrawn(es) || w.Size(es) != 1 || slices.Index(w.Queues(), es) != slices.Index(exchangeSite().Queues(), es) {
		t.Errorf("back, it is withdrawn: %v with %d in %v", w.Withdrawn(es), w.Size(es), w.Queues())
	}
}

// A supervisor moves who waits in a withdrawn queue as any other.
func TestASupervisorMovesWhoWaitsInAWithdrawnQueue(t *testing.T) {
	tests := []struct {
		name string
		join func(*JoinRequest)
		site *Site
		to   Target
		want QueueID
		err  error
	}{
		{"to another language", reads("es"), without("es", ""), Target{Language: "en"}, QueueID{"support", "en"}, nil},
		{"to another department and language", reads("es"), without("es", ""), Target{Department: "trading", Language: "zh"}, QueueID{"trading", "zh"}, nil},
		{"to a department that speaks another language that they read", reads("es", "zh"), without("es", ""), Target{Department: "trading"}, QueueID{"trading", "zh"}, nil},
		{"to a department that speaks none", reads("es"), without("es", ""), Target{Department: "trading"}, QueueID{}, ErrUnknownLanguage},
		{"to an agent by name, in place", reads("es"), without("es", ""), Target{Agent: "a"}, QueueID{"support", "es"}, nil},
		{"to a tier, in place", reads("es"), without("es", ""), Target{Tier: 1}, QueueID{"support", "es"}, nil},
		{"to a tier that nobody has", reads("es"), without("es", ""), Target{Tier: 3}, QueueID{}, ErrNoAgent},
		{"out of a department that is gone", reads("zh"), without("", "trading"), Target{Department: "support"}, QueueID{"support", "zh"}, nil},
		{"out of it by language alone", reads("zh"), without("", "trading"), Target{Language: "en"}, QueueID{}, ErrUnknownDepartment},
		{"to an agent, from a department that is gone", reads("zh"), without("", "trading"), Target{Agent: "a"}, QueueID{"trading", "zh"}, nil},
	}
	for _, tt := range tests {
		t.Run("[reassign-1] "+tt.name, func(t *testing.T) {
			w := newExchange(t)
			department := "support"
			if len(tt.site.Departments) < len(exchangeSite().Departments) {
				department = "trading"
			}
			id := w.join("v", department, "", tt.join)
			w.hire("a", speaks("zh"))
			w.must(w.Pause(w.Ticket(id).Queue(), true, "boss", "")) // they wait until they are moved
			w.SetSite(tt.site)
			c, err := w.Transfer(TransferRequest{Ticket: id, By: "boss", Supervisor: true, To: tt.to})
			if !errors.Is(err, tt.err) {
				t.Fatalf("error = %v, want %v", err, tt.err)
			}
			if err != nil {
				return
			}
			w.must(c, nil)
			if got := w.Ticket(id).Queue(); got != tt.want {
				t.Errorf("they wait in %s, want %s", got, tt.want)
			}
		})
	}
}

// A conversation of a withdrawn queue can be passed on by its agent as well, though
// no visitor waits there.
func TestAConversationOfAWithdrawnQueueIsPassedOnInPlace(t *testing.T) {
	w := newExchange(t)
	id := w.join("v", "support", "", reads("es", "en"))
	w.hire("a", speaks("es"))
	w.dispatch()
	w.accept("a")
	w.hire("b", func(f *AgentFacts) { f.Languages, f.Tier = Fluent("en"), 2 })
	w.SetSite(without("es", ""))
	w.must(w.Transfer(TransferRequest{Ticket: id, By: "a", To: Target{Tier: 2}}))
	if got := w.Ticket(id).Queue(); got != (QueueID{"support", "es"}) {
		t.Errorf("it waits in %s", got)
	}
	w.now = w.now.Add(withdrawnAfter)
	w.expect("an agent of that tier and another language", "v→b")
}

// What else of the rules may go while people wait.
func TestWhatElseOfTheRulesGoesWhilePeopleWait(t *testing.T) {
	urgent := func(r *JoinRequest) {
		r.Languages, r.Urgency, r.VisitorTier, r.Topic = []string{"zh"}, "high", "vip", "bulk"
	}
	w := newExchange(t)
	id := w.join("v", "support", "", urgent)
	stranded := w.join("k", "support", "", func(r *JoinRequest) { r.Languages, r.Topic = []string{"zh"}, "withdrawal" })
	site := exchangeSite()
	site.Urgencies, site.VisitorTiers, site.Topics = nil, nil, nil
	before := w.Ticket(id)
	w.SetSite(site)
	if after := w.Ticket(id); after != before || w.Position(after) != 1 {
		t.Errorf("without its topic, urgency and tier the ticket is %+v at %d", after, w.Position(after))
	}
	w.hire("a", speaks("zh"))
	w.expect("its place, weight and head start stay", "v→a")
	if !w.Unattended(w.Ticket(stranded)) {
		t.Error("a ticket whose skill nobody has counts as attended")
	}
	w.accept("a")
	w.must(w.Close("a", id))
	w.must(w.Finish("a", id))
	w.must(w.Transfer(TransferRequest{Ticket: stranded, By: "boss", Supervisor: true, To: Target{Department: "support"}}))
	w.expect("passed on to its own department, it asks for what the rules say now", "k→a")
}
