package admin

import (
	"fmt"
	"testing"

	"nextup/queue"
	"nextup/queue/queuetest"
)

// An operator looks at the line just when it is long: however long it is and however many
// have ended, no more is looked at than what is shown, while replay waits for the replica.
func TestALongLineIsNotWalkedForAShortList(t *testing.T) {
	t.Parallel()
	const waiting, ended = 5_000, 6_000
	site := queuetest.Site("shop")
	line := queue.QueueID{Department: site.Departments[0].ID, Language: site.Departments[0].Languages[0]}
	specification := &queue.Specification{Department: line.Department, Language: line.Language, Weight: 1}
	var images []queue.Image
	add := func(i queue.Image, at queue.Stamp) {
		number := uint64(len(images) + 1)
		queue.Resolve(i, queue.Revision{Version: fmt.Sprint("c", number), Number: number}, at)
		images = append(images, i)
	}
	for i := range waiting {
		add(&queue.Ticket{ID: fmt.Sprint("w", i), Visitor: fmt.Sprint("w", i), Specification: specification, Status: queue.Waiting, JoinedAt: 1}, 1)
	}
	for i := range ended {
		add(&queue.Ticket{ID: fmt.Sprint("e", i), Visitor: fmt.Sprint("e", i), Specification: specification, Status: queue.Abandoned, JoinedAt: 1, Progress: &queue.Progress{EndedAt: queue.Stamp(i + 1)}}, 1)
	}
	add(&queue.Ticket{ID: "served", Visitor: "served", Specification: specification, Status: queue.Assigned, JoinedAt: 1, Progress: &queue.Progress{Agent: "ada", AssignedAt: 2}}, 1)
	add(&queue.Visitor{ID: "w777", Ticket: "w777"}, 1)
	st := queue.NewState(site)
	st.Restore(uint64(len(images)), queue.Stamp(len(images)), images)
	read := func(look func(*queue.State)) { look(st) }

	for name, row := range map[string]struct {
		search search
		first  string
		found  int
		looked int // at most
	}{
		"open":                  {search{limit: 50}, "w0", 51, 200},
		"waiting in a line":     {search{limit: 50, status: queue.Waiting, line: line}, "w0", 51, 200},
		"assigned":              {search{limit: 50, status: queue.Assigned}, "served", 1, 2},
		"of an agent":           {search{limit: 50, agent: "ada"}, "served", 1, 2},
		"of a visitor":          {search{limit: 50, visitor: "w777"}, "w777", 1, 2},
		"of a visitor who left": {search{limit: 50, visitor: "e777", status: queue.Abandoned}, "e777", 1, maxEnded},
		"ended":                 {search{limit: 50, status: queue.Abandoned}, fmt.Sprint("e", ended-1), 51, maxEnded},
		"none":                  {search{limit: 50, status: queue.Offered}, "", 0, 2},
	} {
		found, notSearched := row.search.find(read)
		first := ""
		if len(found) > 0 {
			first = found[0].ID
		}
		if len(found) != row.found || first != row.first || notSearched != 0 {
			t.Errorf("%s: %d are found, the first is %q, want %d and %q; %d were left out", name, len(found), first, row.found, row.first, notSearched)
		}
		if row.search.looked > row.looked {
			t.Errorf("%s: %d tickets were looked at", name, row.search.looked)
		}
	}
	if newest, older := st.NewestEnded(10); len(newest) != 10 || older != ended-10 || newest[0].ID != fmt.Sprint("e", ended-1) {
		t.Errorf("of the ended ones %d come and %d are left out, the first is %s", len(newest), older, newest[0].ID)
	}
}
