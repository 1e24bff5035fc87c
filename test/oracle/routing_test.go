package oracle

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"nextup/gateway/protocol"
)

// A judge that cannot fail proves nothing: each Invariant is broken once, in a
// history that is right but for that, and must be the one that is found.

// body is an entity as the log holds it.
type body map[string]any

// record is one of a log by hand.
type record struct {
	after  int64 // ms since the one before
	cause  string
	writes map[string]body
}

// with is the body with some fields set.
func (b body) with(fields ...any) body {
	out := maps.Clone(b)
	for i := 0; i < len(fields); i += 2 {
		out[fields[i].(string)] = fields[i+1]
	}
	return out
}

func agentBody(languages body) body {
	return body{
		"languages": languages, "departments": []string{"support", "trading"}, "tier": 1, "capacity": 1, "status": "available",
		"session": body{"node": "n1"},
	}
}

// ticketBody waits in support/en, where a proficiency of 3 is asked for.
func ticketBody(id string) body {
	return body{
		"id": id, "visitor": "v" + id, "department": "support", "language": "en", "weight": 1, "status": "waiting", "joined_at": -1, "waiting_since": -1,
		"need": body{"languages": []string{"en"}, "min_proficiency": 3, "tier": 1},
	}
}

func visitorBody(ticket string) body { return body{"ticket": ticket, "session": body{"node": "n1"}} }

const (
	logStart = 1_000_000
	claimed  = "account-taken-over" // an urgency
)

// rightLog is a log in which nothing is wrong: two agents serve two tickets.
// The numbers are those of the records.
func rightLog() []record {
	ana, bo := agentBody(body{"en": 5}), agentBody(body{"en": 5})
	one, two := ticketBody("1").with("joined", 3, "joined_at", logStart+10, "waiting_since", logStart+10), ticketBody("2").with("joined", 4, "joined_at", logStart+20, "waiting_since", logStart+20)
	offer := func(t body, id, agent string) body {
		return t.with("status", "offered", "offer", body{"id": id, "agent": agent, "at": -1, "ttl": 2000})
	}
	mine := func(t body, agent string) body {
		return t.with("status", "assigned", "agent", agent, "token", 1)
	}
	over := func(t body, agent string) body {
		return mine(t, agent).with("status", "closed", "end", "agent_closed", "ended_at", -1)
	}
	return []record{
		{10, "bound", map[string]body{"a/ana": ana}},
		{0, "bound", map[string]body{"a/bo": bo}},
		{10, "joined", map[string]body{"v/v1": visitorBody("1"), "t/1": ticketBody("1")}},
		{10, "joined", map[string]body{"v/v2": visitorBody("2"), "t/2": ticketBody("2")}},
		{10, "offered", map[string]body{"t/1": offer(one, "1.1", "ana"), "a/ana": ana}},
		{10, "offered", map[string]body{"t/2": offer(two, "2.1", "bo"), "a/bo": bo}},
		{500, "accepted", map[string]body{"t/1": mine(one, "ana")}},
		{0, "accepted", map[string]body{"t/2": mine(two, "bo")}},
		{500, "closed", map[string]body{"t/1": over(one, "ana"), "a/ana": ana}},
		{10, "closed", map[string]body{"t/2": over(two, "bo"), "a/bo": bo}},
	}
}

// rowsOf are records as Redis holds them.
func rowsOf(t *testing.T, log []record) []Row {
	t.Helper()
	var all []Row
	at, prev := int64(logStart-10), ""
	for i, r := range log {
		at += r.after
		var writes []body
		for _, name := range slices.Sorted(maps.Keys(r.writes)) {
			writes = append(writes, body{"n": name, "b": r.writes[name]})
		}
		data, err := json.Marshal(body{"s": 1, "c": r.cause, "w": writes})
		if err != nil {
			t.Fatal(err)
		}
		id := fmt.Sprint("c", i+1)
		all = append(all, Row{Number: uint64(i + 1), ID: id, Prev: prev, AtMS: at, Data: string(data)})
		prev = id
	}
	return all
}

