package session

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"nextup/app"
	"nextup/gateway/admission"
	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/queue"
)

// peer is the client at the other end of a link: the person, once it has said hello, and
// the way to send to it. Any goroutine may send.
type peer struct {
	server *Server
	link   Link

	// Set by hello, before any other goroutine sees them.
	site  *site
	id    auth.Identity
	actor app.Actor
}

// frames are buffers to encode into; what is sent is gone when Send returns, or
// waits elsewhere. They are cleared of what people wrote.
var frames = sync.Pool{New: func() any { b := make([]byte, Room, 1024); return &b }}

// send sends a frame down the link, or has it wait; it never blocks. A client that does not
// read what it is sent is closed.
func (p *peer) send(frame protocol.ServerFrame) { p.encode(frame, Link.Send) }

// encode hands an encoded frame to the link.
func (p *peer) encode(frame protocol.ServerFrame, hand func(Link, []byte)) {
	buf := frames.Get().(*[]byte)
	data, err := protocol.Append((*buf)[:Room], frame)
	if err != nil {
		p.server.log.Error("a frame could not be encoded", "type", fmt.Sprintf("%T", frame), "err", err)
	} else {
		p.server.metrics.framesOut.Inc()
		hand(p.link, data)
	}
	if cap(data) <= 16<<10 { // the longest message fits; a rare larger frame's buffer is not kept
		clear(data)
		*buf = data[:Room]
	}
	frames.Put(buf)
}

// sendRaw sends a frame that is encoded already, and maybe sent to other clients too.
func (p *peer) sendRaw(data []byte) {
	p.server.metrics.framesOut.Inc()
	p.link.Send(append(make([]byte, Room, Room+len(data)), data...))
}

// Reply takes the answer to one frame, nil where it is worth none. It is called once, for
// every frame that is taken. A nil Reply stands for the link.
type Reply func(protocol.ServerFrame)

// answer hands over the answer to a frame.
func (p *peer) answer(to Reply, frame protocol.ServerFrame) {
	if to == nil {
		p.send(frame)
		return
	}
	p.server.metrics.framesOut.Inc()
	to(frame)
}

// noAnswer is for a frame that is worth no answer.
func noAnswer(to Reply) {
	if to != nil {
		to(nil)
	}
}

// refuse answers a request with an error frame.
func (p *peer) refuse(to Reply, id string, err error) {
	e, known := admission.Refusal(err)
	e.ID = id
	if !known {
		p.server.log.Error("a request failed", "err", err)
	}
	p.answerRefusal(to, e)
}

// answerRefusal answers with an error frame.
func (p *peer) answerRefusal(to Reply, e protocol.Error) {
	p.server.metrics.refusals.WithLabelValues(string(e.Code)).Inc()
	p.answer(to, e)
}

// beat answers a heartbeat with the log's time.
func (p *peer) beat(to Reply) {
	beat := protocol.Heartbeat{AsOfMS: int64(p.site.Now())}
	p.site.Read(func(st *queue.State) { beat.Log = st.Number() })
	p.answer(to, beat)
}

// welcome answers the hello with an id; beats is how often the client must be heard.
func (p *peer) welcome(id string, beats time.Duration, way *OneWay) {
	w := protocol.Welcome{
		ID: id, Site: p.site.ID(), Role: p.id.Role, Subject: p.id.Subject, Name: p.id.Name,
		HeartbeatS: int(beats.Seconds()), ExpiresAtMS: p.id.ExpiresAt.UnixMilli(),
		NowMS: int64(p.site.Now()), Features: p.site.Features(),
	}
	rules := p.site.Options().Rules
	for _, d := range rules.Departments {
		w.Departments = append(w.Departments, protocol.Department{ID: d.ID, Name: d.Name, Languages: d.Languages})
	}
	if p.id.Role == protocol.Visitor {
		w.Urgencies, w.Topics = p.actor.Urgencies(rules), slices.Sorted(maps.Keys(rules.Topics))
	}
	way.tell(&w)
	p.send(w)
}

// person is the one at the other end, as the wire names them.
func (p *peer) person() protocol.Person {
	return protocol.Person{Role: p.id.Role, ID: p.id.Subject, Name: p.id.Name}
}

// Actor implements app.Connection.
func (p *peer) Actor() *app.Actor { return &p.actor }

// Facts implements app.Connection: what the token and the site file say of this agent.
func (p *peer) Facts() queue.AgentFacts {
	options := p.site.Options()
	facts := options.Agent(p.id.Subject)
	facts.ID, facts.Name = p.id.Subject, p.id.Name
	if facts.Languages == nil {
		facts.Languages = map[string]queue.Proficiency{}
		for _, l := range p.id.Languages {
			if known, ok := queue.MatchLanguage([]string{l}, options.Languages); ok {
				facts.Languages[known] = queue.BestProficiency
			}
		}
	}
	return facts
}
