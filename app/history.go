package app

import "nextup/queue"

// maxPast is how many of the tickets that ended last are looked through for a history. A site
// may keep millions, and agents ask whenever they take a conversation.
const maxPast = 100_000

// EndedTickets calls each with the newest tickets that have ended, at most limit, of the last
// maxPast that the site keeps: an agent's own or, with a visitor named, those of a visitor that
// they serve or wrap up now. A supervisor may ask for any visitor's. Other actors, and questions
// beyond that, are refused with queue.ErrForbidden.
func (s *Site) EndedTickets(a *Actor, visitor string, limit int, each func(*queue.State, *queue.Ticket)) error {
	return s.endedTickets(a, visitor, limit, maxPast, each)
}

// endedTickets looks through the last so many. It holds the replica only to take their images,
// which nothing changes, and to describe those that are found: what replays the log waits for neither.
func (s *Site) endedTickets(a *Actor, visitor string, limit, last int, each func(*queue.State, *queue.Ticket)) (err error) {
	var ended []*queue.Ticket
	s.Read(func(st *queue.State) {
		if !(a.Role == Supervisor && visitor != "" || a.Role == Agent && (visitor == "" || servesVisitor(st, a.ID, visitor))) {
			err = queue.ErrForbidden
			return
		}
		ended, _ = st.NewestEnded(last)
	})
	var found []*queue.Ticket
	for _, t := range ended {
		if len(found) == limit {
			break
		}
		if visitor != "" && t.Visitor == visitor || visitor == "" && t.Agent == a.ID {
			found = append(found, t)
		}
	}
	if len(found) == 0 {
		return err
	}
	s.Read(func(st *queue.State) {
		for _, t := range found {
			each(st, t)
		}
	})
	return nil
}
