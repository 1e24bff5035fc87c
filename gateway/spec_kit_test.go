package gateway_test

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"nextup/gateway"
	"nextup/gateway/protocol"
)

// This file and those beside it named spec_… hold sentences of protocol/SPEC.md against
// the wire. A row sends one frame as one of a cast, and says how it is answered.

// cast is the people of a site, each with a socket of their own, and what they speak of.
// A frame names it with a dollar sign, as in "$held".
type cast struct {
	*house
	url     string
	sockets map[string]*raw
	things  map[string]string
	asked   int
	// early are the frames that came to a socket before what was waited for.
	early map[string][]protocol.ServerFrame
	// were are the offers that have been $offer.
	were map[string]bool
}

// newCast brings the visitors v, w and x, the agents a, g and b, and the supervisor s. $held
// is a ticket of v's that a has, with g as a guest. $line is one of w's that no person may
// serve. $closed is one of x's that a closed, $left one of v's that v left.
func newCast(t *testing.T, change ...func(*gateway.SiteOptions)) *cast {
	t.Helper()
	return newHouse(t, append(change, patient)...).cast()
}

// patient has sockets without heartbeats live as long as a test on a busy machine.
func patient(s *gateway.SiteOptions) { s.VisitorHeartbeat, s.AgentHeartbeat = time.Minute, time.Minute }

// cast is newCast in a house.
func (h *house) cast() *cast {
	h.t.Helper()
	url, _ := h.open("one")
	c := &cast{house: h, url: url, sockets: map[string]*raw{}, things: map[string]string{}, early: map[string][]protocol.ServerFrame{}, were: map[string]bool{}}
	for who, role := range map[string]protocol.Role{
		"v": protocol.Visitor, "w": protocol.Visitor, "x": protocol.Visitor,
		"a": protocol.Agent, "g": protocol.Agent, "b": protocol.Agent, "s": protocol.Supervisor,
	} {
		c.sockets[who] = h.rawAs(url, role, who)
	}
	c.things["left"] = c.must("v", `{"type":"join","department":"trading","languages":["en"]}`).Ticket
	c.must("v", `{"type":"leave","ticket":"$left"}`)
	c.must("a", `{"type":"status","status":"available"}`)
	c.things["closed"] = c.must("x", `{"type":"join","department":"support"}`).Ticket
	c.accept("a")
	c.must("a", `{"type":"close","ticket":"$closed"}`)
	c.things["line"] = c.must("w", `{"type":"join","department":"support","languages":["zh"]}`).Ticket
	c.things["held"] = c.must("v", `{"type":"join","department":"support"}`).Ticket
	c.accept("a")
	c.must("a", `{"type":"consult","ticket":"$held","agent":"g"}`)
	return c
}

// offered waits for the next offer to an agent, which is $offer then.
func (c *cast) offered(agent string) {
	c.t.Helper()
	d := next(c, agent, func(d protocol.Desk) bool { return len(d.Offers) > 0 && !c.were[d.Offers[0].Offer] })
	c.things["offer"] = d.Offers[0].Offer
	c.were[d.Offers[0].Offer] = true
}

func (c *cast) accept(agent string) {
	c.t.Helper()
	c.offered(agent)
	c.must(agent, `{"type":"accept","offer":"$offer"}`)
}

// next finds the first frame of the type that satisfies want, and leaves the others to be
// found.
func next[F protocol.ServerFrame](c *cast, who string, want func(F) bool) F {
	c.t.Helper()
	for i := 0; ; i++ {
		if i == len(c.early[who]) {
			c.early[who] = append(c.early[who], c.sockets[who].next())
		}
		if f, ok := c.early[who][i].(F); ok && want(f) {
			c.early[who] = slices.Delete(c.early[who], i, i+1)
			return f
		}
	}
}

// read is the next frame to a socket.
func (c *cast) read(who string) protocol.ServerFrame {
	c.t.Helper()
	if early := c.early[who]; len(early) > 0 {
		c.early[who] = early[1:]
		return early[0]
	}
	return c.sockets[who].next()
}

// send sends a frame that nothing answers.
func (c *cast) send(who, frame string) {
	c.t.Helper()
	c.sockets[who].write(c.named(frame))
}

