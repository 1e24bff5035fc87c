package queue

import (
	"slices"
	"testing"
)

func TestALostNodeIsOneRecord(t *testing.T) {
	w := newWorld(t)
	w.agent("a", 2, "en")
	held := w.join("held", "support", "en")
	w.dispatch()
	w.accept("a")
	w.join("waits", "support", "zh")
	w.join("elsewhere", "support", "zh", func(r *JoinRequest) { r.Node = "n2" })
	before := w.number
	w.must(w.LoseNode("n1"), nil)
	if w.number != before+1 {
		t.Errorf("%d records for one node", w.number-before)
	}
	step := w.steps[len(w.steps)-1]
	slices.Sort(step.Visitors)
	if !slices.Equal(step.Visitors, []string{"held", "waits"}) || !slices.Equal(step.Agents, []string{"a"}) {
		t.Errorf("lost with the node: %v and %v", step.Visitors, step.Agents)
	}
	if w.Visitor("elsewhere").Session.Lost() || !w.Visitor("waits").Session.Lost() || !w.Agent("a").Session.Lost() {
		t.Error("the sessions of n1 are lost, and no other")
	}
	if !slices.Equal(w.Nodes(), []string{"n2"}) {
		t.Errorf("nodes that hold sessions: %v, want n2", w.Nodes())
	}
	w.must(w.BindVisitor("waits", "n2"), nil)
	w.now = w.now.Add(w.site.VisitorGrace) + 1
	w.dispatch()
	if got := w.Ticket(held).Status; got != Waiting && got != Abandoned {
		t.Errorf("the lost agent's ticket is %s", got)
	}
	if w.Agent("a").Status != Offline || !w.TicketOf("waits").Open() {
		t.Error("past grace the agent is offline, and who came back still waits")
	}
}

func TestANodeTakenForDeadCannotBindAnybody(t *testing.T) {
	w := newWorld(t)
	join, err := w.Join(JoinRequest{Ticket: "t", Visitor: "v", Department: "support", Languages: []string{"en"}, Node: "n1"})
	if err != nil {
		t.Fatal(err)
	}
	bind := w.BindAgent(AgentFacts{ID: "a", Languages: Fluent("en"), Departments: []string{"support"}, Capacity: 1}, "n1")
	w.must(w.LoseNode("n1"), nil)
	if w.commit(join) || w.commit(bind) {
		t.Error("a session was bound to a node that the log calls lost")
	}
}

func TestAChangeDecidedBeforeTheLossDoesNotReviveASession(t *testing.T) {
	w := newWorld(t)
	w.agent("a", 1, "en")
	status, err := w.SetStatus("a", Away)
	w.must(w.LoseNode("n1"), nil)
	w.must(status, err)
	if !w.Agent("a").Session.Lost() {
		t.Error("the agent counts as present on a lost node")
	}
}

func TestASnapshotShowsTheSessionsOfALostNodeAsLost(t *testing.T) {
	w := newWorld(t)
	w.agent("a", 1, "en")
	w.join("v", "support", "zh")
	// What the log holds: the sessions as they were written, and the node.
	var images []Image
	visitor, agent := *w.Visitor("v"), *w.Agent("a")
	images = append(images, &visitor, &agent, w.TicketOf("v"))
	w.must(w.LoseNode("n1"), nil)
	for _, order := range [][]Image{append(images, w.nodes["n1"]), append([]Image{w.nodes["n1"]}, images...)} {
		st := NewState(w.site)
		st.Restore(w.number, w.now, order)
		if !st.Visitor("v").Session.Lost() || !st.Agent("a").Session.Lost() || len(st.Nodes()) != 0 {
			t.Error("a new gateway takes the lost for present")
		}
	}
}

// A snapshot comes in any order: an older ticket that has ended says nothing of
// the visitor's newest one.
func TestASnapshotKnowsWhoIsLostWhateverTheirPast(t *testing.T) {
	w := newWorld(t)
	old := w.join("v", "support", "en")
	w.must(w.Leave("v", old))
	w.join("v", "support", "en")
	w.must(w.LoseVisitor("v", "n1"), nil)
	images := []Image{w.Visitor("v"), w.Ticket(old), w.TicketOf("v")}
	for _, order := range [][]int{{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}} {
		st := NewState(w.site)
		st.Restore(w.number, w.now, []Image{images[order[0]], images[order[1]], images[order[2]]})
		if due := st.expire(w.now.Add(w.site.VisitorGrace)+1, 0); len(due) != 1 {
			t.Errorf("loaded in the order %v, a new gateway ends %d lost visitors, want 1", order, len(due))
		}
	}
}

func TestLostNodesAreForgotten(t *testing.T) {
	w := newWorld(t)
	w.agent("a", 1, "en")
	w.must(w.LoseNode("n1"), nil)
	w.now = w.now.Add(w.site.Retention) + 1
	w.dispatch()
	if len(w.nodes) != 0 {
		t.Error("a lost node without sessions is still there")
	}
}
