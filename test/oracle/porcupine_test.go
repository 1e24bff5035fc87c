package oracle

import (
	"slices"
	"testing"
	"time"

	"nextup/gateway/protocol"
)

// sec is an operation from one second to another that was answered with ok.
func sec(d Action, ticket, agent string, call, ret int) Operation {
	return Operation{Action: d, Ticket: ticket, Agent: agent, Call: time.Duration(call) * time.Second, Return: time.Duration(ret) * time.Second, OK: true, Sure: true}
}

// refused is the operation, refused with a code.
func (o Operation) refused(code protocol.Code) Operation {
	o.OK, o.Code = false, code
	return o
}

// lost is the operation without an answer.
func (o Operation) lost() Operation {
	o.OK, o.Sure, o.Return = false, false, Forever
	return o
}

func TestPorcupineFindsAnOrderOrSaysThatThereIsNone(t *testing.T) {
	t.Parallel()
	const ana, bo = "agent-0", "agent-1" // room for one, and for two
	tests := []struct {
		what string
		all  []Operation
		want []Invariant // that do not hold
	}{
		{what: "one after the other", all: []Operation{
			sec(Accept, "t", ana, 0, 1), sec(Close, "t", ana, 2, 3), sec(Accept, "u", ana, 4, 5), sec(Close, "u", ana, 6, 7),
		}},
		{what: "the next is accepted while the last is still being closed", all: []Operation{
			sec(Accept, "t", ana, 0, 1), sec(Close, "t", ana, 2, 5), sec(Accept, "u", ana, 3, 6),
		}},
		{what: "a second owner", all: []Operation{
			sec(Accept, "t", ana, 0, 1), sec(Accept, "t", bo, 2, 3),
		}, want: []Invariant{LinearTicket, LinearAgent}},
		{what: "two owners at the same time", all: []Operation{
			sec(Accept, "t", ana, 0, 3), sec(Accept, "t", bo, 1, 2),
		}, want: []Invariant{LinearTicket}},
		{what: "a second owner after a transfer", all: []Operation{
			sec(Accept, "t", ana, 0, 1), sec(Transfer, "t", ana, 2, 3), sec(Accept, "t", bo, 4, 5), sec(Close, "t", bo, 6, 7),
		}},
		{what: "who passed it on closes it", all: []Operation{
			sec(Accept, "t", ana, 0, 1), sec(Transfer, "t", ana, 2, 3), sec(Accept, "t", bo, 4, 5), sec(Transfer, "t", ana, 6, 7),
		}, want: []Invariant{LinearTicket, LinearAgent}},
		{what: "a second owner after an absence that may have been too long", all: []Operation{
			sec(Accept, "t", ana, 0, 1), sec(Vanish, "", ana, 2, 6), sec(Accept, "t", bo, 4, 5), sec(Close, "t", bo, 7, 8),
		}},
		{what: "a second owner before an absence", all: []Operation{
			sec(Accept, "t", ana, 0, 1), sec(Accept, "t", bo, 2, 3), sec(Vanish, "", ana, 4, 6),
		}, want: []Invariant{LinearTicket, LinearAgent}},
		{what: "more than there is room for", all: []Operation{
			sec(Accept, "t", ana, 0, 1), sec(Accept, "u", ana, 2, 3), sec(Close, "t", ana, 4, 5),
		}, want: []Invariant{LinearAgent}},
		{what: "too heavy a ticket", all: []Operation{
			sec(Accept, "heavy", bo, 0, 1), sec(Assign, "u", bo, 2, 3), sec(Close, "heavy", bo, 4, 5),
		}, want: []Invariant{LinearAgent}},
		{what: "an accept without an answer had no effect", all: []Operation{
			sec(Accept, "t", ana, 0, 0).lost(), sec(Accept, "t", bo, 2, 3), sec(Close, "t", bo, 4, 5),
		}},
		{what: "an accept without an answer had its effect late", all: []Operation{
			sec(Accept, "t", ana, 0, 0).lost(), sec(Close, "t", ana, 4, 5),
		}},
		{what: "it is said to be somebody else's while it is theirs", all: []Operation{
			sec(Accept, "t", ana, 0, 1), sec(Close, "t", ana, 2, 3).refused(protocol.CodeUnknownTicket), sec(Close, "t", ana, 4, 5),
		}, want: []Invariant{LinearTicket}},
		{what: "closed before it was accepted", all: []Operation{
			sec(Close, "t", ana, 0, 1), sec(Accept, "t", ana, 2, 3),
		}, want: []Invariant{LinearTicket}},
		{what: "accepted after the visitor left", all: []Operation{
			sec(Leave, "t", "", 0, 1), sec(Accept, "t", ana, 2, 3),
		}, want: []Invariant{LinearTicket}},
	}
	for _, tt := range tests {
		t.Run(tt.what, func(t *testing.T) {
			r := newReport(&Run{Operations: &Operations{}})
			r.linear(exchange().Agents, tt.all, map[string]int{"t": 1, "u": 1, "heavy": 2})
			wrong := r.Wrong()
			if !slices.Equal(wrong, tt.want) {
				t.Errorf("found %v, want %v\n%s", wrong, tt.want, r)
			}
		})
	}
}
