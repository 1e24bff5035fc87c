package sitefile

import (
	"slices"
	"time"

	"nextup/queue"
)

var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// firstMonday is the first Monday after the beginning of 1970.
const firstMonday = 4 * 24 * time.Hour

// shifts reads when an agent is planned to work.
func (v value) shifts() []queue.Shift {
	var out []queue.Shift
	for _, item := range v.list("a list of shifts, such as {days: [mon, tue], from: '08:00', to: '16:30'}") {
		f := item.fields("days", "from", "to")
		days := f["days"].distinct("the days of the week", weekdays, value.slug)
		if f["days"].empty() {
			f["days"].bad("at least one of mon, tue, wed, thu, fri, sat, sun")
		}
		from, to := f["from"].clock(), f["to"].clock()
		if to <= from {
			to += 24 * time.Hour // of the day after
		}
		for _, day := range days {
			begins := firstMonday + time.Duration(slices.Index(weekdays, day))*24*time.Hour
			out = append(out, queue.Shift{
				From: queue.Stamp(millis(begins + from)), To: queue.Stamp(millis(begins + to)), Every: millis(7 * 24 * time.Hour),
			})
		}
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
