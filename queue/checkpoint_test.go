package queue

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// olderEstimates is what a gateway that knows no checkpoints takes for the estimates:
// any entity of their kind, if it is newer than what it has.
type olderEstimates struct {
	number     uint64
	Curves     map[string]Curve `json:"curves"`
	Checkpoint []byte           `json:"checkpoint"`
}

func (o *olderEstimates) take(t *testing.T, name string, number uint64, body []byte) {
	t.Helper()
	if !strings.HasPrefix(name, "e/") || o.number >= number {
		return
	}
	*o = olderEstimates{number: number}
	if err := json.Unmarshal(body, o); err != nil {
		t.Fatal(err)
	}
}

// published encodes a publication as the log keeps it.
func published(t *testing.T, c Change) (bodies [][]byte) {
	t.Helper()
	for _, w := range c.Writes {
		body, err := EncodeImage(w.Image)
		if err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, body)
	}
	return bodies
}

// A gateway that knows no checkpoints shows the waits of the newest estimates, and
// publishes without a conflict.
func TestAnOlderGatewayTakesNoCheckpointForEstimates(t *testing.T) {
	w := newWorld(t)
	var older olderEstimates
	publish := func(p50 float64, c *Checkpoint) {
		t.Helper()
		change := w.Publish(&Estimates{Number: w.number, Curves: map[string]Curve{"support/en": {{Position: 1, P50: p50, P90: 2 * p50}}}}, c)
		bodies := published(t, change)
		w.must(change, nil)
		for i, wr := range change.Writes {
			older.take(t, wr.Name, w.number, bodies[i])
		}
		if change.Reads[0].Name != "e/" {
			t.Errorf("%q is written first", change.Reads[0].Name)
		}
		if got := older.Curves["support/en"]; len(got) != 1 || got[0].P50 != p50 {
			t.Errorf("an older gateway shows %v, want %v", got, p50)
		}
	}
	publish(10, nil)
	publish(20, &Checkpoint{Data: []byte("a"), Number: w.number})
	publish(30, nil)
	publish(40, &Checkpoint{Data: []byte("b"), Number: w.number})
	if older.Checkpoint != nil {
		t.Errorf("a checkpoint rides in the estimates: %q", older.Checkpoint)
	}
}

// The gateway that takes over finds the newest checkpoint, wherever it stands.
func TestTheNewestCheckpointIsFound(t *testing.T) {
	w := newWorld(t)
	if c := w.Checkpoint(); c != nil {
		t.Fatalf("an empty log has %+v", c)
	}
	for _, step := range []struct {
		what  string
		c     *Checkpoint
		older bool
		want  string
	}{
		{"none yet", nil, false, ""},
		{"an older gateway's", &Checkpoint{Data: []byte("a")}, true, "a"},
		{"one of its own", &Checkpoint{Data: []byte("b")}, false, "b"},
		{"estimates without one", nil, false, "b"},
		{"an older gateway's again", &Checkpoint{Data: []byte("c")}, true, "c"},
		{"one of its own again", &Checkpoint{Data: []byte("d")}, false, "d"},
	} {
		if step.c != nil {
			step.c.Number = w.number
		}
		if step.older { // it has the checkpoint among the estimates
			w.must(w.Publish(&Estimates{Number: w.number, Checkpoint: step.c.Data}, nil), nil)
		} else {
			w.must(w.Publish(&Estimates{Number: w.number}, step.c), nil)
		}
		restored := NewState(demoSite())
		images := []Image{w.Estimates()}
		if c := entity[Checkpoint](w.State, "e/checkpoint"); c != nil {
			images = append(images, c)
		}
		slices.Reverse(images)
		restored.Restore(w.number, w.now, images)
		for where, st := range map[string]*State{"the replica": w.State, "a fork": w.Fork(), "a snapshot": restored} {
			got := ""
			if c := st.Checkpoint(); c != nil {
				got = string(c.Data)
			}
			if got != step.want {
				t.Errorf("%s: %s has %q, want %q", step.what, where, got, step.want)
			}
		}
		if c := entity[Checkpoint](w.State, "e/checkpoint"); step.c != nil && !step.older && c.At != w.now {
			t.Errorf("%s: written at %d, want %d", step.what, c.At, w.now)
		}
		w.now += 1000
	}
}
