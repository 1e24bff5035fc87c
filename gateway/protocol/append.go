package protocol

import (
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// The frames that are sent by the thousand are encoded by hand: a place in line, the
// entries of a conversation, and the answers to heartbeats and requests. Each is byte
// for byte what the ordinary encoder would write, which
// FuzzHandwrittenFramesAreTheOrdinaryOnes checks.

// object appends the fields of one JSON object. Every name begins with the comma
// or brace before it, so a field that is left out leaves nothing.
type object struct {
	buf []byte
	err error // of the first string that is not UTF-8
}

func (o *object) text(name, s string) {
	o.buf = append(o.buf, name...)
	o.buf = o.quoted(s)
}

// textIf, numberIf and yesIf leave a field out that is zero.
func (o *object) textIf(name, s string) {
	if s != "" {
		o.text(name, s)
	}
}

func (o *object) number(name string, n int64) {
	o.buf = strconv.AppendInt(append(o.buf, name...), n, 10)
}

func (o *object) numberIf(name string, n int64) {
	if n != 0 {
		o.number(name, n)
	}
}

func (o *object) count(name string, n uint64) {
	o.buf = strconv.AppendUint(append(o.buf, name...), n, 10)
}

func (o *object) countIf(name string, n uint64) {
	if n != 0 {
		o.count(name, n)
	}
}

func (o *object) yesIf(name string, yes bool) {
	if yes {
		o.buf = append(append(o.buf, name...), "true"...)
	}
}

func (o *object) textsIf(name string, all []string) {
	if all == nil {
		return
	}
	o.buf = append(append(o.buf, name...), '[')
	for i, s := range all {
		if i > 0 {
			o.buf = append(o.buf, ',')
		}
		o.buf = o.quoted(s)
	}
	o.buf = append(o.buf, ']')
}

func (o *object) personIf(name string, p *Person) {
	if p == nil {
		return
	}
	o.buf = append(o.buf, name...)
	o.text(`{"role":`, string(p.Role))
	o.text(`,"id":`, p.ID)
	o.textIf(`,"name":`, p.Name)
	o.buf = append(o.buf, '}')
}

// quoted appends a JSON string. Most are plain ASCII, which needs no escaping.
func (o *object) quoted(s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x80 {
			quoted, err := jsontext.AppendQuote(o.buf, s)
			if err != nil {
				o.err = err
			}
			return quoted
		}
	}
	return append(append(append(o.buf, '"'), s...), '"')
}

func (f *Ticket) append(o *object) {
	o.text(`{"type":"ticket","ticket":`, f.Ticket)
	o.text(`,"status":`, string(f.Status))
	o.text(`,"department":`, f.Department)
	o.text(`,"language":`, f.Language)
	o.number(`,"joined_at_ms":`, f.JoinedAtMS)
	o.numberIf(`,"position":`, int64(f.Position))
	o.numberIf(`,"size":`, int64(f.Size))
	if w := f.Wait; w != nil {
		o.buf = strconv.AppendBool(append(o.buf, `,"wait":{"known":`...), w.Known)
		o.numberIf(`,"low_s":`, int64(w.LowS))
		o.numberIf(`,"high_s":`, int64(w.HighS))
		o.buf = append(o.buf, '}')
	}
	o.textIf(`,"reason":`, string(f.Reason))
	o.textsIf(`,"languages":`, f.Languages)
	o.numberIf(`,"widened":`, int64(f.Widened))
	if h := f.Hold; h != nil {
		o.personIf(`,"hold":{"agent":`, &h.Agent)
		o.number(`,"until_ms":`, h.UntilMS)
		o.buf = append(o.buf, '}')
	}
	o.yesIf(`,"paused":`, f.Paused)
	o.yesIf(`,"unattended":`, f.Unattended)
	o.personIf(`,"agent":`, f.Agent)
	o.yesIf(`,"agent_lost":`, f.AgentLost)
	if r := f.Rating; r != nil {
		o.number(`,"rating":{"score":`, int64(r.Score))
		o.textIf(`,"comment":`, r.Comment)
		o.buf = append(o.buf, '}')
	}
	o.textIf(`,"end":`, string(f.End))
	o.number(`,"as_of_ms":`, f.AsOfMS)
	o.count(`,"log":`, f.Log)
}

func (f *OK) append(o *object) {
	o.buf = append(o.buf, `{"type":"ok"`...)
	o.textIf(`,"id":`, f.ID)
	o.countIf(`,"log":`, f.Log)
	o.textIf(`,"ticket":`, f.Ticket)
	o.textIf(`,"message_id":`, f.MessageID)
	o.countIf(`,"number":`, f.Number)
	o.numberIf(`,"at_ms":`, f.AtMS)
	o.numberIf(`,"expires_at_ms":`, f.ExpiresAtMS)
}

func (f *Entry) append(o *object) {
	o.text(`{"type":"entry","ticket":`, f.Ticket)
	o.count(`,"number":`, f.Number)
	o.text(`,"kind":`, string(f.Kind))
	o.number(`,"at_ms":`, f.AtMS)
	o.personIf(`,"from":`, f.From)
	o.textIf(`,"message_id":`, f.MessageID)
	o.textIf(`,"text":`, f.Text)
	o.countIf(`,"up_to":`, f.UpTo)
}

func (f *Typing) append(o *object) {
	o.text(`{"type":"typing","ticket":`, f.Ticket)
	o.buf = strconv.AppendBool(append(o.buf, `,"on":`...), f.On)
	o.personIf(`,"from":`, f.From)
}

func (f *Heartbeat) append(o *object) {
	o.buf = append(o.buf, `{"type":"heartbeat"`...)
	o.numberIf(`,"as_of_ms":`, f.AsOfMS)
	o.countIf(`,"log":`, f.Log)
}

// end closes the object. On an error it returns dst as it was.
func (o *object) end(dst []byte) ([]byte, error) {
	if o.err != nil {
		return dst, fmt.Errorf("protocol: encode: %w", o.err)
	}
	return append(o.buf, '}'), nil
}
