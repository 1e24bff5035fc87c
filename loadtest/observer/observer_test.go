package observer

import (
	"fmt"
	"testing"

	"nextup/queue"
)

// line is an observer with a log of its own, on which people join one queue.
type line struct {
	*Observer
	t      *testing.T
	number uint64
}

func newLine(t *testing.T, people ...string) *line {
	l := &line{t: t, Observer: &Observer{
		state: queue.NewState(&queue.Site{ID: "s", VisitorGrace: 60_000, Retention: 3_600_000, Departments: []queue.Department{
			{ID: "support", Languages: []string{"en"}, QueueLimit: 100, OfferTTL: 20_000}}}),
		own: map[string]*place{}, free: map[string][]queue.Stamp{}, room: map[string]int{}, queuedAt: map[string]queue.Stamp{},
		stale: map[string][]float64{}, second: map[string]float64{},
	}}
	for _, p := range people {
		l.join(p, 1000)
	}
	return l
}

func (l *line) record(c queue.Change, err error, at queue.Stamp) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
	l.number++
	l.Apply([]queue.Record{{Number: l.number, ID: fmt.Sprint("c", l.number), At: at, Cause: c.Cause, Writes: c.Writes}})
}

func (l *line) join(person string, at queue.Stamp) {
	l.t.Helper()
	c, err := l.state.Join(queue.JoinRequest{Ticket: person, Visitor: person, Department: "support", Languages: []string{"en"}, Node: "n"})
	l.record(c, err, at)
}

func (l *line) leave(person string, at queue.Stamp) {
	l.t.Helper()
	c, err := l.state.Leave(person, person)
	l.record(c, err, at)
}

// TestAPlaceIsAsOldAsTheFirstFrameWithItsNumberSays: the frame of an older record
// shows nothing of a newer one, whatever the observer has read already.
func TestAPlaceIsAsOldAsTheFirstFrameWithItsNumberSays(t *testing.T) {
	t.Parallel()
	type frame struct {
		log      uint64
		position int
		at       int64
	}
	// Records 1 to 4 are joins; 5 and 6 are leaves at 2,000 and 2,100.
	tests := map[string]struct {
		frames []frame
		want   []float64
	}{
		"its own number":                      {[]frame{{5, 3, 2150}}, []float64{150}},
		"a later one, from the oldest on":     {[]frame{{6, 2, 2400}}, []float64{400}},
		"one after the other":                 {[]frame{{5, 3, 2150}, {6, 2, 2300}}, []float64{150, 200}},
		"an older number shows nothing":       {[]frame{{4, 4, 2200}}, nil},
		"and the age goes on behind it":       {[]frame{{4, 4, 2200}, {4, 4, 5000}, {6, 2, 7000}}, []float64{5000}},
		"the same frame again is no new news": {[]frame{{6, 2, 2400}, {6, 2, 9000}}, []float64{400}},
	}
	for name, tt := range tests {
		for _, late := range []bool{false, true} { // the log comes after the frames
			t.Run(fmt.Sprintf("%s, log late %v", name, late), func(t *testing.T) {
				t.Parallel()
				l := newLine(t, "a", "b", "c")
				l.watch("d")
				l.join("d", 1500)
				l.shownTo("d", 4, 4, 1510)
				moves := func() {
					l.leave("a", 2000)
					l.leave("b", 2100)
				}
				if !late {
					moves()
				}
				for _, f := range tt.frames {
					l.shownTo("d", f.log, f.position, f.at)
				}
				if late {
					moves()
				}
				if got := l.stale["first_10"]; fmt.Sprint(got) != fmt.Sprint(tt.want) {
					t.Errorf("ages %v, want %v", got, tt.want)
				}
			})
		}
	}
}

func TestWhoSeesWhatIsTrueAgainIsOwedNothing(t *testing.T) {
	t.Parallel()
	l := newLine(t, "a", "b")
	l.watch("d")
	l.join("d", 1500)
	l.shownTo("d", 3, 3, 1510)
	l.blind("d") // nothing is promised without a socket
	l.leave("a", 2000)
	l.shownTo("d", 4, 2, 60_000)
	l.leave("b", 61_000)
	l.leave("d", 62_000)
	l.shownTo("d", 6, 0, 90_000)
	if got := l.stale["first_10"]; len(got) != 0 {
		t.Errorf("ages %v of places that nobody was promised", got)
	}
}

func TestAPartOfARunIsSummedUpAlone(t *testing.T) {
	t.Parallel()
	l := newLine(t)
	begun := l.Mark()
	l.stale["others"], l.offers = []float64{1, 2}, []float64{3}
	middle := l.Mark()
	l.stale["others"], l.offers = append(l.stale["others"], 40, 50, 60), append(l.offers, 70)
	r, first, all := l.Between(middle, l.Mark()), l.Between(begun, middle), l.Between(begun, l.Mark())
	if r.Staleness["others"].Count != 3 || r.Staleness["others"].P50 != 50 || r.Offer.Max != 70 || r.Offer.Count != 1 {
		t.Errorf("%+v", r)
	}
	if first.Staleness["others"].Max != 2 || first.Offer.Max != 3 || all.Staleness["others"].Count != 5 || all.Offer.Count != 2 {
		t.Errorf("%+v, %+v", first, all)
	}
}

func TestTheBandIsThatOfThePlace(t *testing.T) {
	t.Parallel()
	for position, want := range map[int]string{1: "first_10", 10: "first_10", 11: "first_100", 100: "first_100", 101: "others"} {
		if got := bandOf(position); got != want {
			t.Errorf("%d is of %s", position, got)
		}
	}
}

func TestAQuantileIsAMeasuredValueThatEnoughDoNotExceed(t *testing.T) {
	t.Parallel()
	var of []float64
	for i := range 200 {
		of = append(of, float64(200-i))
	}
	if q := quantiles(of); q.P50 != 100 || q.P90 != 180 || q.P99 != 198 || q.Max != 200 || q.Count != 200 {
		t.Errorf("%+v", q)
	}
	if q := quantiles(nil); q.Count != 0 {
		t.Errorf("%+v of nothing", q)
	}
}
