package setup_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"nextup/gateway/protocol"
	"nextup/internal/client"
	"nextup/test/faults/setup"
	"nextup/test/gatewaytest"
	"nextup/test/process"
	"nextup/test/redistest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	gatewaytest.Discard()
	os.Exit(code)
}

func TestAGatewayThatWasKilledComesBackOnItsPort(t *testing.T) {
	site := setup.NewSite(1)
	g := gatewaytest.Start(t, gatewaytest.Options{SiteFile: site.File(t), Node: "g"})
	before := g.Socket()
	token, err := site.Mint(protocol.Agent, setup.AgentID(0), []string{"en"})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		conn, err := client.Dial(t.Context(), g.Socket(), token, func(protocol.ServerFrame) {})
		if err != nil {
			t.Fatal(err)
		}
		m, err := g.Metrics(t.Context())
		if err != nil || m["nextup_connections"] != 1 || m["go_goroutines"] == 0 || m["process_open_fds"] == 0 {
			t.Errorf("metrics: %v, of %d series", err, len(m))
		}
		g.Kill()
		<-conn.Done()
		if err := g.Restart(); err != nil {
			t.Fatal(err)
		}
	}
	if g.Socket() != before {
		t.Errorf("it moved from %s to %s", before, g.Socket())
	}
	g.Terminate()
	if err := g.Exited(10 * time.Second); err != nil {
		t.Error(err)
	}
}

// incr reports whether an INCR through the proxy was answered in time.
func incr(t *testing.T, c *redis.Client) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	return c.Incr(ctx, "n").Err() == nil
}

func TestTheProxyDoesEachFaultAndHeals(t *testing.T) {
	redisServer := redistest.StartServer(t)
	direct := redisServer.Client()
	defer direct.Close()
	p := setup.StartProxy(t, redisServer.Addr())
	tests := []struct {
		name    string
		fault   func()
		effects int
	}{
		{"a long delay", func() { p.Delay(2 * time.Second) }, 1},
		{"swallowed replies", p.SwallowReplies, 1},
		{"half-open", p.HalfOpen, 0},
		{"cut", p.Cut, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			through := redis.NewClient(&redis.Options{
				Addr: p.Addr(), Protocol: 2, MaxRetries: -1, DialerRetries: 1, ContextTimeoutEnabled: true,
			})
			defer through.Close()
			direct.Set(t.Context(), "n", 0, 0)
			if !incr(t, through) {
				t.Fatal("no answer without a fault")
			}
			tt.fault()
			if incr(t, through) {
				t.Error("answered in spite of the fault")
			}
			if n, _ := direct.Get(t.Context(), "n").Int(); n != 1+tt.effects {
				t.Errorf("%d effects, want %d", n-1, tt.effects)
			}
			p.Heal()
			for deadline := time.Now().Add(5 * time.Second); !incr(t, through); {
				if time.Now().After(deadline) {
					t.Fatal("no answer after healing")
				}
			}
		})
	}
}

func TestAPartitionPartsHostsAndNotTheTest(t *testing.T) {
	network := setup.NewNetwork(t, 2)
	hosts := network.Hosts()
	server, err := process.Start(hosts[0].Command("redis-server", "--bind", hosts[0].IP, "--port", "6379", "--save", "", "--protected-mode", "no"))
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(server.Kill)
	outside := func() error { return ping(hosts[0].IP) }
	inside := func() error {
		return hosts[1].Command("timeout", "1", "sh", "-c", "redis-cli -h "+hosts[0].IP+" ping | grep -q PONG").Run()
	}
	for deadline := time.Now().Add(10 * time.Second); outside() != nil; {
		if time.Now().After(deadline) {
			t.Fatalf("the server on a host is not reached: %s", server.Output())
		}
	}
	if err := inside(); err != nil {
		t.Fatalf("hosts do not reach each other: %v", err)
	}
	network.Partition()
	if inside() == nil {
		t.Error("parted hosts reach each other")
	}
	if err := outside(); err != nil {
		t.Errorf("the test does not reach a parted host: %v", err)
	}
	network.Heal()
	if err := inside(); err != nil {
		t.Errorf("hosts do not reach each other after the partition: %v", err)
	}
}

func ping(ip string) error {
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(ip, "6379"), time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := io.WriteString(conn, "PING\r\n"); err != nil {
		return err
	}
	answer := make([]byte, 7)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return err
	}
	if string(answer) != "+PONG\r\n" {
		return errors.New(string(answer))
	}
	return nil
}
