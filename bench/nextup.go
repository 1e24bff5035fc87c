package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"nextup/bench/orders"
	"nextup/gateway/protocol"
	"nextup/queue"
)

const (
	siteID     = "bench"
	department = "support"
	language   = "en"

	// secret signs the tokens of both servers' clients.
	secret = "a secret that is known to everybody"
)

func token(role protocol.Role, subject string) (string, error) {
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": subject, "site": siteID, "role": role, "aud": "nextup", "languages": []string{language}, "exp": time.Now().Add(time.Hour).Unix(),
	})
	t.Header["kid"] = "bench"
	return t.SignedString([]byte(secret))
}

// rules are those of the site file, for a line that joins without a gateway.
func rules() *queue.Site {
	return &queue.Site{
		ID: siteID,
		Departments: []queue.Department{
			{ID: department, Languages: []string{language}, QueueLimit: 1_000_000, OfferTTL: 120_000},
		},
		VisitorGrace: 60_000, AgentGrace: 20_000, AssignedGrace: 600_000, Retention: 86_400_000,
	}
}

// siteFile has the widest limits that there are. An offer stands while the agents
// of growth look on.
const siteFile = `sites:
  - id: %s
    languages: [%s]
    departments: [{id: %s, queue_limit: 1000000, offer_timeout: 120s}]
    agents: {defaults: {capacity: 1}}
    heartbeat: {visitor: %s, agent: %[4]s}
    limits: {frames_per_second: 1000, burst: 10000, bytes_per_second: 16MiB, byte_burst: 16MiB, outgoing_buffer: 64KiB,
      conns_per_address: 100000, conns: 100000, tickets: 10000000, tickets_per_visitor: 1000000}
    keys: [{id: bench, algorithm: HS256, secret: %q, roles: [visitor, agent, supervisor]}]
`

// emptySite is a further site. It has no option that an earlier nextup refuses.
const emptySite = `  - id: empty%d
    languages: [%s]
    departments: [{id: %s}]
    keys: [{id: empty%[1]d, algorithm: HS256, secret: %[4]q, roles: [visitor, agent]}]
`

// siteText is the site file of a gateway: the site that clients come to, or so many that
// stay empty.
func siteText(empty int, heartbeat time.Duration) string {
	if empty == 0 {
		return fmt.Sprintf(siteFile, siteID, language, department, heartbeat, secret)
	}
	text := "sites:\n"
	for i := range empty {
		text += fmt.Sprintf(emptySite, i, language, department, secret)
	}
	return text
}

// door is the one file that nextup is built with besides its own, so that a
// gateway takes orders. A child ends when its input does.
const door = `package main

import (
	"fmt"
	"os"

	"nextup/internal/orders"
)

func init() {
	go func() {
		if err := orders.Obey(nil); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}()
}
`

// product is nextup of one commit with its door, in a folder that a run removes.
type product struct {
	commit string // "" stands for the work tree
	once   sync.Once
	dir    string
	err    error
}

// current is what startNextup starts: the work tree's, or the one that it is compared
// with.
var current = &product{}

// binary builds nextup when it is first asked for.
func (p *product) binary() (string, error) {
	p.once.Do(func() {
		if p.dir, p.err = os.MkdirTemp("", "nextup-bench"); p.err == nil {
			p.err = p.make()
		}
	})
	return filepath.Join(p.dir, "nextup"), p.err
}

func (p *product) make() error {
	path, err1 := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "nextup").Output()
	here, err2 := exec.Command("go", "list", "-f", "{{.Dir}}", "nextup/bench/orders").Output()
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	root := strings.TrimSpace(string(path))
	if p.commit != "" {
		tree := filepath.Join(p.dir, "tree")
		if out, err := exec.Command("git", "-C", root, "worktree", "add", "--detach", tree, p.commit).CombinedOutput(); err != nil {
			return fmt.Errorf("commit %s cannot be laid out: %w: %s", p.commit, err, out)
		}
		root = tree
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{
		filepath.Join(root, "internal/orders/orders.go"): filepath.Join(strings.TrimSpace(string(here)), "orders.go"),
		filepath.Join(root, "cmd/nextup/orders.go"):      filepath.Join(p.dir, "door.go"),
	}})
	if err != nil {
		return err
	}
	for name, data := range map[string]string{"door.go": door, "overlay.json": string(overlay)} {
		if err := os.WriteFile(filepath.Join(p.dir, name), []byte(data), 0o600); err != nil {
			return err
		}
	}
	cmd := exec.Command("go", "build", "-C", root, "-overlay", filepath.Join(p.dir, "overlay.json"), "-o", filepath.Join(p.dir, "nextup"), "./cmd/nextup")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nextup cannot be built: %w: %s", err, out)
	}
	return nil
}

// remove removes what binary made.
func (p *product) remove() {
	if p.dir == "" {
		return
	}
	if p.commit != "" {
		_ = exec.Command("git", "worktree", "remove", "--force", filepath.Join(p.dir, "tree")).Run()
	}
	_ = os.RemoveAll(p.dir)
}

// startNextup starts a gateway, and returns once it is ready.
func startNextup(args []string) (*child, error) {
	flags := flag.NewFlagSet("nextup", flag.ExitOnError)
	redisURL := flags.String("redis", "", "Redis; without it the logs are in memory")
	heartbeat := flags.Duration("heartbeat", 25*time.Second, "how often clients are to be heard")
	helloRate := flags.Int("hello-rate", 100_000, "hellos a second")
	empty := flags.Int("empty", 0, "empty sites, instead of the one that clients come to")
	_ = flags.Parse(args)
	binary, err := current.binary()
	if err != nil {
		return nil, err
	}
	file := filepath.Join(current.dir, fmt.Sprint("site-", *empty, "-", *heartbeat, ".yaml"))
	if err := os.WriteFile(file, []byte(siteText(*empty, *heartbeat)), 0o600); err != nil {
		return nil, err
	}
	serve := []string{"serve", "--listen", "127.0.0.1:0", "--site-file", file, "--node", "bench", "--hello-rate", fmt.Sprint(*helloRate), "--log-level", "error"}
	if *redisURL != "" {
		serve = append(serve, "--redis", *redisURL)
	}
	c, err := launch(exec.Command(binary, serve...))
	if err != nil {
		return nil, err
	}
	address := strings.TrimPrefix(c.address, "listening on http://")
	c.address = address + "/v1/connect"
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		res, err := http.Get("http://" + address + "/readyz")
		if err == nil {
			if _ = res.Body.Close(); res.StatusCode == http.StatusOK {
				return c, nil
			}
		}
		if time.Now().After(deadline) {
			c.end()
			return nil, fmt.Errorf("the gateway at %s is not ready: %w", address, err)
		}
	}
}

// serveHTTP listens, and obeys.
func serveHTTP(h http.Handler, path string, handlers map[string]orders.Handler) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.Serve(listener) }()
	return obey(listener.Addr().String()+path, handlers)
}
