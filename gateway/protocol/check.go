package protocol

import "fmt"

// This file checks the ranges of the requests' fields. What depends on the site (is
// there such a department, may this person do that) is checked by the gateway.

func (f Hello) check(o frameScan) *Refusal {
	return first(requestID(f.ID), required("token", f.Token+o.token))
}

func (f Join) check(frameScan) *Refusal {
	return first(requestID(f.ID), id("department", f.Department), languages(f.Languages),
		atMost("topic", f.Topic, MaxTopicBytes), atMost("urgency", f.Urgency, MaxUrgencyBytes))
}

func (f Leave) check(frameScan) *Refusal { return first(requestID(f.ID), id("ticket", f.Ticket)) }

func (f Accept) check(frameScan) *Refusal { return first(requestID(f.ID), id("offer", f.Offer)) }

func (f Decline) check(frameScan) *Refusal { return first(requestID(f.ID), id("offer", f.Offer)) }

func (f Status) check(frameScan) *Refusal {
	if r := first(requestID(f.ID), required("status", string(f.Status))); r != nil {
		return r
	}
	switch f.Status {
	case Available, Away, Offline:
		return nil
	default:
		return refuse(CodeBadField, "status", "Give status as available, away or offline.")
	}
}

func (f Open) check(frameScan) *Refusal {
	return first(requestID(f.ID), id("ticket", f.Ticket), between("at_ms", f.AtMS, 0, 1<<53-1))
}

func (f Send) check(frameScan) *Refusal {
	return first(requestID(f.ID), id("ticket", f.Ticket), id("message_id", f.MessageID),
		visible("text", f.Text), atMost("text", f.Text, MaxTextBytes))
}

func (f Typing) check(o frameScan) *Refusal {
	switch {
	case o.has("from"):
		return refuse(CodeUnknownField, "from", "Leave from out: the server says who types.")
	case !o.has("on"):
		return missing("on")
	}
	return id("ticket", f.Ticket)
}

func (f Read) check(frameScan) *Refusal {
	if r := first(requestID(f.ID), id("ticket", f.Ticket)); r != nil {
		return r
	}
	if f.UpTo == 0 {
		return missing("up_to")
	}
	return nil
}

func (f Close) check(o frameScan) *Refusal {
	if r := first(requestID(f.ID), id("ticket", f.Ticket)); r != nil || !o.has("after_s") {
		return r
	}
	return between("after_s", int64(f.AfterS), 1, MaxClosingSec)
}

func (f CancelClose) check(frameScan) *Refusal {
	return first(requestID(f.ID), id("ticket", f.Ticket))
}

func (f Renew) check(frameScan) *Refusal { return first(requestID(f.ID), required("token", f.Token)) }

func (f Heartbeat) check(o frameScan) *Refusal {
	for _, key := range []string{"as_of_ms", "log"} {
		if o.has(key) {
			return refuse(CodeUnknownField, key, "Send a heartbeat with its type alone: the server adds the time.")
		}
	}
	return nil
}

// first returns the first refusal.
func first(refusals ...*Refusal) *Refusal {
	for _, r := range refusals {
		if r != nil {
			return r
		}
	}
	return nil
}

func missing(field string) *Refusal {
	return refuse(CodeMissingField, field, "Add the field "+field+" and do not leave it empty.")
}

func required(field, value string) *Refusal {
	if value == "" {
		return missing(field)
	}
	return nil
}

func atMost(field, value string, limit int) *Refusal {
	if len(value) > limit {
		return refuse(CodeBadField, field, fmt.Sprintf("Shorten %s to at most %d bytes of UTF-8.", field, limit))
	}
	return nil
}

// id checks a required identifier.
func id(field, value string) *Refusal {
	if value == "" {
		return missing(field)
	}
	if !plainID(value) {
		return refuse(CodeBadField, field, fmt.Sprintf("Give %s as 1 to %d printable ASCII characters without space.", field, MaxIDBytes))
	}
	return nil
}

// requestID checks a request's own id, which may be absent.
func requestID(value string) *Refusal {
	if value == "" {
		return nil
	}
	return id("id", value)
}

// plainID keeps identifiers free of what could forge a log line or a key.
func plainID(value string) bool {
	for i := range len(value) {
		if value[i] <= ' ' || value[i] > '~' {
			return false
		}
	}
	return value != "" && len(value) <= MaxIDBytes
}

func languages(tags []string) *Refusal {
	if len(tags) > MaxLanguages {
		return refuse(CodeBadField, "languages", fmt.Sprintf("List at most %d languages.", MaxLanguages))
	}
	for _, tag := range tags {
		if !plausibleTag(tag) {
			return refuse(CodeBadField, "languages", "Give each language as a BCP 47 tag such as en or zh-CN.")
		}
	}
	return nil
}

// plausibleTag accepts the shape of BCP 47: subtags of 1 to 8 letters and
// digits with hyphens between, the first of 2 or more letters, 35 bytes in all
// (RFC 5646, section 4.4.1). The site decides whether it has the language.
func plausibleTag(tag string) bool {
	start, letters := 0, true
	for i := 0; i <= len(tag); i++ {
		if i == len(tag) || tag[i] == '-' {
			n := i - start
			if n < 1 || n > 8 || (start == 0 && (n < 2 || !letters)) {
				return false
			}
			start = i + 1
			continue
		}
		c := tag[i] | 0x20
		switch {
		case c >= 'a' && c <= 'z':
		case tag[i] >= '0' && tag[i] <= '9':
			letters = false
		default:
			return false
		}
	}
	return len(tag) <= 35
}
