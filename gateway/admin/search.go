package admin

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"nextup/app"
	"nextup/queue"
)

const (
	maxTickets = 10_000
	// maxEnded is how many of the tickets that ended last are looked through. A site may
	// keep millions, and what reads a replica holds up what replays its log.
	maxEnded = 100_000
	// atOnce bounds how many tickets are described while the replica is held.
	atOnce = 500
)

// Tickets is what a search has found.
type Tickets struct {
	Tickets []Ticket `json:"tickets"`
	// More is set if more match than were asked for.
	More bool `json:"more,omitzero"`
	// NotSearched counts the ended tickets that ended too long ago to be looked at.
	NotSearched int `json:"not_searched,omitzero"`
}

// search is what is asked for of the tickets of a site; "" matches all.
type search struct {
	status         queue.Status
	line           queue.QueueID
	visitor, agent string
	limit          int

	looked int // at so many tickets while the replica was held
}

// searchOf reads a search from a request.
func searchOf(r *http.Request, s *app.Site) (*search, error) {
	limit, err := strconv.Atoi(r.FormValue("limit"))
	if err != nil || limit < 1 || limit > maxTickets {
		return nil, badRequest("limit: want 1 to " + strconv.Itoa(maxTickets))
	}
	q := &search{status: queue.Status(r.FormValue("status")), visitor: r.FormValue("visitor"), agent: r.FormValue("agent"), limit: limit}
	statuses := []queue.Status{"", queue.Waiting, queue.Offered, queue.Assigned, queue.Closed, queue.Abandoned}
	if !slices.Contains(statuses, q.status) {
		return nil, badRequest("status: want waiting, offered, assigned, closed or abandoned")
	}
	name := r.FormValue("queue")
	if name == "" {
		return q, nil
	}
	var known []string
	s.Read(func(st *queue.State) {
		for _, id := range st.Queues() {
			known = append(known, id.String())
		}
	})
	if !slices.Contains(known, name) {
		return nil, &app.UnknownError{Err: badRequest("queue: there is no such queue"), Known: known}
	}
	q.line.Department, q.line.Language, _ = strings.Cut(name, "/")
	return q, nil
}

func (q *search) ended() bool { return q.status == queue.Closed || q.status == queue.Abandoned }

func (q *search) matches(t *queue.Ticket) bool {
	return (q.status == "" && t.Open() || q.status == t.Status) && (q.line == queue.QueueID{} || q.line == t.Queue()) &&
		(q.visitor == "" || q.visitor == t.Visitor) && (q.agent == "" || q.agent == t.HeldBy())
}

// find lists the tickets that match, one more than the limit if there are more: open ones
// in the order of their joins, of each line those that stand first, and of ended ones the
// newest. It holds the replica for as short as it can: it takes the images that may match,
// which nothing changes, and looks at them later.
func (q *search) find(read func(func(*queue.State))) (found []*queue.Ticket, notSearched int) {
	switch {
	case q.agent != "":
		read(func(st *queue.State) { found = st.Held(q.agent) })
	case q.ended():
		read(func(st *queue.State) { found, notSearched = st.NewestEnded(maxEnded) })
	case q.visitor != "":
		read(func(st *queue.State) {
			if t := st.TicketOf(q.visitor); t != nil {
				found = append(found, t)
			}
		})
	default:
		found = q.open(read)
	}
	q.looked += len(found)
	found = slices.DeleteFunc(found, func(t *queue.Ticket) bool { return !q.matches(t) })
	if !q.ended() {
		slices.SortFunc(found, func(a, b *queue.Ticket) int { return cmp.Compare(a.Joined, b.Joined) })
	}
	return found[:min(len(found), q.limit+1)], notSearched
}

// open takes what agents have, and the first of each line.
func (q *search) open(read func(func(*queue.State))) (found []*queue.Ticket) {
	var lines []queue.QueueID
	read(func(st *queue.State) {
		lines = st.Queues()
		found = st.AllHeld()
	})
	if q.line != (queue.QueueID{}) {
		lines = []queue.QueueID{q.line}
	}
	if q.status != "" && q.status != queue.Waiting {
		return found
	}
	for _, line := range lines {
		waiting := 0
		read(func(st *queue.State) {
			st.Sweep(line, 1, st.Size(line), func(_ int, t *queue.Ticket) bool {
				q.looked++
				if t.Status == queue.Waiting { // the others are held
					found = append(found, t)
					waiting++
				}
				return waiting <= q.limit
			})
		})
	}
	return found
}

// tickets answers a search.
func (p *port) tickets(r *http.Request) (any, error) {
	s, err := p.site(r.FormValue("site"))
	if err != nil {
		return nil, err
	}
	q, err := searchOf(r, s)
	if err != nil {
		return nil, err
	}
	found, notSearched := q.find(s.Read)
	result := Tickets{Tickets: []Ticket{}, More: len(found) > q.limit, NotSearched: notSearched}
	for some := range slices.Chunk(found[:min(len(found), q.limit)], atOnce) {
		s.Read(func(st *queue.State) {
			for _, t := range some {
				result.Tickets = append(result.Tickets, ticketOf(st, t))
			}
		})
	}
	return result, nil
}
