package app

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"nextup/app/conversation"
	"nextup/queue"
)

// changed signals each notification of a replica.
func changed(signal chan<- struct{}) func(*Site) {
	return func(s *Site) {
		s.OnSteps(func(*queue.State, []queue.Step) {
			select {
			case signal <- struct{}{}:
			default:
			}
		})
	}
}

// heard collects a conversation.
type heard struct {
	mu      sync.Mutex
	entries []conversation.Entry
	more    chan struct{}
}

func (h *heard) Ready() bool { return true }
func (h *heard) Deliver(entries []conversation.Entry) (int, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.entries = append(h.entries, entries...)
	select {
	case h.more <- struct{}{}:
	default:
	}
	return len(entries), true
}
func (*heard) Note([]byte) {}
func (*heard) Reset()      {}

// A ticket lives from the join to the close, by way of two agents, with no socket
// anywhere.
func TestPeopleAreServedWithoutASocket(t *testing.T) {
	news := make(chan struct{}, 1)
	s, ctx := start(t, memory(t), changed(news))
	do := func(a *Actor, c Command) Receipt {
		t.Helper()
		r, err := s.Execute(ctx, a, c)
		if err != nil {
			t.Fatalf("%s %s %T: %v", a.Role, a.ID, c, err)
		}
		return r
	}
	offered := func(a *Actor) (offer string) {
		t.Helper()
		for {
			s.Read(func(st *queue.State) {
				for _, t := range st.Held(a.ID) {
					if t.Status == queue.Offered {
						offer = t.Offer.ID
					}
				}
			})
			if offer != "" {
				return offer
			}
			wait(ctx, t, news, "an offer comes")
		}
	}
	visitor := &Actor{Role: Visitor, ID: "v", Name: "Vera", Languages: []string{"en"}}
	first, second := &Actor{Role: Agent, ID: "a", Name: "Ann"}, &Actor{Role: Agent, ID: "b", Name: "Bob"}
	for _, agent := range []*Actor{first, second} {
		facts := queue.AgentFacts{ID: agent.ID, Name: agent.Name, Languages: queue.Fluent("en"), Departments: []string{"support"}, Capacity: 2}
		if err := s.Connect(ctx, connection{agent, facts}); err != nil {
			t.Fatal(err)
		}
	}
	do(first, SetStatus{queue.Available})
	ticket := do(visitor, Join{Department: "support"}).Ticket
	if again := do(visitor, Join{Department: "support"}).Ticket; again != ticket {
		t.Errorf("a second join made ticket %s beside %s", again, ticket)
	}
	do(visitor, Send{ticket, "m1", "Hello?"})
	do(first, Accept{offered(first)})
	if r := do(first, Send{ticket, "m2", "Hello."}); r.Number == 0 || r.AtMS == 0 {
		t.Errorf("a message came to %+v", r)
	}
	if r, again := do(first, Send{ticket, "m3", "I pass you on."}), do(first, Send{ticket, "m3", "I pass you on."}); r != again {
		t.Errorf("a message that is sent again came to %+v, not %+v", again, r)
	}
	do(second, SetStatus{queue.Available})
	do(first, Transfer{Ticket: ticket, To: queue.Target{Agent: "b"}, Note: "be kind"})
	if _, err := s.Execute(ctx, second, Send{ticket, "m4", "Too early."}); !errors.Is(err, ErrNotYours) {
		t.Errorf("an agent who has not accepted writes: %v", err)
	}
	do(second, Accept{offered(second)})
	if _, err := s.Execute(ctx, first, Send{ticket, "m5", "Too late."}); !errors.Is(err, ErrNotYours) {
		t.Errorf("an agent who has passed the ticket on writes: %v", err)
	}
	do(second, Send{ticket, "m6", "Bye."})
	do(second, Close{Ticket: ticket})
	if _, err := s.Execute(ctx, visitor, Send{ticket, "m7", "Wait!"}); !errors.Is(err, queue.ErrEnded) {
		t.Errorf("a visitor writes after the end: %v", err)
	}
	do(visitor, Open{Ticket: ticket})

	h := &heard{more: make(chan struct{}, 1)}
	defer s.app.options.Conversations.Subscribe("demo", ticket, conversation.Place{}, h).Stop()
	want := []string{"Hello?", "+a", "Hello.", "I pass you on.", "be kind", "+b", "Bye.", "."}
	for {
		wait(ctx, t, h.more, "the conversation is read")
		h.mu.Lock()
		var got []string
		for _, e := range h.entries {
			switch {
			case e.Body.Text != "":
				got = append(got, e.Body.Text)
			case e.From.ID != "":
				got = append(got, "+"+e.From.ID)
			default:
				got = append(got, ".")
			}
		}
		h.mu.Unlock()
		if len(got) < len(want) {
			continue
		}
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("the conversation is %q, want %q", got, want)
			}
		}
		return
	}
}

