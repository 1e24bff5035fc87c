package httpapi

import (
	"net/http"

	"nextup/gateway/admission"
	"nextup/gateway/protocol"
	"nextup/gateway/view"
	"nextup/queue"
)

// maxHistory bounds the tickets of one answer of GET /v1/tickets.
const maxHistory = 100

// history lists tickets that have ended; app.Site.EndedTickets decides which the person may see.
func (a *API) history(w http.ResponseWriter, r *http.Request) {
	a.allowOrigin(w, r)
	s, id, err := a.asked(r, protocol.Agent, protocol.Supervisor)
	if err != nil {
		admission.WriteRefusal(w, err)
		return
	}
	all := []view.EndedTicket{}
	err = s.EndedTickets(admission.ActorOf(id), r.URL.Query().Get("visitor"), maxHistory, func(st *queue.State, t *queue.Ticket) {
		all = append(all, view.Ended(st, t))
	})
	if err != nil {
		admission.WriteRefusal(w, err)
		return
	}
	writeJSON(w, http.StatusOK, all)
}
