// Package tracing sends the ways of tickets to a collector, as OpenTelemetry has them: OTLP
// over HTTP, in JSON.
//
//	e, err := tracing.New(tracing.Options{Endpoint: "http://collector:4318", Share: 0.01, Log: log})
//	defer e.Close()
//	application, err := app.New(app.Options{Tracer: e, …})
//
// A trace is the way of one ticket, and its id is the ticket's without the hyphens. So every
// gateway finds it, and whether the ticket is one of the share that is followed, without
// being told by another one: nothing is added to a record or a frame. The command that
// joined is the root. Commands last from when they were asked for until they were answered;
// a step lasts from its stamp in the log until a gateway has replayed it, and an entry of the
// conversation until a gateway has handed it to those who follow it there.
//
// Neither names nor ids of people are sent, nor what they write.
package tracing

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"nextup/app"
	"nextup/internal/lograte"
	"nextup/internal/outbound"
)

// Options are what an Exporter is made of.
type Options struct {
	// Endpoint is the collector's address, to which /v1/traces is added.
	Endpoint string
	// Share of the tickets is followed, from 0 to 1.
	Share float64
	// Version is the gateway's.
	Version string
	Log     *slog.Logger
}

const (
	// maxWaiting bounds the spans that are not sent; more are left out.
	maxWaiting = 8192
	batchSize  = 512
	batchPause = time.Second
	sendTime   = 5 * time.Second
	maxAnswer  = 64 << 10
)

// Exporter sends spans; it implements app.Tracer.
type Exporter struct {
	options Options
	target  string
	client  *outbound.Client
	spans   chan span
	stop    context.CancelFunc
	done    chan struct{}

	// Each has its own, so that one does not hide the reason of the other.
	leftOut, unsent lograte.Warning
}

// New returns an Exporter that sends until Close.
func New(o Options) (*Exporter, error) {
	u, err := url.Parse(o.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%q: want the address of a collector, such as http://127.0.0.1:4318", o.Endpoint)
	}
	if o.Share < 0 || o.Share > 1 {
		return nil, fmt.Errorf("%g: want a share from 0 to 1", o.Share)
	}
	ctx, stop := context.WithCancel(context.Background())
	e := &Exporter{
		stop: stop, options: o, target: strings.TrimSuffix(o.Endpoint, "/") + "/v1/traces", spans: make(chan span, maxWaiting), done: make(chan struct{}),
		// The operator's own collector may be anywhere.
		client: outbound.New(outbound.Policy{
			Allow:   []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")},
			Timeout: sendTime, MaxBytes: maxAnswer,
		}),
	}
	go e.run(ctx)
	return e, nil
}

// Close sends what waits, for some seconds at most.
func (e *Exporter) Close() {
	e.stop()
	<-e.done
	e.client.Close()
}

// Follows implements app.Tracer.
func (e *Exporter) Follows(ticket string) bool {
	if ticket == "" {
		return false
	}
	sum := sha256.Sum256([]byte(ticket))
	return float64(binary.BigEndian.Uint64(sum[:8])) < e.options.Share*math.MaxUint64
}

// Command implements app.Tracer.
func (e *Exporter) Command(c app.CommandTrace) {
	s := newSpan(c.Ticket, c.Command, c.Start, c.Start.Add(c.Took))
	s.Kind = kindServer
	if c.Command == "Join" && c.Err == nil {
		s.SpanID, s.ParentSpanID = s.ParentSpanID, ""
	}
	if c.Err != nil {
		s.Status = &status{Code: statusError, Message: c.Err.Error()}
	}
	s.add("nextup.site", c.Site)
	s.add("nextup.node", c.Node)
	s.add("nextup.role", string(c.Role))
	s.number("nextup.conn", c.Conn)
	s.number("nextup.log", c.Log)
	s.number("nextup.entry", c.Entry)
	e.send(s)
}

// Step implements app.Tracer.
func (e *Exporter) Step(t app.StepTrace) {
	s := newSpan(t.Ticket, "replay "+string(t.Cause), t.At, t.Replayed)
	s.Kind = kindConsumer
	s.add("nextup.site", t.Site)
	s.add("nextup.node", t.Node)
	s.add("nextup.before", string(t.Before))
	s.add("nextup.after", string(t.After))
	s.number("nextup.log", t.Number)
	e.send(s)
}

// Entry implements app.Tracer.
func (e *Exporter) Entry(t app.EntryTrace) {
	s := newSpan(t.Ticket, "deliver "+string(t.Kind), t.At, t.Delivered)
	s.Kind = kindConsumer
	s.add("nextup.site", t.Site)
	s.add("nextup.node", t.Node)
	s.number("nextup.entry", t.Number)
	e.send(s)
}

// send never blocks: what does not fit is left out.
func (e *Exporter) send(s span) {
	select {
	case e.spans <- s:
	default:
		e.leftOut.Log(e.options.Log, "spans are left out: the collector is too slow")
	}
}

// run sends batches until Close.
func (e *Exporter) run(ctx context.Context) {
	defer close(e.done)
	tick := time.NewTicker(batchPause)
	defer tick.Stop()
	var batch []span
	flush := func() {
		if len(batch) > 0 {
			if err := e.post(batch); err != nil {
				e.unsent.Log(e.options.Log, "spans could not be sent", "err", err)
			}
			batch = nil
		}
	}
	for {
		select {
		case s := <-e.spans:
			if batch = append(batch, s); len(batch) >= batchSize {
				flush()
			}
		case <-tick.C:
			flush()
		case <-ctx.Done():
			for len(e.spans) > 0 {
				batch = append(batch, <-e.spans)
			}
			flush()
			return
		}
	}
}

func (e *Exporter) post(batch []span) error {
	body, err := json.Marshal(request(e.options.Version, batch))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), sendTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, e.target, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	res, err := e.client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, res.Body) // so that the connection is used again
	if res.StatusCode/100 != 2 {
		return fmt.Errorf("the collector answers %s", res.Status)
	}
	return nil
}

// TraceID implements app.Tracer: it is the ticket's id where that is a UUID.
func (e *Exporter) TraceID(ticket string) string { return traceID(ticket) }

func traceID(ticket string) string {
	id := strings.ReplaceAll(ticket, "-", "")
	if raw, err := hex.DecodeString(id); err == nil && len(raw) == 16 {
		return id
	}
	sum := sha256.Sum256([]byte(ticket))
	return hex.EncodeToString(sum[:16])
}

// rootID is the id of the span of the join.
func rootID(ticket string) string {
	sum := sha256.Sum256([]byte("root " + ticket))
	return hex.EncodeToString(sum[:8])
}

func newSpan(ticket, name string, start, end time.Time) span {
	if end.Before(start) { // the log's clock is another one
		end = start
	}
	var id [8]byte
	_, _ = rand.Read(id[:]) // it never fails
	s := span{
		TraceID: traceID(ticket), SpanID: hex.EncodeToString(id[:]), ParentSpanID: rootID(ticket), Name: name,
		Start: strconv.FormatInt(start.UnixNano(), 10), End: strconv.FormatInt(end.UnixNano(), 10),
	}
	s.add("nextup.ticket", ticket)
	return s
}
