package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"nextup/internal/trace"
	"nextup/internal/trace/export"
	"nextup/queue"
	"nextup/queue/sim"
)

// dayLength is that of the day which is planned.
const dayLength = 24 * time.Hour

// day is how many visitors come in each period of a day, by language.
type day struct {
	each      time.Duration
	languages []string
	visitors  [][]float64 // by language and period
	source    string
}

// periods is the number of periods of the day.
func (d *day) periods() int { return int(dayLength / d.each) }

// readDay reads a CSV of arrivals, or a log of contacts, whose days it averages.
func readDay(path, zone string, each time.Duration) (*day, error) {
	in, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("plan: --zone is a time zone such as Europe/Berlin: %w", err)
	}
	if each < 15*time.Minute || dayLength%each != 0 {
		return nil, fmt.Errorf("plan: --each is at least 15m and divides a day: %v", each)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := trace.Text(file)
	if err != nil {
		return nil, err
	}
	head, _ := text.Peek(5)
	if first := strings.ToLower(string(head)); strings.HasPrefix(first, "hour") || strings.HasPrefix(first, "from") {
		rows, err := csv.NewReader(text).ReadAll()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return dayOf(rows, each)
	}
	log, _, err := export.Open(path, export.Options{Zone: in})
	if err != nil {
		return nil, err
	}
	return dayOfLog(log, each)
}

// dayOf reads rows of an hour and the visitors of each language in the time until the
// next row.
func dayOf(rows [][]string, each time.Duration) (*day, error) {
	wrong := func(line int, format string, a ...any) error {
		return &trace.RowError{Line: line, Reason: fmt.Sprintf(format, a...)}
	}
	if len(rows) < 2 || len(rows[0]) < 2 {
		return nil, wrong(1, "an hour, a column for each language, and a row for each hour are needed")
	}
	d := &day{each: each, languages: rows[0][1:], source: "the arrivals of the file"}
	for range d.languages {
		d.visitors = append(d.visitors, make([]float64, d.periods()))
	}
	begins := make([]time.Duration, len(rows)) // the last one of the day's end
	for i, row := range rows[1:] {
		at, err := time.Parse("15:04", row[0])
		if n, notHour := strconv.Atoi(row[0]); notHour == nil && n >= 0 && n < 24 {
			at, err = time.Time{}.Add(time.Duration(n)*time.Hour), nil
		}
		if begins[i] = time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute; err != nil || i > 0 && begins[i] <= begins[i-1] {
			return nil, wrong(i+2, "%q is no later hour of the day, such as 9 or 09:30", row[0])
		}
	}
	step := dayLength - begins[len(rows)-2]
	for i := 1; i < len(rows)-1; i++ {
		step = min(step, begins[i]-begins[i-1])
	}
	for i, row := range rows[1:] {
		for k := range d.languages {
			n, err := strconv.ParseFloat(row[k+1], 64)
			if err != nil || !(n >= 0 && n <= 1e6) {
				return nil, wrong(i+2, "%q is no number of visitors", row[k+1])
			}
			d.spread(k, begins[i], step, n)
		}
	}
	return d, nil
}

// spread adds visitors who come evenly from a time on.
func (d *day) spread(language int, from, length time.Duration, n float64) {
	const quarter = 15 * time.Minute
	for at := from; at < from+length; at += quarter {
		d.visitors[language][int(at/d.each)%d.periods()] += n * float64(quarter) / float64(length)
	}
}

// dayOfLog averages the days of a log.
func dayOfLog(log *trace.Log, each time.Duration) (*day, error) {
	d := &day{each: each, languages: log.Queues}
	for range d.languages {
		d.visitors = append(d.visitors, make([]float64, d.periods()))
	}
	const length = int64(dayLength / time.Millisecond)
	days := map[int64]bool{}
	err := log.Events(func(e *trace.Event) error {
		if e.Kind == trace.Join {
			days[e.At/length] = true
			d.visitors[slices.Index(d.languages, e.Queue)][e.At%length/each.Milliseconds()]++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(days) == 0 {
		return nil, errors.New("plan: no visitor joins in the log")
	}
	for _, v := range d.visitors {
		for i := range v {
			v[i] /= float64(len(days))
		}
	}
	d.source = fmt.Sprintf("the mean of %d days of the log", len(days))
	return d, nil
}

// The run begins before the day, so that the day finds the lines of the night, and goes
// on after it until the last ones are served.
const (
	dayBefore = 2 * time.Hour
	dayAfter  = 2 * time.Hour
)

// demand gives a scenario the visitors of the day.
func (d *day) demand(s *sim.Scenario, like sim.Demand) {
	s.Queues = nil
	s.Warmup = queue.Millis(dayBefore.Milliseconds())
	s.Length = queue.Millis((dayBefore + dayLength + dayAfter).Milliseconds())
	for k, l := range d.languages {
		q := like
		q.Language = l
		perHour := float64(time.Hour) / float64(d.each)
		q.PerHour = perHour * max(slices.Max(d.visitors[k]), 1e-9)
		q.Profile = sim.Profile{}
		for at := time.Duration(0); at < dayBefore+dayLength+dayAfter; at += d.each {
			q.Profile.Steps = append(q.Profile.Steps, sim.Step{From: queue.Millis(at.Milliseconds()), Factor: perHour * d.visitors[k][d.period(at)] / q.PerHour})
		}
		s.Queues = append(s.Queues, q)
	}
}

// period returns the period of a time of the run.
func (d *day) period(at time.Duration) int {
	return int((at-dayBefore+dayLength)%dayLength) / int(d.each)
}

// staff returns agents such that so many of them are there in each period.
func (d *day) staff(like sim.Staff, count []int) []sim.Staff {
	var all []sim.Staff
	for k := range slices.Max(count) {
		one := like
		one.Count, one.Shifts = 1, nil
		for at := time.Duration(0); at < dayBefore+dayLength+dayAfter; at += d.each {
			if count[d.period(at)] <= k {
				continue
			}
			from, to := queue.Millis(at.Milliseconds()), queue.Millis((at + d.each).Milliseconds())
			if n := len(one.Shifts); n > 0 && one.Shifts[n-1].To == from {
				one.Shifts[n-1].To = to
			} else {
				one.Shifts = append(one.Shifts, sim.Shift{From: from, To: to})
			}
		}
		all = append(all, one)
	}
	return all
}

// name returns the time at which a period begins.
func (d *day) name(period int) string {
	at := time.Duration(period) * d.each
	return fmt.Sprintf("%02d:%02d", int(at.Hours()), int(at.Minutes())%60)
}
