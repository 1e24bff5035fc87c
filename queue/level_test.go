package queue

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// A level is raised once and never lowered, and says when and by what it was raised.
func TestALevelIsRaisedOnceAndNeverLowered(t *testing.T) {
	w := newWorld(t)
	if w.Level() != Level0 || w.SiteLevel() != nil {
		t.Fatalf("an empty log is at level %d", w.Level())
	}
	raise := func(to Level) (Change, error) { return RaiseLevel(w.SiteLevel(), to, "operator") }
	for _, step := range []struct {
		to    Level
		err   error
		empty bool
	}{
		{Level0, nil, true},
		{Level1, nil, false},
		{Level1, nil, true},
		{Level0, ErrLevelLower, true},
		{Level1 + 4, nil, false}, // a later version's, that this one hears of
		{Level1, ErrLevelLower, true},
	} {
		c, err := raise(step.to)
		if !errors.Is(err, step.err) || c.Empty() != step.empty {
			t.Fatalf("from %d to %d: %+v, %v", w.Level(), step.to, c, err)
		}
		if step.empty {
			continue
		}
		w.must(c, nil)
		got := w.steps[len(w.steps)-1]
		if w.Level() != step.to || w.SiteLevel().RaisedAt != w.now || got.Cause != CauseLevelRaised || got.By != "operator" {
			t.Errorf("raised to %d: %+v, by %s %s", step.to, w.SiteLevel(), got.Cause, got.By)
		}
		if fork := w.Fork(); fork.Level() != step.to {
			t.Errorf("a fork is at level %d, want %d", fork.Level(), step.to)
		}
		w.now += 1000
	}
}

// Of two who raise a level at once one is first, and the other one's change conflicts.
func TestTwoWhoRaiseALevelAtOnceConflict(t *testing.T) {
	w := newWorld(t)
	first, _ := RaiseLevel(nil, Level1, "a")
	second, _ := RaiseLevel(nil, Level1+1, "b")
	if !w.commit(first) || w.commit(second) || w.Level() != Level1 {
		t.Errorf("the site is at level %d", w.Level())
	}
}

// A binary is too old for a level above those that it knows, and says so with both.
func TestABinaryThatIsTooOldForALevelNamesBoth(t *testing.T) {
	for _, tt := range []struct {
		at, known Level
		old       bool
	}{{0, 0, false}, {1, 1, false}, {1, 3, false}, {1, 0, true}, {99, 1, true}} {
		err := CheckLevel(&SiteLevel{Level: tt.at}, tt.known)
		if (err != nil) != tt.old {
			t.Errorf("at level %d, known up to %d: %v", tt.at, tt.known, err)
		}
	}
	if err := CheckLevel(&SiteLevel{Level: 99}, 7); !strings.Contains(err.Error(), "at level 99") || !strings.Contains(err.Error(), "up to 7") {
		t.Errorf("it says %v", err)
	}
	if err := CheckLevel(&Ticket{}, 0); err != nil {
		t.Errorf("a ticket: %v", err)
	}
}

// Each level adds what it brings to what the levels below bring.
func TestFeaturesAddUpByLevel(t *testing.T) {
	table := []LevelSpec{{}, {Features: []string{"a", "b"}}, {Features: []string{"c"}}}
	for level, want := range [][]string{nil, {"a", "b"}, {"a", "b", "c"}, {"a", "b", "c"}} {
		if got := FeaturesAt(table, Level(level)); !slices.Equal(got, want) {
			t.Errorf("level %d has %q, want %q", level, got, want)
		}
	}
	seen := map[string]bool{}
	for level, l := range Levels() {
		if len(l.Brings) == 0 {
			t.Errorf("level %d brings nothing", level)
		}
		for _, f := range l.Features {
			if seen[f] {
				t.Errorf("%q is brought twice", f)
			}
			seen[f] = true
		}
	}
	if Newest(Levels()) != Level1 {
		t.Errorf("the newest level is %d", Newest(Levels()))
	}
}
