package faults

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/coder/websocket"

	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/test/faults/setup"
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
// last, were back, and those for whom something was wrong, a few by name.
type stormSum struct {
	Half, Last time.Time
	Wrong      int
	Some       []stormTale
}

// storm puts thousands in line on one gateway and has it leave: all must have
// moved within 10 s, without an error, each with their ticket.
func (s *stage) storm() {
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
	site := setup.NewSite(o.Agents)
	var standing, told sync.WaitGroup
	tales := make(chan stormTale)
	turn := make(chan struct{}, 64) // so many come at once
	for i := range o.N {
		standing.Add(1)
		told.Go(func() {
			v := stormVisitor{o: o, site: site, subject: fmt.Sprint("storm-", o.First+i)}
			turn <- struct{}{}
			err := v.stand()
			<-turn
			standing.Done()
			if err != nil {
				tales <- stormTale{Visitor: v.subject, Wrong: err.Error()}
				return
			}
			tales <- v.move()
			if v.conn != nil {
				<-v.conn.Done() // until the process is ended
			}
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

type stormVisitor struct {
	o       stormOrder
	site    setup.Site
	subject string
	conn    *client.Conn
	ticket  string
}

// dial comes to one gateway; who is turned away comes back when they are told.
func (v *stormVisitor) dial(socket string, shown chan<- string) (refused []string, err error) {
	token, err := v.site.Mint(protocol.Visitor, v.subject, nil)
	if err != nil {
		return nil, err
	}
	for tries := 0; ; tries++ {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		v.conn, err = client.Dial(ctx, socket, token, func(f protocol.ServerFrame) {
			if t, ok := f.(protocol.Ticket); ok {
				select {
				case shown <- t.Ticket:
				default:
				}
			}
		})
		cancel()
		if tries == 10 || !client.Later(context.Background(), err) {
			return refused, err
		}
		var no *client.Refused
		errors.As(err, &no)
		refused = append(refused, string(no.Frame.Code))
	}
}

// stand gets in the line that nobody serves, on the first gateway.
func (v *stormVisitor) stand() error {
	if _, err := v.dial(v.o.Sockets[0], nil); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	ok, err := v.conn.Join(ctx, "support", "es")
	v.ticket = ok.Ticket
	return err
}

// move waits to be sent elsewhere, and goes.
func (v *stormVisitor) move() stormTale {
	tale := stormTale{Visitor: v.subject}
	<-v.conn.Done()
	tale.Lost, tale.Code = time.Now(), int(websocket.CloseStatus(v.conn.Err()))
	shown := make(chan string, 1)
	var err error
	tale.Refused, err = v.dial(v.o.Sockets[1+rand.IntN(len(v.o.Sockets)-1)], shown)
	tale.Back = time.Since(tale.Lost)
	if err != nil {
		tale.Wrong = err.Error()
		return tale
	}
	select {
	case ticket := <-shown:
		tale.Kept = ticket == v.ticket
	case <-time.After(10 * time.Second):
		tale.Wrong = "no view came"
	}
	return tale
}
