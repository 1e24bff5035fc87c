package queue

import (
	"errors"
	"slices"
	"testing"
)

// notice is a kind of entity that only this file knows.
type notice struct {
	ID      string  `json:"id"`
	Text    string  `json:"text"`
	At      Stamp   `json:"at"`
	Unknown Unknown `json:",embed"`

	Rev Revision `json:"-"`
}

const noticePrefix = "~/"

func init() {
	register(noticePrefix, kind{empty: func(string) Image { return &notice{} }})
}

func (n *notice) Name() string       { return noticePrefix + n.ID }
func (n *notice) revision() Revision { return n.Rev }
func (n *notice) resolve(rev Revision, at Stamp) {
	n.Rev = rev
	n.At.resolve(at)
}

// A new kind of entity is one file: it goes through the log, a snapshot and a fork, its
// newest image counts, and steps name it.
func TestANewKindOfEntityIsOneFile(t *testing.T) {
	w := newWorld(t)
	first := &notice{ID: "hours", Text: "closed", At: OwnStamp}
	c := change(CausePaused, "a")
	c.create(first)
	w.must(c, nil)
	got := entity[notice](w.State, "~/hours")
	if got == nil || got.Text != "closed" || got.At != w.now {
		t.Fatalf("after the record: %+v", got)
	}
	if step := w.steps[len(w.steps)-1]; !slices.Equal(step.Others, []string{"~/hours"}) {
		t.Errorf("the step names %q", step.Others)
	}
	if w.commit(c) {
		t.Error("created twice")
	}

	second := *got
	second.Text = "open"
	c = change(CausePaused, "b")
	c.write(got, &second)
	w.must(c, nil)
	w.Apply(Record{Number: 1, ID: "old", Writes: []Write{{Name: "~/hours", Image: &notice{ID: "hours", Text: "old"}}}})
	if n := entity[notice](w.State, "~/hours"); n.Text != "open" {
		t.Errorf("an older image replaced a newer one: %+v", n)
	}
	if n := entity[notice](w.Fork(), "~/hours"); n == nil || n.Text != "open" {
		t.Errorf("in a fork: %+v", n)
	}

	body, err := EncodeImage(entity[notice](w.State, "~/hours"))
	if err != nil {
		t.Fatal(err)
	}
	image, err := DecodeImage("~/hours", body)
	if err != nil {
		t.Fatal(err)
	}
	Resolve(image, Revision{Version: "x", Number: 7}, w.now)
	st := NewState(demoSite())
	st.Restore(9, w.now, []Image{image})
	if n := entity[notice](st, "~/hours"); n == nil || n.Text != "open" || n.Rev.Number != 7 {
		t.Errorf("out of a snapshot: %+v", n)
	}

	c = change(CausePaused, "c")
	c.remove(entity[notice](w.State, "~/hours"))
	w.must(c, nil)
	if n := entity[notice](w.State, "~/hours"); n != nil {
		t.Errorf("removed, it is still there: %+v", n)
	}
}

// A gateway does not go on with an entity of a kind that it does not know, unless the
// entity is removed.
func TestAKindThatOnlyANewerVersionKnowsIsRefused(t *testing.T) {
	if _, err := DecodeImage("?/x", []byte("{}")); !errors.Is(err, ErrSchema) {
		t.Errorf("an image: %v", err)
	}
	if _, err := DecodeRecord(1, "a", 1, []byte(`{"s":1,"c":"x","w":[{"n":"?/x","b":{}}]}`)); !errors.Is(err, ErrSchema) {
		t.Errorf("a record: %v", err)
	}
	r, err := DecodeRecord(1, "a", 1, []byte(`{"s":1,"c":"x","w":[{"n":"?/x"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if st := NewState(demoSite()); st.Apply(r).Number != 1 {
		t.Error("the removal is not applied")
	}
	for _, data := range []string{`{"s":2,"w":[{"n":"t/x","b":{"id":5}}]}`, `{"s":2,"w":{}}`, `{}`} {
		if _, err := DecodeRecord(1, "a", 1, []byte(data)); !errors.Is(err, ErrSchema) {
			t.Errorf("%s: %v", data, err)
		}
	}
	for _, data := range []string{`{"s":1,"w":[{"b":{"id":"x"},"n":"t/x"}]}`, `{"s":1,"w":[7]}`, `{"s":1,"w":[{"n":"t/x","b":7}]}`, `no record`} {
		if _, err := DecodeRecord(1, "a", 1, []byte(data)); err == nil {
			t.Errorf("%s is taken", data)
		}
	}
}
