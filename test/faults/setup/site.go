package setup

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"nextup/gateway/protocol"
)

// Site is the tenant that faults are tried on. Its times are short, so that a
// run sees each of them pass.
type Site struct {
	ID                               string
	VisitorGrace, AgentGrace         time.Duration
	VisitorHeartbeat, AgentHeartbeat time.Duration
	OfferTimeout, Retention          time.Duration
	// Capacity is an agent's by their number; see AgentID.
	Capacity func(i int) int
	Agents   int
	// Extra is added to the site's YAML, indented by four spaces.
	Extra string
}

// NewSite is a site with n agents, who can hold two, three or one ticket.
func NewSite(agents int) Site {
	return Site{
		ID: "faults", VisitorGrace: 4 * time.Second, AgentGrace: 2 * time.Second,
		// A request may keep a conn busy for 6 s, and no client is silent for longer.
		VisitorHeartbeat: 3 * time.Second, AgentHeartbeat: 3 * time.Second,
		OfferTimeout: 2 * time.Second, Retention: 2 * time.Hour,
		Capacity: func(i int) int { return 1 + (i+1)%3 }, Agents: agents,
	}
}

// OutgoingBuffer is what the site lets wait for a client, in bytes.
const OutgoingBuffer = 1 << 20

// secret signs the tokens of tests. It is drawn anew for each run, since gateways
// that listen beyond this machine take no secret that stands in the source.
// Processes that a test starts inherit it by their environment.
var secret = inherited("NEXTUP_FAULTS_SECRET", rand.Text()+rand.Text())

// inherited is the value of an environment variable, which is set to the given one
// if it has none.
func inherited(name, value string) string {
	if set := os.Getenv(name); set != "" {
		return set
	}
	_ = os.Setenv(name, value) // the name is a valid one
	return value
}

// AgentID is the sub of the i-th agent.
func AgentID(i int) string { return fmt.Sprint("agent-", i) }

// File writes the site file and returns its path.
func (s Site) File(t testing.TB) string {
	t.Helper()
	text := fmt.Sprintf(`sites:
  - id: %s
    languages: [zh, en, es]
    departments:
      - {id: support, offer_timeout: %s}
      - {id: trading, languages: [zh, en], offer_timeout: %[2]s}
    grace: {visitor: %s, agent: %s}
    heartbeat: {visitor: %s, agent: %s}
    retention: %s
    limits:
      {frames_per_second: 500, burst: 5000, bytes_per_second: 8MiB, byte_burst: 16MiB,
       outgoing_buffer: 1MiB, conns_per_address: 20000, tickets_per_visitor: 1000000}
    keys:
      - {id: test, algorithm: HS256, secret: %q, roles: [visitor, agent, supervisor]}
%s    agents:
      known:
`, s.ID, s.OfferTimeout, s.VisitorGrace, s.AgentGrace, s.VisitorHeartbeat, s.AgentHeartbeat, s.Retention, secret, s.Extra)
	for i := range s.Agents {
		text += fmt.Sprintf("        %s: {capacity: %d}\n", AgentID(i), s.Capacity(i))
	}
	path := filepath.Join(t.TempDir(), "site.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Mint signs a token of the site.
func (s Site) Mint(role protocol.Role, subject string, languages []string) (string, error) {
	claims := jwt.MapClaims{
		"sub": subject, "site": s.ID, "role": role, "aud": "nextup", "name": subject,
		"languages": languages, "exp": time.Now().Add(12 * time.Hour).Unix(),
	}
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
	token.Header["kid"] = "test"
	return token.SignedString([]byte(secret))
}
