package queue

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// newer is what a newer version wrote beside the members that this one knows.
const newer = `"x_newer":{"deep":[1,"<é>"]}`

// Whatever kind an entity is of, its image keeps the members that only a newer version
// knows.
func TestImagesKeepUnknownMembers(t *testing.T) {
	for at, k := range kinds {
		if k == nil {
			continue
		}
		name := string(rune(at)) + "/"
		image, err := DecodeImage(name, []byte("{"+newer+"}"))
		if err != nil {
			t.Fatal(err)
		}
		Resolve(image, Revision{Version: "a", Number: 1}, 5)
		body, err := EncodeImage(image)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(body), newer) {
			t.Errorf("%s is written again as %s", name, body)
		}
	}
}

// An older gateway rewrites what a newer one wrote, by whatever it decides, and loses
// nothing of it.
func TestAnOlderGatewayLosesNothingOfWhatANewerOneWrote(t *testing.T) {
	ticket := func(more string) string {
		return `{"id":"t1","visitor":"v1","department":"support","language":"en","weight":1,"joined_at":5,"waiting_since":5,` + newer + `,` + more + `}`
	}
	waiting := ticket(`"status":"waiting","need":{"languages":["en"],` + newer + `},"hold":{"agent":"a1","at":9000,"for":9000,"reason":"sticky",` + newer + `},"passes":[{"agent":"a2","at":3,` + newer + `}]`)
	offered := ticket(`"status":"offered","offer":{"id":"t1.1","agent":"a1","at":9000,"ttl":20000,` + newer + `},"attempts":1`)
	assigned := ticket(`"status":"assigned","agent":"a1","token":1,"assigned_at":8,"closing":{"at":9000,"for":20000,` + newer + `},"loss":{"agent":"a2","token":1,"at":7,"number":3,` + newer + `}`)
	ended := ticket(`"status":"closed","end":"agent_closed","agent":"a1","token":1,"assigned_at":8,"ended_at":9,"wrap_up":60000,"rating":{"score":5,"at":10,` + newer + `}`)
	visitor := `{"id":"v1","ticket":"t1","session":{"node":"n1","generation":1},` + newer + `}`
	agent := `{"id":"a1","languages":{"en":5},"departments":["support"],"capacity":2,"status":"available","session":{"node":"n1","generation":1},` + newer + `}`
	guest := strings.ReplaceAll(agent, `"a1"`, `"a3"`)
	estimates := `{"curves":{},"number":3,` + newer + `}`
	checkpoint := `{"checkpoint":"","number":3,` + newer + `}`

	only := func(c Change) (Change, error) { return c, nil }
	for _, tt := range []struct {
		what   string
		ticket string
		decide func(st *State) (Change, error)
		kept   map[string][]string // by entity: where the members are
	}{
		{"raised", waiting, func(st *State) (Change, error) { return st.SetHeadStart("t1", 1000, "why", "s") }, map[string][]string{"t/t1": {"", "need", "hold", "passes.0"}}},
		{"offered", waiting, func(st *State) (Change, error) { return only(st.Match(10_000, 1)[0]) }, map[string][]string{"t/t1": {"", "need", "hold", "passes.0"}, "a/a1": {""}}},
		{"raised while offered", offered, func(st *State) (Change, error) { return st.SetHeadStart("t1", 1000, "why", "s") }, map[string][]string{"t/t1": {"", "offer"}}},
		{"accepted", offered, func(st *State) (Change, error) { return st.Accept("a1", "t1.1") }, map[string][]string{"t/t1": {""}}},
		{"declined", offered, func(st *State) (Change, error) { return st.Decline("a1", "t1.1") }, map[string][]string{"t/t1": {""}}},
		{"lapsed", offered, func(st *State) (Change, error) { return only(st.overdue(50_000, 9)[0]) }, map[string][]string{"t/t1": {""}, "a/a1": {""}}},
		{"a guest invited", assigned, func(st *State) (Change, error) { return st.Consult("a1", "t1", "a3") }, map[string][]string{"t/t1": {"", "closing", "loss"}}},
		{"closing taken back", assigned, func(st *State) (Change, error) { return st.CancelClose("a1", "t1") }, map[string][]string{"t/t1": {"", "loss"}}},
		{"transferred", assigned, func(st *State) (Change, error) {
			return st.Transfer(TransferRequest{Ticket: "t1", By: "a1", To: Target{Department: "trading"}})
		}, map[string][]string{"t/t1": {"", "loss"}, "a/a1": {""}}},
		{"closed", assigned, func(st *State) (Change, error) { return st.Close("a1", "t1") }, map[string][]string{"t/t1": {"", "loss"}, "a/a1": {""}}},
		{"left", waiting, func(st *State) (Change, error) { return st.Leave("v1", "t1") }, map[string][]string{"t/t1": {"", "need"}}},
		{"wrapped up", ended, func(st *State) (Change, error) { return st.Finish("a1", "t1") }, map[string][]string{"t/t1": {"", "rating"}, "a/a1": {""}}},
		{"joined again", ended, func(st *State) (Change, error) {
			return st.Join(JoinRequest{Ticket: "t2", Visitor: "v1", Department: "support", Languages: []string{"en"}, Node: "n2"})
		}, map[string][]string{"v/v1": {""}}},
		{"a visitor bound", waiting, func(st *State) (Change, error) { return only(st.BindVisitor("v1", "n2")) }, map[string][]string{"v/v1": {""}}},
		{"a visitor lost", waiting, func(st *State) (Change, error) { return only(st.LoseVisitor("v1", "n1")) }, map[string][]string{"v/v1": {""}}},
		{"an agent bound", waiting, func(st *State) (Change, error) {
			return only(st.BindAgent(AgentFacts{ID: "a1", Languages: Fluent("en"), Departments: []string{"support"}, Capacity: 3}, "n2"))
		}, map[string][]string{"a/a1": {""}}},
		{"an agent away", waiting, func(st *State) (Change, error) { return st.SetStatus("a1", Away) }, map[string][]string{"a/a1": {""}}},
		{"an agent lost", waiting, func(st *State) (Change, error) { return only(st.LoseAgent("a1", "n1")) }, map[string][]string{"a/a1": {""}}},
		{"an agent gone for good", assigned, func(st *State) (Change, error) { return only(st.expireAgent(st.agents["a1"])) }, map[string][]string{"t/t1": {"", "loss"}, "a/a1": {""}}},
		{"estimates published", waiting, func(st *State) (Change, error) {
			return only(st.Publish(&Estimates{Number: 4}, &Checkpoint{Number: 4}))
		}, map[string][]string{"e/": {""}, "e/checkpoint": {""}}},
	} {
		t.Run(tt.what, func(t *testing.T) {
			st := NewState(demoSite())
			var images []Image
			for name, body := range map[string]string{"t/t1": tt.ticket, "v/v1": visitor, "a/a1": agent, "a/a3": guest, "e/": estimates, "e/checkpoint": checkpoint} {
				i, err := DecodeImage(name, []byte(body))
				if err != nil {
					t.Fatal(err)
				}
				Resolve(i, Revision{Version: "c", Number: 3}, 9000)
				images = append(images, i)
			}
			st.Restore(3, 9000, images)
			c, err := tt.decide(st)
			if err != nil || c.Empty() {
				t.Fatalf("decided %+v, %v", c, err)
			}
			written := map[string]string{}
			for _, w := range c.Writes {
				body, err := EncodeImage(w.Image)
				if err != nil {
					t.Fatal(err)
				}
				written[w.Name] = string(body)
			}
			for name, places := range tt.kept {
				for _, place := range places {
					if got := memberAt(t, written[name], place, "x_newer"); !reflect.DeepEqual(got, map[string]any{"deep": []any{1.0, "<é>"}}) {
						t.Errorf("%s, at %q: %v, in %s", name, place, got, written[name])
					}
				}
			}
		})
	}
}