// Each command is for its roles alone.
func TestACommandIsForItsRoles(t *testing.T) {
	s, ctx := start(t, memory(t))
	for _, tt := range []struct {
		role    Role
		command Command
	}{
		{Agent, Join{Department: "support"}}, {Supervisor, Join{Department: "support"}}, {Bot, Join{Department: "support"}},
		{Visitor, Accept{}}, {Visitor, SetStatus{queue.Available}}, {Visitor, Transfer{}}, {Visitor, Note{}}, {Visitor, Whisper{}},
		{Visitor, Close{}}, {Visitor, SetHeadStart{}}, {Agent, Pause{}}, {Agent, Whisper{}}, {Agent, SetHeadStart{}}, {Agent, Rate{}},
		{Supervisor, Accept{}}, {Supervisor, Close{}}, {Supervisor, Leave{}}, {Admin, Send{}}, {Host, Open{}},
	} {
		if _, err := s.Execute(ctx, &Actor{Role: tt.role, ID: "x"}, tt.command); !errors.Is(err, queue.ErrForbidden) {
			t.Errorf("%s submits %T: %v", tt.role, tt.command, err)
		}
	}
}

// stuck is a command that waits until it is let go.
type stuck struct {
	Typing
	go_ <-chan struct{}
}

func (c stuck) run(ctx context.Context, _ *Site, _ *Actor) (Receipt, error) {
	select {
	case <-c.go_:
		return Receipt{}, nil
	case <-ctx.Done():
		return Receipt{}, ctx.Err()
	}
}

// Submit never blocks: an actor whose commands hang is refused more, in the order of each
// conversation, and others are served meanwhile.
func TestAnActorsCommandsAreBoundedAndInOrder(t *testing.T) {
	s, ctx := start(t, memory(t))
	let := make(chan struct{})
	answers := make(chan error, 1000)
	hanging := &Actor{Role: Visitor, ID: "hanging"}
	const bound = 128
	var mu sync.Mutex
	var order []int
	for i := range bound + 5 {
		s.Submit(ctx, hanging, stuck{Typing{Ticket: "t"}, let}, func(_ Receipt, err error) {
			mu.Lock()
			order = append(order, i)
			mu.Unlock()
			answers <- err
		})
	}
	for range 5 {
		if err := wait(ctx, t, answers, "too many are refused"); !errors.Is(err, ErrTooMany) {
			t.Errorf("a command too many: %v", err)
		}
	}
	if _, err := s.joinForTest(ctx, "other"); err != nil {
		t.Errorf("another actor waits too: %v", err)
	}
	close(let)
	for range bound {
		if err := wait(ctx, t, answers, "they are answered"); err != nil {
			t.Error(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for i, n := range order[5:] {
		if n != i {
			t.Fatalf("command %d was answered in place %d", n, i)
		}
	}
	s.inHand.mu.Lock()
	defer s.inHand.mu.Unlock()
	if len(s.inHand.queues) > 1 { // the last one may be about to be given back
		t.Errorf("%d queues are kept for actors who ask for nothing", len(s.inHand.queues))
	}
}

// A process that began lately ends no visitor's grace: the elected process may spare them.
func TestAYoungProcessGivesNoPersonUp(t *testing.T) {
	s, ctx := start(t, memory(t))
	if _, err := s.joinForTest(ctx, "v"); err != nil {
		t.Fatal(err)
	}
	if err := s.disconnect(ctx, &Actor{Role: Visitor, ID: "v"}); err != nil {
		t.Fatal(err)
	}
	later := s.Now().Add(3_600_000)
	for _, tt := range []struct {
		what    string
		running time.Duration
		want    int
	}{
		{"it has just begun", 0, 0},
		{"it has been here for longer than the grace", time.Hour, 1},
	} {
		if due := s.overdue(queue.Dispatcher{}, later, tt.running); len(due) != tt.want {
			t.Errorf("%s: %d changes are due, want %d: %+v", tt.what, len(due), tt.want, due)
		}
	}
}

// An agent who comes back is recorded as a member again: the conversation's log may have
// lost the record while no person here followed it.
func TestAnAgentWhoComesBackIsRecordedAgain(t *testing.T) {
	news := make(chan struct{}, 1)
	s, ctx := start(t, memory(t), changed(news))
	agent := &Actor{Role: Agent, ID: "a", Name: "Ann"}
	facts := queue.AgentFacts{ID: "a", Name: "Ann", Languages: queue.Fluent("en"), Departments: []string{"support"}, Capacity: 2}
	if err := s.Connect(ctx, connection{agent, facts}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.joinForTest(ctx, "v"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Execute(ctx, agent, SetStatus{queue.Available}); err != nil {
		t.Fatal(err)
	}
	var offer *queue.Ticket
	for offer == nil {
		s.Read(func(st *queue.State) {
			if t := st.TicketOf("v"); t.Status == queue.Offered {
				offer = t
			}
		})
		if offer == nil {
			wait(ctx, t, news, "an offer comes")
		}
	}
	if _, err := s.Execute(ctx, agent, Accept{offer.Offer.ID}); err != nil {
		t.Fatal(err)
	}
	recorded := func() bool {
		var token uint64
		s.Read(func(st *queue.State) { token = st.Ticket(offer.ID).Token })
		return s.members.has(offer.ID, actorKey{Agent, "a"}, token)
	}
	if !recorded() {
		t.Error("an accept records no member")
	}
	if err := s.Connect(ctx, connection{agent, facts}); err != nil {
		t.Fatal(err)
	}
	if recorded() {
		t.Error("the record is taken for there")
	}
	if _, err := s.Execute(ctx, agent, Send{offer.ID, "m1", "Hello."}); err != nil || !recorded() {
		t.Errorf("what the agent writes records no member: %v", err)
	}
}
