package httpapi

import (
	"net/http"
	"slices"

	"nextup/app"
	"nextup/gateway/admission"
	"nextup/gateway/protocol"
	"nextup/gateway/view"
	"nextup/queue"
)

// team lists the agents who are there, for those who would pass a ticket on.
func (a *API) team(w http.ResponseWriter, r *http.Request) {
	a.allowOrigin(w, r)
	s, _, err := a.asked(r, protocol.Agent, protocol.Supervisor)
	if err != nil {
		admission.WriteRefusal(w, err)
		return
	}
	var all []protocol.BoardAgent
	s.Read(func(st *queue.State) { all = view.Team(st, protocol.MaxBoardAgents) })
	writeJSON(w, http.StatusOK, all)
}

// maxLine bounds the tickets of one answer of GET /v1/queues/{department}/{language}.
const maxLine = 100

// line shows a supervisor the front of one queue.
func (a *API) line(w http.ResponseWriter, r *http.Request) {
	a.allowOrigin(w, r)
	s, _, err := a.asked(r, protocol.Supervisor)
	if err != nil {
		admission.WriteRefusal(w, err)
		return
	}
	q := queue.QueueID{Department: r.PathValue("department"), Language: r.PathValue("language")}
	rules := s.Options().Rules
	dep, ok := rules.Department(q.Department)
	held := false // people wait in a queue that the rules have no more
	s.Read(func(st *queue.State) { held = st.Size(q) > 0 })
	switch {
	case held:
	case !ok:
		admission.WriteRefusal(w, &app.UnknownError{Err: queue.ErrUnknownDepartment, Known: app.Departments(rules)})
		return
	case !slices.Contains(dep.Languages, q.Language):
		admission.WriteRefusal(w, &app.UnknownError{Err: queue.ErrUnknownLanguage, Known: dep.Languages})
		return
	}
	var all []view.LineTicket
	s.Read(func(st *queue.State) { all = view.Front(st, q, maxLine) })
	writeJSON(w, http.StatusOK, all)
}
