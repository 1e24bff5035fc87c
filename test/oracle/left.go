package oracle

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"nextup/gateway/protocol"
)

// checkWishes: a visitor has at most one ticket for each time they wished to
// join, however often the request was repeated.
func checkWishes(r *Report, run *Run) {
	log := run.Snapshot.Sites[run.Rules.Site]
	if log == nil || run.Rules.MayFork {
		return
	}
	tickets := map[string]int{}
	for _, name := range sortedKeys(log.Entities) {
		if t, err := decoded[ticketImage]([]byte(log.Entities[name])); strings.HasPrefix(name, "t/") && err == nil {
			tickets[t.Visitor]++
		}
	}
	for _, h := range run.Histories {
		wishes := map[int]bool{}
		for _, e := range h.Events {
			if e.Kind == Asked && e.Ask.Type == protocol.TypeJoin {
				wishes[e.Ask.Wish] = true
			}
		}
		if len(wishes) > 0 {
			r.looked(NoDouble)
		}
		if tickets[h.Subject] > len(wishes) && h.Role == protocol.Visitor {
			r.wrong(NoDouble, "%s wished to join %d times and has %d tickets", h.person(), len(wishes), tickets[h.Subject])
		}
	}
}

// forkTold is how long a gateway may take to notice a fork and tell.
const forkTold = 5 * time.Second

// checkResets: no person hears reset where no record could be lost; and when
// numbers of the site's log were seen to be used again, each person that was shown
// one of them and stayed connected hears it.
func checkResets(r *Report, run *Run) {
	for _, h := range run.Histories {
		dialled := map[int]time.Duration{}
		resets := map[int][]time.Duration{}
		ended := map[int]time.Duration{}
		shown := map[int][]Event{} // views
		for _, e := range h.Events {
			if e.Kind == Told && (e.Ticket != nil || e.Desk != nil) {
				shown[e.Conn] = append(shown[e.Conn], e)
			}
			switch {
			case e.Kind == Welcomed && (run.Rules.Blind == "" || e.Gateway != run.Rules.Blind):
				dialled[e.Conn] = e.At
			case e.Kind == Ended:
				ended[e.Conn] = e.At
			case e.Kind == Told && e.Reset != nil:
				r.looked(ResetHasCause)
				if !run.Rules.MayFork {
					r.wrong(ResetHasCause, "%s at %v heard reset %q", h.person(), e.At.Round(time.Millisecond), e.Reset.Ticket)
				}
				if e.Reset.Ticket == "" {
					resets[e.Conn] = append(resets[e.Conn], e.At)
				}
			}
		}
		for _, f := range run.Snapshot.Forks {
			for conn, from := range dialled {
				to, over := ended[conn]
				if from > f.Seen-time.Second || over && to < f.Seen+forkTold || !wasShown(shown[conn], f, run.Snapshot.Sites[run.Rules.Site]) {
					continue
				}
				r.looked(ResetHasCause)
				told := false
				for _, at := range resets[conn] {
					told = told || at > f.Seen-forkTold && at < f.Seen+forkTold
				}
				if !told {
					r.wrong(ResetHasCause, "%s stayed on conn %d over the fork at %v (number %d) and heard nothing", h.person(), conn, f.Seen, f.Number)
				}
			}
		}
	}
}

// wasShown reports whether a view was of a record that is gone: its number is used
// again for one that was committed after the view, or by none.
func wasShown(views []Event, f Fork, log *Log) bool {
	return slices.ContainsFunc(views, func(e Event) bool {
		var number uint64
		var asOf int64
		if e.Ticket != nil {
			number, asOf = e.Ticket.Log, e.Ticket.AsOfMS
		} else {
			number, asOf = e.Desk.Log, e.Desk.AsOfMS
		}
		if number < f.Number || e.At > f.Seen || log == nil {
			return false
		}
		return number > uint64(len(log.Rows)) || asOf < log.Rows[number-1].AtMS
	})
}

// permanent are the keys that may stay for ever: what they hold is bounded by the
// site's own rules, or by the number of gateways. A queue that is empty has no
// rank.
var permanent = regexp.MustCompile(`^nextup:(\{s:[^:}]+\}:(head|records|entities)|words)$`)

// checkKeys: after quiet every other key has a time to live. No ticket is open,
// since all were ended.
func checkKeys(r *Report, run *Run) {
	for _, key := range sortedKeys(run.Snapshot.Keys) {
		r.looked(NothingLeft)
		if run.Snapshot.Keys[key] < 0 && !permanent.MatchString(key) {
			r.wrong(NothingLeft, "the key %s has no time to live", key)
		}
	}
	for _, site := range sortedKeys(run.Snapshot.Sites) {
		log := run.Snapshot.Sites[site]
		for _, name := range sortedKeys(log.Entities) {
			t, err := decoded[ticketImage]([]byte(log.Entities[name]))
			if strings.HasPrefix(name, "t/") && (err != nil || t.open()) {
				r.wrong(NothingLeft, "after quiet %s is open: %+v", name, t)
			}
		}
	}
}

// The spare of Leftovers: what a garbage collector and the metrics themselves take
// beside the workers that wait for a socket to have something to read and those
// that wait for a command, 32 of each, and for each Redis server the connections
// that its client may keep.
const (
	spareGoroutines  = 12 + 32 + 32
	spareDescriptors = 32
)

// Leftovers compares a gateway's metrics before the first person came with those after
// the last one left, and names what grew. servers is how many Redis servers there
// are.
func Leftovers(node string, before, after map[string]float64, servers int) []string {
	var all []string
	grew := func(series string, spare int) {
		if after[series] > before[series]+float64(spare) {
			all = append(all, fmt.Sprintf("%s: %s was %v and is %v", node, series, before[series], after[series]))
		}
	}
	grew("go_goroutines", spareGoroutines)
	grew("process_open_fds", spareDescriptors*servers)
	grew("nextup_connections", 0)
	return all
}
