package app

import "nextup/queue"

// EndedTickets calls each with the newest tickets that have ended, at most limit, as long as
// the site keeps them: an agent's own or, with a visitor named, those of a visitor that they
// serve or wrap up now. A supervisor may ask for any visitor's. Other actors, and questions
// beyond that, are refused with queue.ErrForbidden.
func (s *Site) EndedTickets(a *Actor, visitor string, limit int, each func(*queue.State, *queue.Ticket)) (err error) {
	s.Read(func(st *queue.State) {
		if !(a.Role == Supervisor && visitor != "" || a.Role == Agent && (visitor == "" || servesVisitor(st, a.ID, visitor))) {
			err = queue.ErrForbidden
			return
		}
		for _, t := range st.Past(limit, func(t *queue.Ticket) bool {
			if visitor != "" {
				return t.Visitor == visitor
			}
			return t.Agent == a.ID
		}) {
			each(st, t)
		}
	})
	return err
}