// waitingView is what the visitor of ticket 2 is shown at a number.
func waitingView(log uint64, position, size int) Event {
	return Event{Kind: Told, Conn: 1, Ticket: &protocol.Ticket{
		Ticket: "2", Status: protocol.Waiting, Department: "support", Language: "en", Position: position, Size: size, Languages: []string{"en"}, Log: log,
	}}
}

func TestEachStatementFindsWhatIsPlanted(t *testing.T) {
	t.Parallel()
	const first, second = "0000000000000003:1", "0000000000000004:2"
	// Ticket 3 comes in before the others.
	early := record{10, "joined", map[string]body{"v/v3": visitorBody("3"), "t/3": ticketBody("3").with("head_start", 4000, "urgency", claimed)}}
	tests := []struct {
		what  string
		plant func(log []record) []record
		shown []Event // to the visitor of ticket 2
		// ranked is what the sorted sets held.
		ranked []Rank
		found  []Invariant
	}{
		{what: "nothing"},
		{
			what:  "a second owner",
			plant: func(log []record) []record { log[6].writes["t/1"]["agent"] = "bo"; return log },
			found: []Invariant{OneOwner, Capacity},
		},
		{
			what:  "a token that does not rise",
			plant: func(log []record) []record { log[7].writes["t/2"]["token"] = 0; return log },
			found: []Invariant{Fenced},
		},
		{
			what:  "two tickets in a hand for one",
			plant: func(log []record) []record { log[5].writes["t/2"]["offer"].(body)["agent"] = "ana"; return log },
			found: []Invariant{Capacity, OneOwner},
		},
		{
			what: "the second before the first",
			plant: func(log []record) []record {
				log[4], log[5] = log[5], log[4]
				log[4].after = 3000
				return log
			},
			found: []Invariant{InOrder},
		},
		{
			what: "an agent who does not speak it well enough",
			plant: func(log []record) []record {
				for _, r := range log {
					if r.writes["a/ana"] != nil {
						r.writes["a/ana"] = agentBody(body{"en": 2})
					}
				}
				return log
			},
			found: []Invariant{Eligible},
		},
		{
			what: "an agent who is away",
			plant: func(log []record) []record {
				log[0].writes["a/ana"] = log[0].writes["a/ana"].with("status", "away")
				log[4].writes["a/ana"] = log[0].writes["a/ana"]
				return log
			},
			found: []Invariant{Eligible},
		},
		{
			what: "a ticket that is held for another",
			plant: func(log []record) []record {
				log[2].writes["t/1"]["hold"] = body{"agent": "bo", "at": -1, "for": 1500}
				return log
			},
			found: []Invariant{Eligible, Held},
		},
		{
			what: "nobody is offered what waits",
			plant: func(log []record) []record {
				log[4].after = 20_000
				return log
			},
			found: []Invariant{NobodyWaits},
		},
		{
			what:  "an offer accepted too late",
			plant: func(log []record) []record { log[6].after = 2500; return log },
			found: []Invariant{Deadlines},
		},
		{
			what: "a step before its time",
			plant: func(log []record) []record {
				two := maps.Clone(log[4].writes["t/1"]).with("id", "2", "visitor", "v2", "joined", 4, "joined_at", logStart+20, "waiting_since", logStart+20, "status", "waiting", "step", 1)
				delete(two, "offer")
				log = slices.Insert(log, 4, record{1000, "widened", map[string]body{"t/2": two}})
				return log
			},
			found: []Invariant{Widened},
		},
		{
			what: "a head start that no rule gives",
			plant: func(log []record) []record {
				for _, r := range log {
					if t := r.writes["t/2"]; t != nil {
						t["head_start"] = -5000
					}
				}
				return log
			},
			found: []Invariant{Scored},
		},
		{
			what:  "a visitor with two open tickets",
			plant: func(log []record) []record { log[3].writes["v/v2"] = visitorBody("another"); return log },
			found: []Invariant{OneOwner},
		},
		{
			what:  "a ticket that is closed before anybody has it",
			plant: func(log []record) []record { return slices.Delete(log, 7, 8) },
			found: []Invariant{OneOwner, Fenced},
		},
		{
			what:  "a ticket that nobody ends",
			plant: func(log []record) []record { return log[:9] },
			found: []Invariant{NothingLeft},
		},
		{
			what:   "a ticket in two sorted sets",
			ranked: []Rank{{4, map[string][]string{"support/en": {first, second}}}, {5, map[string][]string{"support/en": {first, second}, "trading/en": {second}}}},
			found:  []Invariant{OneOwner},
		},
		{
			what:  "a view that the log does not bear out",
			shown: []Event{waitingView(4, 1, 2)},
			found: []Invariant{TrueViews},
		},
		{
			what:  "a view that goes back",
			shown: []Event{waitingView(5, 2, 2), waitingView(4, 2, 2)},
			found: []Invariant{TrueViews},
		},
		{
			what:  "a worse place without a reason",
			plant: func(log []record) []record { return slices.Insert(log, 4, early) },
			shown: []Event{waitingView(4, 2, 2), waitingView(5, 3, 3)},
			found: []Invariant{WorseHasReason, NothingLeft, NobodyWaits},
		},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			log := rightLog()
			if tt.plant != nil {
				log = tt.plant(log)
			}
			run := routed(t, rowsOf(t, log), &History{Role: protocol.Visitor, Subject: "v2", Events: tt.shown})
			run.Ranks = tt.ranked
			r := newReport(run)
			checkLogs(r, run)
			checkKeys(r, run)
			found := r.Wrong()
			slices.Sort(found)
			slices.Sort(tt.found)
			if !slices.Equal(found, tt.found) {
				t.Errorf("found %v, want %v\n%s", found, tt.found, r)
			}
		})
	}
}

