package traffic

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/google/uuid"

	"nextup/gateway/protocol"
	"nextup/internal/client"
)

// The pauses and limits of simulated people.
const (
	patience  = 8 * time.Minute
	reading   = 6 * time.Second
	handling  = 75 * time.Second
	away      = 12 * time.Second // between two visits
	accepting = 4 * time.Second
	maxFrames = 256
)

var names = []string{"Ana", "Bo", "Chen", "Diego", "Emi", "Farid", "Grace", "Hana", "Ivan", "Jun", "Kim", "Lena", "Mei", "Noor", "Otto", "Ping"}

var questions = map[string][]string{
	"en": {"Hello, my withdrawal is pending.", "Which network should I choose?", "I cannot see my deposit."},
	"zh": {"你好，我的提现还没有到账。", "请问应该选哪个网络？", "我看不到我的充值。"},
	"es": {"Hola, mi retiro sigue pendiente.", "¿Qué red debo elegir?"},
	"ja": {"こんにちは、出金が保留中です。", "どのネットワークを選べばいいですか？"},
	"ko": {"안녕하세요, 출금이 보류 중입니다.", "어떤 네트워크를 선택해야 하나요?"},
}

var answers = map[string][]string{
	"en": {"Hello! I am looking at your account.", "Thank you, one moment please.", "It is on its way now."},
	"zh": {"您好！我正在查看您的账户。", "谢谢，请稍等。", "现在已经在处理了。"},
	"es": {"¡Hola! Estoy mirando su cuenta.", "Gracias, un momento."},
	"ja": {"こんにちは。アカウントを確認しています。", "少々お待ちください。"},
	"ko": {"안녕하세요! 계정을 확인하고 있습니다.", "잠시만 기다려 주세요."},
}

func some(rng *rand.Rand, of map[string][]string, language string) string {
	lines := of[language]
	if len(lines) == 0 {
		lines = of["en"]
	}
	return lines[rng.IntN(len(lines))]
}

// inbox returns a channel of frames and the function that fills it. A person who is too
// slow loses views, of which only the newest matters, and never blocks the reader.
func inbox() (chan protocol.ServerFrame, func(protocol.ServerFrame)) {
	frames := make(chan protocol.ServerFrame, maxFrames)
	return frames, func(f protocol.ServerFrame) {
		select {
		case frames <- f:
		default:
		}
	}
}

// visitors runs one visitor after the other.
func (c *crowd) visitors(ctx context.Context, i int) {
	rng := c.random(1, i)
	for n := 0; c.pause(ctx, rng, away); n++ {
		c.visit(ctx, rng, fmt.Sprintf("traffic-visitor-%d-%d-%d", c.Seed, i, n))
	}
}

// visit joins, waits with some patience, writes, and leaves when the ticket has ended.
func (c *crowd) visit(ctx context.Context, rng *rand.Rand, subject string) {
	wish := c.Wishes[rng.IntN(len(c.Wishes))]
	frames, on := inbox()
	conn := c.connect(ctx, rng, protocol.Visitor, subject, names[rng.IntN(len(names))], []string{wish.Language}, on)
	if conn == nil {
		return
	}
	defer conn.Close()
	ok, err := conn.Join(ctx, wish.Department, wish.Language)
	if err != nil {
		c.failures.Add(1)
		return
	}
	c.joined.Add(1)
	c.say(ctx, conn, ok.Ticket, some(rng, questions, wish.Language))
	tired := time.NewTimer(time.Duration((0.3 + rng.ExpFloat64()) * float64(patience) / c.Pace))
	defer tired.Stop()
	assigned := false
	for {
		select {
		case <-ctx.Done():
			_, _ = conn.Leave(context.WithoutCancel(ctx), ok.Ticket)
			return
		case <-conn.Done():
			c.failures.Add(1)
			return
		case <-tired.C:
			if !assigned {
				_, _ = conn.Leave(ctx, ok.Ticket)
				c.left.Add(1)
				return
			}
		case f := <-frames:
			t, known := f.(protocol.Ticket)
			switch {
			case !known || t.Ticket != ok.Ticket:
			case t.Status == protocol.Assigned && !assigned:
				assigned = true
				c.served.Add(1)
				if c.pause(ctx, rng, reading) {
					c.say(ctx, conn, ok.Ticket, some(rng, questions, wish.Language))
				}
			case t.Status == protocol.Closed || t.Status == protocol.Abandoned:
				return
			}
		}
	}
}

func (c *crowd) say(ctx context.Context, conn *client.Conn, ticket, text string) {
	if _, err := conn.Send(ctx, ticket, uuid.NewString(), text); err == nil {
		c.messages.Add(1)
	}
}

// agent stays available until the context ends, and connects again when cut off.
func (c *crowd) agent(ctx context.Context, i int) {
	rng := c.random(2, i)
	languages := c.spoken(rng, i)
	for ctx.Err() == nil {
		frames, on := inbox()
		conn := c.connect(ctx, rng, protocol.Agent, fmt.Sprintf("traffic-agent-%d", i), names[i%len(names)]+" (demo)", languages, on)
		if conn == nil {
			return
		}
		c.shift(ctx, rng, conn, frames)
		conn.Close()
	}
}

// spoken returns the languages of an agent, so that every language of the wishes has
// an agent; every third agent speaks a second one.
func (c *crowd) spoken(rng *rand.Rand, i int) []string {
	var all []string
	for _, w := range c.Wishes {
		if !slices.Contains(all, w.Language) {
			all = append(all, w.Language)
		}
	}
	mine := []string{all[i%len(all)]}
	if second := all[rng.IntN(len(all))]; i%3 == 2 && second != mine[0] {
		mine = append(mine, second)
	}
	return mine
}

// shift answers offers and conversations until the conn ends.
func (c *crowd) shift(ctx context.Context, rng *rand.Rand, conn *client.Conn, frames <-chan protocol.ServerFrame) {
	if _, err := conn.Status(ctx, protocol.Available); err != nil {
		c.failures.Add(1)
		return
	}
	seen := map[string]bool{} // offers and tickets that are handled already
	for {
		select {
		case <-ctx.Done():
			return
		case <-conn.Done():
			return
		case f := <-frames:
			desk, known := f.(protocol.Desk)
			if !known {
				continue
			}
			now := map[string]bool{}
			for _, o := range desk.Offers {
				if now[o.Offer] = true; !seen[o.Offer] {
					mine := c.random(3, rng.Int())
					go func() {
						if c.pause(ctx, mine, accepting) {
							_, _ = conn.Accept(ctx, o.Offer)
						}
					}()
				}
			}
			for _, t := range desk.Tickets {
				if now[t.Ticket] = true; !seen[t.Ticket] && t.WrapUpUntilMS == 0 && !t.Guest {
					go c.converse(ctx, c.random(4, rng.Int()), conn, t.Ticket, t.Language)
				}
			}
			seen = now
		}
	}
}

// converse answers a few times and closes the ticket.
func (c *crowd) converse(ctx context.Context, rng *rand.Rand, conn *client.Conn, ticket, language string) {
	if _, err := conn.Open(ctx, ticket, 0); err != nil {
		return // the visitor has left meanwhile
	}
	for range 1 + rng.IntN(3) {
		_ = conn.Typing(ctx, ticket, true)
		if !c.pause(ctx, rng, handling/4) {
			return
		}
		c.say(ctx, conn, ticket, some(rng, answers, language))
	}
	if c.pause(ctx, rng, handling/4) {
		_, _ = conn.CloseTicket(ctx, ticket)
	}
}
