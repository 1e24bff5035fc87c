package sitefile

import (
	"slices"
	"time"
)

var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// shifts reads when an agent is planned to work.
func (v value) shifts() []Shift {
	var out []Shift
	for _, item := range v.list("a list of shifts, such as {days: [mon, tue], from: '08:00', to: '16:30'}") {
		f := item.fields("days", "from", "to")
		var s Shift
		for _, day := range f["days"].distinct("the days of the week", weekdays, value.slug) {
			s.Days = append(s.Days, slices.Index(weekdays, day))
		}
		if f["days"].empty() {
			f["days"].bad("at least one of mon, tue, wed, thu, fri, sat, sun")
		}
		s.From, s.To = f["from"].clock(), f["to"].clock()
		out = append(out, s)
	}
	return out
}

// clock reads a time of day.
func (v value) clock() time.Duration {
	const want = "a time of day in UTC from 00:00 to 23:59, in quotes"
	if v.missing() {
		v.bad(want)
		return 0
	}
	text, ok := v.text(want)
	at, err := time.Parse("15:04", text)
	if ok && (err != nil || len(text) != len("15:04")) {
		v.bad(want)
	}
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
}
