package tracing

import "strconv"

// The parts of OTLP's JSON that are sent: 64-bit numbers are text, ids are hexadecimal.
type (
	span struct {
		TraceID      string      `json:"traceId"`
		SpanID       string      `json:"spanId"`
		ParentSpanID string      `json:"parentSpanId,omitzero"`
		Name         string      `json:"name"`
		Kind         int         `json:"kind"`
		Start        string      `json:"startTimeUnixNano"`
		End          string      `json:"endTimeUnixNano"`
		Attributes   []attribute `json:"attributes"`
		Status       *status     `json:"status,omitzero"`
	}
	attribute struct {
		Key   string `json:"key"`
		Value value  `json:"value"`
	}
	value struct {
		Text   string `json:"stringValue,omitzero"`
		Number string `json:"intValue,omitzero"`
	}
	status struct {
		Code    int    `json:"code"`
		Message string `json:"message,omitzero"`
	}
	export struct {
		ResourceSpans []resourceSpans `json:"resourceSpans"`
	}
	resourceSpans struct {
		Resource   resource     `json:"resource"`
		ScopeSpans []scopeSpans `json:"scopeSpans"`
	}
	resource struct {
		Attributes []attribute `json:"attributes"`
	}
	scopeSpans struct {
		Scope scope  `json:"scope"`
		Spans []span `json:"spans"`
	}
	scope struct {
		Name string `json:"name"`
	}
)

// Kinds of span, and the status of one that failed.
const (
	kindServer   = 2
	kindConsumer = 5
	statusError  = 2
)

// add adds an attribute, if it has a value.
func (s *span) add(key, text string) {
	if text != "" {
		s.Attributes = append(s.Attributes, attribute{key, value{Text: text}})
	}
}

func (s *span) number(key string, n uint64) {
	if n != 0 {
		s.Attributes = append(s.Attributes, attribute{key, value{Number: strconv.FormatUint(n, 10)}})
	}
}

// request is the body that carries the spans.
func request(version string, spans []span) export {
	about := []attribute{{"service.name", value{Text: "nextup"}}, {"service.version", value{Text: version}}}
	return export{[]resourceSpans{{resource{about}, []scopeSpans{{scope{"nextup"}, spans}}}}}
}
