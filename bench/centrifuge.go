package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/centrifugal/centrifuge"
	"github.com/golang-jwt/jwt/v5"

	"nextup/bench/orders"
)

// peerClaims name a client of the peer and its channel.
type peerClaims struct {
	jwt.RegisteredClaims
	Channel string `json:"channel"`
}

func peerToken(subject, channel string) (string, error) {
	return jwt.NewWithClaims(jwt.SigningMethodHS256, peerClaims{
		RegisteredClaims: jwt.RegisteredClaims{Subject: subject, ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour))},
		Channel:          channel,
	}).SignedString([]byte(secret))
}

// serveCentrifuge is the peer: clients come with a signed token and are
// subscribed to the one channel that it names. It answers calls with what it got
// and lets a client publish.
func serveCentrifuge(args []string) error {
	flags := flag.NewFlagSet("centrifuge", flag.ExitOnError)
	redisAddr := flags.String("redis", "", "address of Redis; without it the memory engine")
	history := flags.Bool("history", false, "keep what is published, and have clients recover it")
	tuned := flags.Bool("tuned", false, "small buffers and no queue where the library allows")
	quiet := flags.Bool("quiet", false, "no pings")
	_ = flags.Parse(args)

	node, err := centrifuge.New(centrifuge.Config{})
	if err != nil {
		return err
	}
	if *redisAddr != "" {
		shard, err := centrifuge.NewRedisShard(node, centrifuge.RedisShardConfig{Address: *redisAddr})
		if err != nil {
			return err
		}
		broker, err := centrifuge.NewRedisBroker(node, centrifuge.RedisBrokerConfig{Shards: []*centrifuge.RedisShard{shard}})
		if err != nil {
			return err
		}
		node.SetBroker(broker)
	}
	node.OnConnecting(func(_ context.Context, e centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		var claims peerClaims
		if _, err := jwt.ParseWithClaims(e.Token, &claims, func(*jwt.Token) (any, error) { return []byte(secret), nil },
			jwt.WithValidMethods([]string{"HS256"})); err != nil {
			return centrifuge.ConnectReply{}, centrifuge.DisconnectInvalidToken
		}
		return centrifuge.ConnectReply{
			Credentials:       &centrifuge.Credentials{UserID: claims.Subject, ExpireAt: claims.ExpiresAt.Unix()},
			Subscriptions:     map[string]centrifuge.SubscribeOptions{claims.Channel: {EnableRecovery: *history}},
			ReplyWithoutQueue: *tuned,
		}, nil
	})
	node.OnConnect(func(client *centrifuge.Client) {
		client.OnRPC(func(e centrifuge.RPCEvent, done centrifuge.RPCCallback) {
			done(centrifuge.RPCReply{Data: e.Data}, nil)
		})
		client.OnPublish(func(_ centrifuge.PublishEvent, done centrifuge.PublishCallback) {
			var o centrifuge.PublishOptions
			if *history {
				o.HistorySize, o.HistoryTTL = 1000, 10*time.Minute
			}
			done(centrifuge.PublishReply{Options: o}, nil)
		})
	})
	if err := node.Run(); err != nil {
		return err
	}
	config := centrifuge.WebsocketConfig{}
	if *tuned {
		config.ReadBufferSize, config.UseWriteBufferPool = 512, true
	}
	if *quiet {
		config.PingPongConfig = centrifuge.PingPongConfig{PingInterval: -1, PongTimeout: -1}
	}
	return serveHTTP(centrifuge.NewWebsocketHandler(node, config), "/", map[string]orders.Handler{
		"publish": orders.Handle(func(p publishOrder) (any, error) {
			return nil, p.each(func(i int, data []byte) error {
				_, err := node.Publish(fmt.Sprint("of:", p.Name, i), data)
				return err
			})
		}),
	})
}

// publishOrder has a server send rounds of different frames of a size to so many
// clients, with a pause between the beginnings of two rounds.
type publishOrder struct {
	Name             string
	To, Size, Rounds int
	Every            float64 // seconds
}

func (p publishOrder) each(send func(i int, data []byte) error) error {
	begun := time.Now()
	var failed error
	for round := range p.Rounds {
		time.Sleep(time.Until(begun.Add(time.Duration(float64(round) * p.Every * float64(time.Second)))))
		for i := range p.To {
			failed = errors.Join(failed, send(i, payload(round, i, p.Size)))
		}
	}
	return failed
}

// payload is a JSON object of a size that differs for each client.
func payload(round, i, size int) []byte {
	data := fmt.Appendf(make([]byte, 0, size), `{"position":%d,"log":%d,"pad":"`, i, round)
	for len(data) < size-2 {
		data = append(data, 'a'+byte(len(data)%26))
	}
	return append(data, `"}`...)
}
