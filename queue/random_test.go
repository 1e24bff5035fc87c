package queue

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"pgregory.net/rapid"
)

// A hundred thousand random wishes, each followed by all that the dispatcher
// proposes, under the eyes of a model that shares no code with the rules. The
// seed is printed; RAPID_SEED=n runs one again. A check has 250 wishes in the mean,
// with a spread as wide: 550 of them are never fewer than a hundred thousand.
func TestRandomWishesKeepEveryPromise(t *testing.T) {
	const least = 100_000
	seed := rand.Uint64N(1 << 32)
	if s, err := strconv.ParseUint(os.Getenv("RAPID_SEED"), 10, 64); err == nil {
		seed = s
	}
	for name, value := range map[string]string{"checks": "550", "steps": "250", "seed": fmt.Sprint(seed), "nofailfile": "true"} {
		if err := flag.Set("rapid."+name, value); err != nil {
			t.Fatal(err)
		}
	}
	steps, records, seen := 0, uint64(0), map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(rt)
		rt.Repeat(m.wishes(rt, &steps))
		records += m.number
		for what, n := range m.seen {
			seen[what] += n
		}
	})
	if !reflect.DeepEqual(uneventful, &Progress{}) {
		t.Errorf("something has happened to all tickets at once: %+v", uneventful)
	}
	t.Logf("seed %d: %d wishes, %d records: %v", seed, steps, records, seen)
	if t.Failed() {
		return
	}
	if steps < least {
		t.Errorf("only %d wishes; want %d", steps, least)
	}
	for _, what := range happens {
		if seen[what] < least/4000 {
			t.Errorf("%q happened %d times: the wishes are too dull to show anything", what, seen[what])
		}
	}
}

// happens is what must happen often enough to be judged.
var happens = []string{
	"joined", "left", "given", "offered", "accepted", "declined", "lapsed", "closed", "wrapped_up", "status", "bound", "lost", "expired",
	"node_lost", "widened", "hold_ended", "transferred", "handed over", "invited", "guest_left", "raised", "lowered", "paused", "resumed", "rated",
	"taken over", "closing", "close_cancelled", "closed in time", "lost its agent",
	"new rules", "waits in a withdrawn queue", "opened to other languages", "unattended", "attended",
	"rested", "rested until a cooldown was over",
}