// named puts things in the place of their names.
func (c *cast) named(frame string) string {
	for name, thing := range c.things {
		frame = strings.ReplaceAll(frame, `"$`+name+`"`, strconv.Quote(thing))
	}
	return frame
}

// ask sends a frame with an id and returns what answers it, an OK or an Error.
func (c *cast) ask(who, frame string) protocol.ServerFrame {
	c.t.Helper()
	c.asked++
	id := "ask-" + strconv.Itoa(c.asked)
	c.send(who, `{"id":"`+id+`",`+frame[1:])
	for {
		switch f := c.sockets[who].next().(type) {
		case protocol.OK:
			if f.ID == id {
				return f
			}
			c.t.Fatalf("%s as %s: answered with ok of %q", frame, who, f.ID)
		case protocol.Error:
			if f.ID == id {
				return f
			}
			c.t.Fatalf("%s as %s: answered with %+v", frame, who, f)
		default:
			c.early[who] = append(c.early[who], f)
		}
	}
}

func (c *cast) must(who, frame string) protocol.OK {
	c.t.Helper()
	ok, matches := c.ask(who, frame).(protocol.OK)
	if !matches {
		c.t.Fatalf("%s as %s is refused", frame, who)
	}
	return ok
}

// knows waits until the gateway of a socket has read a number of the log, as a client on
// coming back has it do.
func (c *cast) knows(who string, log uint64) {
	c.t.Helper()
	for reached := false; !reached; {
		c.send(who, `{"type":"heartbeat"}`)
		reached = next(c, who, func(protocol.Heartbeat) bool { return true }).Log >= log
	}
}

// line is a row: a sentence of the specification, and a frame that shows it.
type line struct {
	rule, says string
	who, frame string
	want       protocol.Code // "" for ok
	field      string
	known      string // separated by spaces
}

// check asks row after row and compares the answers.
func (c *cast) check(t *testing.T, rows []line) {
	t.Helper()
	for _, row := range rows {
		t.Run(row.rule+" "+row.says, func(t *testing.T) {
			var got protocol.Error
			if e, matches := c.ask(row.who, row.frame).(protocol.Error); matches {
				got = e
			}
			known := strings.Join(got.Known, " ")
			if got.Code != row.want || got.Field != row.field || known != row.known || (got.Code == "") != (got.Message == "") {
				t.Errorf("%s as %s: code %q, field %q, known %q (%s); want %q, %q, %q",
					short(row.frame), row.who, got.Code, got.Field, known, got.Message, row.want, row.field, row.known)
			}
		})
	}
}

// short is a frame as a test's output shows it.
func short(frame string) string {
	if len(frame) > 200 {
		return fmt.Sprintf("%s… (%d bytes)", frame[:200], len(frame))
	}
	return frame
}

// times is a text of n bytes.
func times(n int) string { return strings.Repeat("x", n) }

// specification is the text of SPEC.md.
func specification(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("protocol/SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

var (
	requestRow = regexp.MustCompile("(?m)^\\| ((?:`[a-z_]+`(?:, )?)+) \\| ([^|]+) \\| [^|]+ \\|$")
	quoted     = regexp.MustCompile("`([a-z_]+)`")
)

// rolesOf reads the table of requests: the roles that may send each frame.
func rolesOf(t *testing.T) map[protocol.Type]map[protocol.Role]bool {
	t.Helper()
	_, section, _ := strings.Cut(specification(t), "\n## Requests and answers\n")
	section, _, _ = strings.Cut(section, "\n## ")
	all := map[protocol.Type]map[protocol.Role]bool{}
	for _, row := range requestRow.FindAllStringSubmatch(section, -1) {
		for _, name := range quoted.FindAllStringSubmatch(row[1], -1) {
			frame := protocol.Type(name[1])
			if all[frame] == nil {
				all[frame] = map[protocol.Role]bool{}
			}
			for _, role := range protocol.Roles() {
				if strings.Contains(row[2], string(role)+"s") || strings.Contains(row[2], "everybody") {
					all[frame][role] = true
				}
			}
		}
	}
	return all
}
