package main

import (
	"context"
	"encoding/json"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"nextup/app/conversation"
	"nextup/gateway"
	"nextup/gateway/auth"
	"nextup/gateway/protocol"
	"nextup/internal/eventlog"
	"nextup/internal/eventlog/redislog"
	"nextup/internal/heap"
	"nextup/presence"
	"nextup/presence/redispresence"
	"nextup/queue"
	"nextup/queue/logstore"
)

const (
	siteID     = "bench"
	department = "support"
	language   = "en"
)

// key signs the tokens of both servers' clients.
var key = auth.Key{
	ID: "bench", Algorithm: "HS256", Sites: []string{siteID}, Roles: protocol.Roles(),
	Secret: []byte("a secret that is known to everybody"),
}

func token(role protocol.Role, subject string) (string, error) {
	return auth.Sign(key, auth.Identity{
		Site: siteID, Subject: subject, Role: role, Languages: []string{language}, ExpiresAt: time.Now().Add(time.Hour),
	})
}

func rules() *queue.Site {
	return &queue.Site{
		ID: siteID,
		Departments: []queue.Department{
			// An offer stands while the agents of growth look on.
			{ID: department, Languages: []string{language}, QueueLimit: 1_000_000, OfferTTL: 120_000},
		},
		VisitorGrace: 60_000, AgentGrace: 20_000, AssignedGrace: 600_000, Retention: 86_400_000,
	}
}

// serveNextup is our gateway, made of the same parts as nextup serve.
func serveNextup(args []string) error {
	flags := flag.NewFlagSet("nextup", flag.ExitOnError)
	redisURL := flags.String("redis", "", "Redis; without it the logs are in memory")
	heartbeat := flags.Duration("heartbeat", 25*time.Second, "how often clients are to be heard")
	helloRate := flags.Int("hello-rate", 100_000, "hellos a second")
	capacity := flags.Int("capacity", 1, "of every agent")
	_ = flags.Parse(args)

	heap.Bound() // as nextup serve does
	ctx := context.Background()
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	var backend eventlog.Backend = eventlog.NewMemory()
	var nodes presence.Registry
	if *redisURL != "" {
		redis, err := redislog.Open(ctx, *redisURL, redislog.Options{Logger: logger})
		if err != nil {
			return err
		}
		backend, nodes = redis, redispresence.New(redis.Client(), redis.Prove)
	}
	verifier, err := auth.New([]auth.Key{key}, auth.Options{})
	if err != nil {
		return err
	}
	g, err := gateway.New(gateway.Options{
		Node: "bench", Store: logstore.New(backend), Presence: nodes, HelloRate: *helloRate, Logger: logger,
		Conversations: conversation.New(backend, conversation.Options{Logger: logger}),
		Verifier:      verifier, Ready: backend.Ready,
		Sites: []gateway.Site{{
			Rules: rules(), Languages: []string{language},
			Agent: func(string) gateway.AgentRules {
				return gateway.AgentRules{Departments: []string{department}, Capacity: *capacity}
			},
			VisitorHeartbeat: *heartbeat, AgentHeartbeat: *heartbeat,
			Limits: gateway.Limits{
				FramesPerSecond: 100_000, Burst: 100_000, BytesPerSecond: 1 << 30, ByteBurst: 1 << 30,
				OutgoingBuffer: 64 << 10, ConnsPerPerson: 8, ConnsPerAddress: 100_000, Conns: 100_000,
			},
		}},
	})
	if err != nil {
		return err
	}
	for g.Ready(ctx) != nil {
		time.Sleep(20 * time.Millisecond)
	}
	return serveHTTP(g, "/v1/connect", map[string]func(json.RawMessage) (any, error){})
}

// serveHTTP listens, and obeys.
func serveHTTP(h http.Handler, path string, orders map[string]func(json.RawMessage) (any, error)) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.Serve(listener) }()
	return obey(listener.Addr().String()+path, orders)
}
