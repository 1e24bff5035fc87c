package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/internal/sitefile"
	"nextup/test/oracle"
	"nextup/test/people"
	"nextup/test/redistest"
)

const (
	served = 500              // tickets served in a window
	window = 15 * time.Second // of serving, and of idling

	mostCPU = 1.2 // Redis's processor time with many against few
)

// Serving 500 tickets costs Redis the same whether 100 or 15,000 others wait
// and watch: what people are shown is read off the replicas.
func TestRedisWorkDoesNotGrowWithTheQueue(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a minute and 15,000 sockets: left out with -short")
	}
	binary := plainBinary(t)
	var commands, cpu, output []float64
	// What else the machine does comes and goes, and processor time with it: above the
	// limit two more looks are taken, and the median counts.
	for look := 1; look == 1 || look <= 3 && cpu[0] > mostCPU; look++ {
		few, many := measureBoth(t, binary, 100, 15_000)
		t.Logf("per %d tickets, idle baseline subtracted:\n  100 others    %s\n  15,000 others %s", served, few, many)
		if few.commands <= 0 || few.cpu <= 0 || few.output <= 0 {
			t.Fatal("serving cost nothing: there is nothing to compare")
		}
		commands = append(commands, many.commands/few.commands)
		cpu = append(cpu, many.cpu/few.cpu)
		output = append(output, many.output/few.output)
	}
	for _, r := range []struct {
		name   string
		ratios []float64
		most   float64
	}{{"commands", commands, 1.05}, {"Redis CPU", cpu, mostCPU}, {"output bytes", output, 1.2}} {
		t.Logf("%s: %.3f times", r.name, r.ratios)
		slices.Sort(r.ratios)
		if ratio := r.ratios[len(r.ratios)/2]; ratio > r.most {
			t.Errorf("%s grew %.3f times, want at most %.2f", r.name, ratio, r.most)
		}
	}
}

// work is what Redis did.
type work struct{ commands, cpu, output float64 }

func (w work) String() string {
	return fmt.Sprintf("%.0f commands, %.3f s of CPU, %.0f bytes out", w.commands, w.cpu, w.output)
}

func (w work) minus(v work) work {
	return work{w.commands - v.commands, w.cpu - v.cpu, w.output - v.output}
}

// workOf reads Redis's own books.
func workOf(t *testing.T, c *redis.Client) work {
	t.Helper()
	info, err := c.Info(t.Context(), "stats", "cpu").Result()
	if err != nil {
		t.Fatal(err)
	}
	field := func(name string) float64 {
		_, after, _ := strings.Cut(info, name+":")
		v, err := strconv.ParseFloat(strings.TrimSpace(strings.SplitN(after, "\r\n", 2)[0]), 64)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		return v
	}
	return work{field("total_commands_processed"), field("used_cpu_user") + field("used_cpu_sys"), field("total_net_output_bytes")}
}

// measureBoth measures with few and with many others in the same moments, so that what
// else the machine does touches both.
func measureBoth(t *testing.T, binary string, few, many int) (withFew, withMany work) {
	t.Helper()
	var there sync.WaitGroup
	there.Add(2)
	t.Run("beside each other", func(t *testing.T) {
		for others, result := range map[int]*work{few: &withFew, many: &withMany} {
			t.Run(fmt.Sprint(others, " others"), func(t *testing.T) {
				t.Parallel()
				*result = measure(t, binary, others, &there)
			})
		}
	})
	if t.Failed() {
		t.FailNow()
	}
	return withFew, withMany
}