// exchange is the site by which these logs are judged.
func exchange() *Routing {
	return &Routing{
		Departments: map[string]Department{
			"support": {
				Languages: []string{"en", "zh"}, Tier: 1, Minimum: 3, OfferTimeout: 2 * time.Second,
				Widening: []Widening{{After: 2 * time.Second, Spread: "listed"}, {After: 6 * time.Second, Minimum: 1}},
			},
			"trading": {Languages: []string{"en"}, Tier: 2, Minimum: 4, Skills: []string{"trading"}, OfferTimeout: 2 * time.Second, AutoAccept: true},
		},
		Urgencies: map[string]time.Duration{claimed: 4 * time.Second},
		Fallback:  "en",
		Agents:    []Agent{{ID: "agent-0", Capacity: 1}, {ID: "agent-1", Capacity: 2}},
	}
}

// routed is a run with these rows, of which Redis remembers what they wrote last.
func routed(t *testing.T, rows []Row, shown *History) *Run {
	t.Helper()
	const site = "exchange"
	log := &Log{Rows: rows, Entities: map[string]string{}, Ranks: map[string][]string{}}
	run := &Run{
		Rules: Rules{
			Site: site, VisitorGrace: 5 * time.Second, Slack: time.Second, Staleness: time.Second, Patience: 8 * time.Second, Routing: exchange(),
		},
		Histories: []*History{shown}, Snapshot: &Snapshot{Sites: map[string]*Log{site: log}},
	}
	j := newJudge(newReport(run), run)
	for _, row := range rows {
		if _, err := j.apply(row); err != nil {
			t.Fatal(err)
		}
	}
	for id, ticket := range j.tickets {
		data, err := json.Marshal(ticket)
		if err != nil {
			t.Fatal(err)
		}
		log.Entities["t/"+id] = string(data)
	}
	for queue := range j.lines {
		log.Ranks[queue] = j.rankOf(queue)
	}
	return run
}