// memberAt reads a member of the object at a place in a body.
func memberAt(t *testing.T, body, place, member string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%q: %v", body, err)
	}
	for step := range strings.SplitSeq(place, ".") {
		switch in := v.(type) {
		case map[string]any:
			if step != "" {
				v = in[step]
			}
		case []any:
			var i int
			if _, err := fmt.Sscan(step, &i); err != nil || i >= len(in) {
				return nil
			}
			v = in[i]
		}
	}
	object, _ := v.(map[string]any)
	return object[member]
}

// Two tickets whose requirements differ only in what a newer version wrote are not taken
// for alike.
func TestUnknownRequirementsAreNotTakenForThoseOfAnotherTicket(t *testing.T) {
	st := NewState(demoSite())
	bodies := []string{`{"languages":["en"]}`, `{"languages":["en"],"x":1}`, `{"languages":["en"],"x":2}`}
	var images []Image
	for i, need := range bodies {
		image, err := DecodeImage("t/", fmt.Appendf(nil, `{"id":"t%d","visitor":"v%d","department":"support","language":"en","weight":1,"status":"waiting","joined_at":5,"need":%s}`, i, i, need))
		if err != nil {
			t.Fatal(err)
		}
		Resolve(image, Revision{Version: "c", Number: uint64(i + 1)}, 9)
		images = append(images, image)
	}
	st.Restore(3, 9, images)
	for i, want := range []any{nil, 1.0, 2.0} {
		body, err := EncodeImage(st.Ticket(fmt.Sprint("t", i)))
		if err != nil {
			t.Fatal(err)
		}
		if got := memberAt(t, string(body), "need", "x"); got != want {
			t.Errorf("t%d is written again with %v, want %v", i, got, want)
		}
	}
}