// measure serves 500 tickets on two gateways while others wait and watch, and
// returns what that cost Redis over an idle time of the same length. It begins when all
// are there, here and in the other measurements.
func measure(t *testing.T, binary string, others int, there *sync.WaitGroup) work {
	t.Helper()
	come := sync.OnceFunc(there.Done)
	defer come()
	redisURL, sites := redistest.Start(t), wideSites(t)
	options, err := redis.ParseURL(redisURL)
	if err != nil {
		t.Fatal(err)
	}
	books := redis.NewClient(options)
	defer books.Close()
	gateways := []string{serveProcess(t, binary, redisURL, sites), serveProcess(t, binary, redisURL, sites)}
	for i, g := range gateways {
		crowdProcess(t, binary, g, fmt.Sprint("crowd", i), (others+served)/2, "support")
	}
	come()
	there.Wait()
	idle := over(t, books, func(context.Context) {})
	before := positionsSent(t, gateways)
	busy := over(t, books, func(ctx context.Context) { serveTickets(ctx, t, gateways) })
	if sent := positionsSent(t, gateways) - before; sent < float64(2*others) {
		t.Errorf("%d others were shown %.0f places while 500 left the line: they do not watch", others, sent)
	}
	return busy.minus(idle)
}

// positionsSent is how many views of a place in line the gateways have sent.
func positionsSent(t *testing.T, gateways []string) float64 {
	t.Helper()
	var sum float64
	for _, g := range gateways {
		_, metrics := get(t, "http"+strings.TrimSuffix(strings.TrimPrefix(g, "ws"), "/v1/connect")+"/metrics")
		_, after, _ := strings.Cut(metrics, `nextup_positions_sent_total{site="demo"} `)
		n, err := strconv.ParseFloat(strings.SplitN(after, "\n", 2)[0], 64)
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}

// over measures one window, after a pause of more than the slowest cadence, so
// that what came before has been shown.
func over(t *testing.T, books *redis.Client, during func(context.Context)) work {
	t.Helper()
	time.Sleep(4 * time.Second)
	ctx, cancel := context.WithTimeout(t.Context(), window)
	defer cancel()
	before := workOf(t, books)
	during(ctx)
	<-ctx.Done()
	return workOf(t, books).minus(before)
}

// serveTickets lets 20 agents accept and close 500 tickets evenly over most of a
// window. They go offline only after it.
func serveTickets(ctx context.Context, t *testing.T, gateways []string) {
	t.Helper()
	var done atomic.Int64
	pace := make(chan struct{})
	go func() {
		tick := time.NewTicker(window * 7 / 10 / served)
		defer tick.Stop()
		for range served {
			select {
			case <-tick.C:
				select {
				case pace <- struct{}{}:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	for i := range 20 {
		go serveAs(ctx, gateways[i%2], fmt.Sprint("agent", i), pace, &done)
	}
	<-ctx.Done()
	if n := done.Load(); n < served {
		t.Errorf("only %d of %d tickets were served in a window", n, served)
	}
}

// serveAs is one agent, who closes each ticket at once and takes as many as the
// pace gives. At the end the conn is cut without a word: no change falls into the window.
func serveAs(ctx context.Context, gateway, name string, pace <-chan struct{}, done *atomic.Int64) {
	a := people.NewClient([]string{gateway}, demoToken, time.Now(), protocol.Agent, name, []string{"en"}, rand.New(rand.NewPCG(1, 1)))
	go a.Run(ctx)
	do := func(ask oracle.Ask, build func(protocol.Envelope) protocol.Request) bool {
		_, err := a.Do(ctx, ask, build)
		return err == nil
	}
	do(oracle.Ask{Type: protocol.TypeStatus}, func(e protocol.Envelope) protocol.Request {
		return protocol.Status{Envelope: e, Status: protocol.Available}
	})
	taken := map[string]bool{}
	for ctx.Err() == nil {
		s := a.Look()
		for _, o := range s.Desk.Offers {
			if taken[o.Offer] {
				continue
			}
			taken[o.Offer] = true
			select {
			case <-pace:
			case <-ctx.Done():
				return
			}
			if do(oracle.Ask{Type: protocol.TypeAccept, Offer: o.Offer}, func(e protocol.Envelope) protocol.Request {
				return protocol.Accept{Envelope: e, Offer: o.Offer}
			}) && do(oracle.Ask{Type: protocol.TypeClose, Ticket: o.Ticket}, func(e protocol.Envelope) protocol.Request {
				return protocol.Close{Envelope: e, Ticket: o.Ticket}
			}) {
				done.Add(1)
			}
		}
		select {
		case <-s.Changed:
		case <-ctx.Done():
		}
	}
}

func demoToken(role protocol.Role, subject string, languages []string) (string, error) {
	file, err := loadSites("")
	if err != nil {
		return "", err
	}
	keys, err := Keys(file.Sites[0])
	if err != nil {
		return "", err
	}
	return sign(keys, auth.Identity{Site: "demo", Subject: subject, Role: role, Languages: languages, ExpiresAt: time.Now().Add(time.Hour)})
}

// wideSites is the demo's site file with room for a long line.
func wideSites(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "site.yaml")
	wide := bytes.ReplaceAll(sitefile.Demo(), []byte("queue_limit: 10000"), []byte("queue_limit: 20000"))
	if err := os.WriteFile(path, wide, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// serveProcess starts a gateway and returns where its socket is.
func serveProcess(t *testing.T, binary, redisURL, sites string) string {
	t.Helper()
	cmd := exec.Command(binary, "serve", "--listen", "127.0.0.1:0", "--redis", redisURL, "--site-file", sites, "--log-level", "warn")
	cmd.Env = append(os.Environ(), "NEXTUP_TEST_AS_COMMAND=1")
	lines := process(t, cmd)
	for line := range lines {
		if url, ok := strings.CutPrefix(line, "listening on "); ok {
			go func() {
				for range lines { // a full pipe would stop the process
				}
			}()
			return socketURL(url)
		}
	}
	t.Fatal("the gateway did not start")
	return ""
}

// plainBinary is this test binary without the race detector, which would make
// 15,000 clients cost ten times as much. It is the command, or a crowd, as its
// environment says.
func plainBinary(t testing.TB) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "nextup")
	if out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return binary
}

// crowdProcess starts a process of visitors who join the department and watch,
// or, with "-", only connect. It returns once all have.
func crowdProcess(t testing.TB, binary, gateway, name string, visitors int, department string) {
	t.Helper()
	cmd := exec.Command(binary)
	cmd.Env = append(os.Environ(), fmt.Sprintf("NEXTUP_TEST_AS_CROWD=%s %s %d %s", gateway, name, visitors, department))
	for line := range process(t, cmd) {
		if line == "all there" {
			return
		}
		t.Log(line)
	}
	t.Fatal("the crowd did not come")
}

// process starts a command, hands out its lines and ends it with the test.
func process(t testing.TB, cmd *exec.Cmd) <-chan string {
	t.Helper()
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines := make(chan string, 16)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	return lines
}

// beCrowd is the process of visitors: "URL NAME NUMBER DEPARTMENT".
func beCrowd(spec string) int {
	var gateway, name, department string
	var number int
	if _, err := fmt.Sscan(spec, &gateway, &name, &number, &department); err != nil {
		fmt.Println(err)
		return 2
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var dial errgroup.Group
	dial.SetLimit(64)
	var once sync.Once
	for i := range number {
		dial.Go(func() error {
			token, err := demoToken(protocol.Visitor, fmt.Sprint(name, "-", i), []string{"en"})
			if err != nil {
				return err
			}
			conn, err := client.Dial(ctx, gateway, token, func(protocol.ServerFrame) {})
			for client.Later(ctx, err) {
				conn, err = client.Dial(ctx, gateway, token, func(protocol.ServerFrame) {})
			}
			if err != nil {
				return err
			}
			go func() {
				<-conn.Done()
				once.Do(func() { fmt.Println("a visitor was cut off:", conn.Err()) })
			}()
			if department != "-" {
				_, err = conn.Join(ctx, department, "en")
			}
			return err
		})
	}
	if err := dial.Wait(); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("all there")
	select {} // until the test ends this process
}
