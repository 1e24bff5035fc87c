package routing

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"nextup/test/gatewaytest"
	"nextup/test/oracle"
	"nextup/test/redistest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	gatewaytest.Discard()
	os.Exit(code)
}

// size is how much of a run there is.
type size struct {
	visitors, tickets int
	apart             time.Duration // two kills
	most              time.Duration // until the crowd is calm
}

const gateways, agentCount = 4, 60

// sizeOf is the long form where NEXTUP_FAULTS_ROUTING says so.
func sizeOf() size {
	if os.Getenv("NEXTUP_FAULTS_ROUTING") == "long" {
		return size{visitors: 400, tickets: 3000, apart: 4 * time.Second, most: 8 * time.Minute}
	}
	return size{visitors: 260, tickets: 700, apart: 3 * time.Second, most: 25 * time.Second}
}

// seedOf is NEXTUP_FAULTS_SEED, or one of the clock's.
func seedOf(t *testing.T) uint64 {
	if text := os.Getenv("NEXTUP_FAULTS_SEED"); text != "" && text != "0" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("NEXTUP_FAULTS_SEED: %v", err)
		}
		return seed
	}
	return uint64(time.Now().UnixNano()) % 1_000_000
}

// Sixty agents serve tickets of all kinds on four gateways, of which one is
// killed every few seconds, and everything that routing promises holds at every
// record of the log, in all that people were shown, and in what they were
// answered.
func TestRoutingKeepsItsPromisesOnRealProcesses(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes most of a minute and four gateways: left out with -short")
	}
	s, seed, r := sizeOf(), seedOf(t), exchange(agentCount)
	t.Logf("seed %d: NEXTUP_FAULTS_SEED=%[1]d repeats what people choose, not what the processes make of it", seed)
	server := redistest.StartServer(t)
	direct := server.Client()
	defer direct.Close()
	file := siteFile(t, r)
	var options []gatewaytest.Options
	for i := range gateways {
		options = append(options, gatewaytest.Options{Redis: server.URL(), SiteFile: file, Node: fmt.Sprint("gateway-", i)})
	}
	all := gatewaytest.StartAll(t, options...)
	var sockets []string
	for _, g := range all {
		sockets = append(sockets, g.Socket())
	}
	c := newCrowd(t, r, sockets, s.visitors, s.tickets, seed)
	scribe := oracle.NewScribe(direct, siteID, c.start)
	ranked := oracle.WatchRanks(direct, siteID, r)
	kills := live(t, c, s, all, rand.New(rand.NewPCG(seed, 0)))

	c.settle()
	settling := time.After(90 * time.Second)
	visited := make(chan struct{})
	go func() {
		c.visits.Wait()
		close(visited)
	}()
	select {
	case <-visited:
	case <-settling:
		t.Errorf("not everybody was served or gave up within 90 s")
	}
	time.Sleep(2 * time.Second) // the last wrap-ups, and what is told last
	end := time.Since(c.start)
	seen, stalled := ranked.Seen()
	histories := c.histories()
	c.cancel()
	c.all.Wait()
	snapshot, err := oracle.Take(t.Context(), direct)
	if err != nil {
		t.Fatal(err)
	}
	scribe.Finish(snapshot, siteID)
	log := snapshot.Sites[siteID]
	keep(t, histories, log)

	c.book.Start, c.book.End = c.start, end
	// What a starved machine cannot do is no fault of the product.
	report := oracle.Check(&oracle.Run{
		Rules: oracle.Rules{
			Site: siteID, VisitorGrace: visitorGrace, Routing: r, Slack: 5*time.Second + 2*stalled,
			Staleness: time.Second + stalled, Patience: 8*time.Second + 2*stalled,
		},
		Histories: histories, Snapshot: snapshot, Ranks: seen, Operations: &c.book,
	})
	t.Logf("%d tickets, %d records, %d kills, %v, Redis answered at least every %v\n%s%s", min(c.tickets.Load(), c.want), len(log.Rows), kills, end.Round(time.Second), stalled, report, c.told())
	for _, s := range report.Wrong() {
		t.Errorf("FAILS (seed %d): %s", seed, s)
	}
	for _, s := range report.Vacuous() {
		if !slices.Contains(elsewhere, s) {
			t.Errorf("VACUOUS: %s had nothing to look at", s)
		}
	}
}

// elsewhere are the invariants that the matrix of faults gives something to look
// at: people write nothing here, and no record can be lost.
var elsewhere = []oracle.Invariant{oracle.AcknowledgedOnce, oracle.OneOrder, oracle.ResetHasCause, oracle.RowExpects}

// live lets the crowd live until all tickets have joined, while a gateway is
// killed every few seconds and started again.
func live(t *testing.T, c *crowd, s size, all []*gatewaytest.Gateway, rng *rand.Rand) (kills int) {
	for begun := time.Now(); c.tickets.Load() < c.want && time.Since(begun) < s.most; {
		time.Sleep(s.apart)
		g := all[rng.IntN(len(all))]
		g.Kill()
		kills++
		time.Sleep(200*time.Millisecond + time.Duration(rng.Int64N(int64(time.Second))))
		for tries := 1; ; tries++ { // a busy machine may starve one that starts
			if err := g.Restart(); err == nil {
				break
			} else if tries == 3 {
				t.Fatal(err)
			}
		}
	}
	return kills
}

// told says how much was done.
func (c *crowd) told() string {
	var lines []string
	c.counts.Range(func(what, n any) bool {
		lines = append(lines, fmt.Sprintf("%s: %d", what, n.(*atomic.Int64).Load()))
		return true
	})
	slices.Sort(lines)
	return strings.Join(lines, "; ")
}

// keep writes histories and log to the folder that NEXTUP_FAULTS_KEEP names.
func keep(t *testing.T, histories []*oracle.History, log *oracle.Log) {
	dir := os.Getenv("NEXTUP_FAULTS_KEEP")
	if dir == "" {
		return
	}
	f, err := os.Create(dir + "/routing.histories.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := oracle.WriteLines(f, histories); err != nil {
		t.Error(err)
	}
	var b strings.Builder
	for _, r := range log.Rows {
		fmt.Fprintf(&b, "%d %d %s\n", r.Number, r.AtMS, r.Data)
	}
	if err := os.WriteFile(dir+"/routing.log", []byte(b.String()), 0o600); err != nil {
		t.Error(err)
	}
}