// wishes are the things that people do, at random.
func (m *model) wishes(rt *rapid.T, steps *int) map[string]func(*rapid.T) {
	visitors := []string{"v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12"}
	agents := []string{"a1", "a2", "a3", "a4"}
	nodes := []string{"n1", "n2"}
	languages := []string{"en", "zh", "es"}
	pick := func(rt *rapid.T, of []string, what string) string { return rapid.SampledFrom(of).Draw(rt, what) }
	some := func(rt *rapid.T, of []string, what string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(of), 1, len(of), rapid.ID).Draw(rt, what)
	}
	ticket := func(rt *rapid.T) *Ticket { // the newest of a visitor
		return m.TicketOf(pick(rt, visitors, "whose"))
	}
	talk := func(rt *rapid.T) *Ticket { // a ticket in conversation
		var all []*Ticket
		for _, v := range visitors {
			if t := m.TicketOf(v); t != nil && t.Status == Assigned {
				all = append(all, t)
			}
		}
		if len(all) == 0 {
			return nil
		}
		return rapid.SampledFrom(all).Draw(rt, "conversation")
	}
	all := map[string]func(*rapid.T){
		"join": func(rt *rapid.T) {
			m.joining = JoinRequest{
				Ticket: fmt.Sprint("t", m.number), Visitor: pick(rt, visitors, "visitor"),
				Department: pick(rt, []string{"support", "support", "trading", "trading", "engineering"}, "department"),
				Languages:  some(rt, languages, "languages"), LanguageRequired: rapid.IntRange(0, 3).Draw(rt, "required") == 0,
				VisitorTier: pick(rt, []string{"", "", "vip"}, "tier"), Urgency: pick(rt, []string{"", "", "high"}, "urgency"),
				Topic: pick(rt, []string{"", "", "", "", "withdrawal", "bulk", "outage"}, "topic"), Node: m.node(pick(rt, nodes, "node")),
				Weight: rapid.SampledFrom([]int{0, 0, 0, 0, 0, 0, 0, 0, 0, 5}).Draw(rt, "weight"),
			}
			m.try(m.Join(m.joining))
		},
		"leave": func(rt *rapid.T) {
			if t := ticket(rt); t != nil {
				m.try(m.Leave(t.Visitor, t.ID))
			}
		},
		"answer": func(rt *rapid.T) {
			agent, yes := pick(rt, agents, "agent"), rapid.IntRange(0, 3).Draw(rt, "yes") > 0
			for _, t := range m.Held(agent) {
				switch {
				case t.Status != Offered:
				case yes:
					m.try(m.Accept(agent, t.Offer.ID))
				default:
					m.try(m.Decline(agent, t.Offer.ID))
				}
			}
		},
		"close": func(rt *rapid.T) {
			for _, t := range m.Held(pick(rt, agents, "agent")) {
				m.try(m.Close(t.Agent, t.ID))
			}
		},
		"close in a while": func(rt *rapid.T) {
			for _, t := range m.Held(pick(rt, agents, "agent")) {
				m.try(m.CloseAfter(t.Agent, t.ID, Millis(rapid.SampledFrom([]int{1000, 5000, 30_000}).Draw(rt, "after"))))
			}
		},
		"do not close": func(rt *rapid.T) {
			for _, t := range m.Held(pick(rt, agents, "agent")) {
				m.try(m.CancelClose(t.Agent, t.ID))
			}
		},
		"finish": func(rt *rapid.T) {
			for _, t := range m.Held(pick(rt, agents, "agent")) {
				m.try(m.Finish(t.Agent, t.ID))
			}
		},
		"rate": func(rt *rapid.T) {
			if t := ticket(rt); t != nil {
				m.try(m.Rate(t.Visitor, t.ID, rapid.IntRange(0, 6).Draw(rt, "score"), ""))
			}
		},
		"sign in": func(rt *rapid.T) {
			f := AgentFacts{
				ID: pick(rt, agents, "agent"), Languages: map[string]int{}, Capacity: rapid.IntRange(1, 3).Draw(rt, "capacity"),
				Departments: []string{"support", "trading"}, Tier: rapid.SampledFrom([]int{1, 1, 2, 3}).Draw(rt, "tier"),
			}
			if f.Tier == 3 {
				f.Departments = append(f.Departments, "engineering")
			}
			for _, l := range some(rt, languages, "languages") {
				f.Languages[l] = rapid.SampledFrom([]int{1, 3, 4, 5}).Draw(rt, l)
			}
			if rapid.Bool().Draw(rt, "skilled") {
				f.Skills = some(rt, []string{"api", "kyc"}, "skills")
				slices.Sort(f.Skills)
			}
			m.try(m.BindAgent(f, m.node(pick(rt, nodes, "node"))), nil)
			m.try(m.SetStatus(f.ID, Available))
		},
		"status": func(rt *rapid.T) {
			m.try(m.SetStatus(pick(rt, agents, "agent"), rapid.SampledFrom([]AgentStatus{Available, Available, Away, Offline}).Draw(rt, "status")))
		},
		"come or go": func(rt *rapid.T) {
			node := m.node(pick(rt, nodes, "node"))
			v := pick(rt, visitors, "visitor")
			if m.Visitor(v) == nil {
				return
			}
			m.try(m.LoseVisitor(v, m.Visitor(v).Session.Node), nil)
			if rapid.Bool().Draw(rt, "back") {
				m.try(m.BindVisitor(v, node), nil)
			}
		},
		"agent lost": func(rt *rapid.T) {
			if a := m.Agent(pick(rt, agents, "agent")); a != nil {
				m.try(m.LoseAgent(a.ID, a.Session.Node), nil)
			}
		},
		"node lost": func(rt *rapid.T) {
			if rapid.IntRange(0, 9).Draw(rt, "really") == 0 {
				node := pick(rt, nodes, "node")
				m.try(m.LoseNode(m.node(node)), nil)
				m.lives[node]++
			}
		},
		"transfer": func(rt *rapid.T) {
			t := ticket(rt)
			if t == nil {
				return
			}
			to := rapid.SampledFrom([]Target{
				{Agent: "a1"}, {Agent: "a2"}, {Department: "support"}, {Department: "trading"}, {Language: "en"}, {Language: "zh"}, {Tier: 2},
				{Agent: "a3", Department: "support"}, {},
			}).Draw(rt, "to")
			r := TransferRequest{Ticket: t.ID, By: t.Agent, To: to}
			if r.Supervisor = rapid.Bool().Draw(rt, "by a supervisor"); r.Supervisor {
				r.By = "boss"
			}
			m.to = to
			m.try(m.Transfer(r))
		},
		"hand over": func(rt *rapid.T) {
			if t := talk(rt); t != nil {
				m.to = Target{Agent: pick(rt, agents, "invited")}
				m.try(m.Consult(t.Agent, t.ID, m.to.Agent))
				m.try(m.Transfer(TransferRequest{Ticket: t.ID, By: t.Agent, To: m.to}))
			}
		},
		"take over": func(rt *rapid.T) {
			if rapid.IntRange(0, 3).Draw(rt, "really") == 0 {
				m.seen["taken over"]++
				m.takeOver()
			}
		},
		"consult": func(rt *rapid.T) {
			if t := talk(rt); t != nil {
				m.try(m.Consult(t.Agent, t.ID, pick(rt, agents, "invited")))
			}
		},
		"leave a consult": func(rt *rapid.T) {
			guest := pick(rt, agents, "guest")
			for _, t := range m.Guesting(guest) {
				m.try(m.LeaveConsult(guest, t.ID))
			}
		},
		"head start": func(rt *rapid.T) {
			if t := ticket(rt); t != nil {
				m.try(m.SetHeadStart(t.ID, Millis(rapid.IntRange(-100, 100).Draw(rt, "seconds"))*1000, "because", "boss"))
			}
		},
		"pause": func(rt *rapid.T) {
			q := QueueID{"support", pick(rt, languages, "language")}
			m.try(m.Pause(q, rapid.IntRange(0, 3).Draw(rt, "paused") == 0, "boss", ""))
		},
		"new rules": func(rt *rapid.T) { // with all languages, or without one
			site := exchangeSite()
			if gone := pick(rt, []string{"", "zh", "es"}, "gone"); gone != "" {
				for i, d := range site.Departments {
					site.Departments[i].Languages = slices.DeleteFunc(slices.Clone(d.Languages), func(l string) bool { return l == gone })
				}
			}
			m.seen["new rules"]++
			m.SetSite(site)
		},
		"time": func(rt *rapid.T) {
			m.now += Stamp(rapid.SampledFrom([]int{1, 500, 5000, 15_000, 21_000, 61_000, 200_000}).Draw(rt, "ms"))
		},
	}
	for name, times := range map[string]int{"join": 8, "answer": 5, "close": 3, "close in a while": 2, "sign in": 3, "time": 2, "consult": 3, "leave a consult": 2, "hand over": 3} { // so that much happens
		for i := range times {
			all[fmt.Sprint(name, " ", i)] = all[name]
		}
	}
	all[""] = func(*rapid.T) { // after each
		*steps++
		m.dispatch()
		m.atRest()
	}
	return all
}
