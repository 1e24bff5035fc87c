package faults

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"nextup/gateway/protocol"
	"nextup/test/faults/setup"
	"nextup/test/oracle"
	"nextup/test/people"
	"nextup/test/process"
)

// A storm is thousands of visitors in processes of their own, since a process
// may have only so many sockets. The test binary is started again as one, told
// what to do by an environment variable, and says what has become of each.

const stormEnv = "NEXTUP_FAULTS_STORM"

// stormOrder is what a process of visitors is told.
type stormOrder struct {
	Agents   int // the site's
	Sockets  []string
	First, N int // the visitors' numbers
}

// stormTale is what became of one visitor who was sent elsewhere.
type stormTale struct {
	Visitor string
	Code    int           // with which the first socket closed
	Lost    time.Time     // when it did
	Back    time.Duration // until the next welcome
	Refused []string      // the codes of refused hellos
	Kept    bool          // the same ticket was shown
	Wrong   string
}

// Said by a process of visitors; a stormSum follows the second.
const (
	stormStands = "all stand in line"
	stormTold   = "told "
)

// stormSum is what became of a process's visitors: when half of them, and when the
// last, were back, and those with which something was wrong, a few by name.
type stormSum struct {
	Half, Last time.Time
	Wrong      int
	Some       []stormTale
}

// storm puts thousands in line on one gateway and has it leave: all must have
// moved within 10 s, without an error, each with their ticket.
func (s *testbed) storm() {
	each, processes := 250, 2
	if isLong() {
		each = 2500
	}
	binary, err := os.Executable()
	if err != nil {
		s.Fatal(err)
	}
	var crowd []*process.Process
	for i := range processes {
		order, _ := json.Marshal(stormOrder{Agents: s.agents, Sockets: s.sockets(), First: i * each, N: each})
		cmd := exec.Command(binary)
		cmd.Env = append(os.Environ(), stormEnv+"="+string(order))
		p, err := process.Start(cmd)
		if err != nil {
			s.Fatal(err)
		}
		defer p.Kill()
		crowd = append(crowd, p)
	}
	for _, p := range crowd {
		if _, err := p.Line(stormStands, 90*time.Second); err != nil {
			s.Fatalf("%v", err)
		}
	}
	s.mark("%d more stand in line", each*processes)
	s.wait(time.Second)
	g := s.gateways[0]
	asked := time.Now()
	g.Terminate()
	s.mark("%s is asked to leave", g.Node())
	var half, last time.Duration
	for _, p := range crowd {
		line, err := p.Line(stormTold, 60*time.Second)
		var sum stormSum
		if err == nil {
			err = json.Unmarshal([]byte(line), &sum)
		}
		if err != nil {
			s.fail("not everybody has moved: %v", err)
			return
		}
		half, last = max(half, sum.Half.Sub(asked)), max(last, sum.Last.Sub(asked))
		if sum.Wrong > 0 {
			s.fail("%d have not moved as they should: %+v", sum.Wrong, sum.Some)
		}
	}
	s.mark("%d have moved, half of them within %v, the last after %v", each*processes, half, last)
	if last > s.bound(10*time.Second) {
		s.fail("the last has moved after %v", last)
	}
	if err := g.Exited(12 * time.Second); err != nil {
		s.fail("%s: %v", g.Node(), err)
	}
	s.restart(g)
}

// stormMain is a process of visitors.
func stormMain(order string) error {
	var o stormOrder
	if err := json.Unmarshal([]byte(order), &o); err != nil {
		return err
	}
	start := time.Now()
	var standing, told sync.WaitGroup
	tales := make(chan stormTale)
	turn := make(chan struct{}, 64) // so many come at once
	for i := range o.N {
		standing.Add(1)
		told.Go(func() {
			ctx := context.Background()
			turn <- struct{}{}
			v := newStormVisitor(ctx, o, i, start)
			ticket, err := v.stand(ctx)
			<-turn
			standing.Done()
			if err != nil {
				tales <- stormTale{Visitor: v.Subject(), Wrong: err.Error()}
				return
			}
			tales <- v.move(ctx, ticket)
			v.gone.Wait() // until the process is ended
		})
	}
	standing.Wait()
	fmt.Println(stormStands)
	var sum stormSum
	var back []time.Time
	for range o.N {
		tale := <-tales
		back = append(back, tale.Lost.Add(tale.Back))
		if !tale.Kept || tale.Wrong != "" || len(tale.Refused) > 0 || tale.Code != int(protocol.CloseRestart) {
			if sum.Wrong++; sum.Wrong <= 5 {
				sum.Some = append(sum.Some, tale)
			}
		}
	}
	slices.SortFunc(back, time.Time.Compare)
	sum.Half, sum.Last = back[len(back)/2], back[len(back)-1]
	line, err := json.Marshal(sum)
	if err != nil {
		return err
	}
	fmt.Printf("%s%s\n", stormTold, line)
	told.Wait()
	return nil
}

// stormVisitor is one of them.
type stormVisitor struct {
	*people.Client
	start time.Time
	gone  sync.WaitGroup
}

func newStormVisitor(ctx context.Context, o stormOrder, i int, start time.Time) *stormVisitor {
	site := setup.NewSite(o.Agents)
	v := &stormVisitor{start: start, Client: people.NewClient(o.Sockets, site.Mint, start, protocol.Visitor,
		fmt.Sprint("storm-", o.First+i), nil, rand.New(rand.NewPCG(uint64(o.First), uint64(i))))}
	v.First(0)
	v.gone.Go(func() { v.Run(ctx) })
	return v
}

// stand joins the queue that no agent serves, on the first gateway.
func (v *stormVisitor) stand(ctx context.Context) (ticket string, err error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	ok, err := v.Do(ctx, oracle.Ask{Type: protocol.TypeJoin, Wish: 1}, func(e protocol.Envelope) protocol.Request {
		return protocol.Join{Envelope: e, Department: "support", Languages: []string{"es"}}
	})
	return ok.Ticket, err
}

// move waits to be sent elsewhere, and until the ticket is shown there.
func (v *stormVisitor) move(ctx context.Context, ticket string) stormTale {
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	shown := v.Until(ctx, func(s people.Sight) bool { return s.Conn > 1 && s.Connected && s.Ticket.Ticket != "" })
	tale := stormTale{Visitor: v.Subject(), Kept: v.Look().Ticket.Ticket == ticket}
	if !shown {
		tale.Wrong = "no view came from another gateway"
	}
	welcomed := false
	for _, e := range v.History().Events {
		switch {
		case e.Kind == oracle.Welcomed:
			welcomed = true
			if tale.Code != 0 && tale.Back == 0 {
				tale.Back = v.start.Add(e.At).Sub(tale.Lost)
			}
		case e.Kind == oracle.Ended && welcomed && tale.Code == 0:
			tale.Lost, tale.Code = v.start.Add(e.At), e.Close
		case e.Kind == oracle.Ended && tale.Code != 0 && e.Error != nil:
			tale.Refused = append(tale.Refused, string(e.Error.Code))
		}
	}
	return tale
}
