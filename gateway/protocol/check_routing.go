package protocol

import (
	"fmt"
	"strings"
	"unicode"
)

// This file checks the ranges of the fields of routing frames; check.go has the others.

func (f Rate) check(o frameScan) *Refusal {
	if r := first(requestID(f.ID), id("ticket", f.Ticket)); r != nil {
		return r
	}
	if !o.has("score") {
		return missing("score")
	}
	return first(between("score", int64(f.Score), 1, MaxScore), atMost("comment", f.Comment, MaxCommentBytes))
}

func (f Finish) check(frameScan) *Refusal { return first(requestID(f.ID), id("ticket", f.Ticket)) }

func (f Transfer) check(frameScan) *Refusal {
	if r := first(requestID(f.ID), id("ticket", f.Ticket), atMost("note", f.Note, MaxNoteBytes)); r != nil {
		return r
	}
	to := f.To
	switch {
	case to == TransferTo{}:
		return refuse(CodeMissingField, "to", "Say in to where it goes: an agent, a department, a language or a tier.")
	case to.Agent != "" && subject("to", to.Agent) != nil:
		return subject("to", to.Agent)
	case to.Department != "" && !plainID(to.Department):
		return refuse(CodeBadField, "to", fmt.Sprintf("Give to.department as 1 to %d printable ASCII characters without space.", MaxIDBytes))
	case to.Language != "" && !plausibleTag(to.Language):
		return refuse(CodeBadField, "to", "Give to.language as a BCP 47 tag such as en or zh-CN.")
	case to.Tier < 0 || to.Tier > MaxTier:
		return refuse(CodeBadField, "to", fmt.Sprintf("Give to.tier as 1 to %d.", MaxTier))
	}
	return nil
}

func (f Consult) check(frameScan) *Refusal {
	return first(requestID(f.ID), id("ticket", f.Ticket), subject("agent", f.Agent))
}

func (f Note) check(frameScan) *Refusal { return checkText(f.ID, f.Ticket, f.MessageID, f.Text) }

func (f Whisper) check(frameScan) *Refusal { return checkText(f.ID, f.Ticket, f.MessageID, f.Text) }

// checkText checks the fields of a note or a whisper, which are those of a message.
func checkText(request, ticket, message, text string) *Refusal {
	return first(requestID(request), id("ticket", ticket), id("message_id", message),
		visible("text", text), atMost("text", text, MaxTextBytes))
}

func (f HeadStart) check(o frameScan) *Refusal {
	if r := first(requestID(f.ID), id("ticket", f.Ticket)); r != nil {
		return r
	}
	if !o.has("head_start_s") {
		return missing("head_start_s")
	}
	return first(between("head_start_s", f.HeadStartS, -MaxHeadStartSec, MaxHeadStartSec),
		visible("reason", f.Reason), atMost("reason", f.Reason, MaxReasonBytes))
}

func (f Pause) check(o frameScan) *Refusal {
	if r := first(requestID(f.ID), id("department", f.Department), required("language", f.Language)); r != nil {
		return r
	}
	switch {
	case !plausibleTag(f.Language):
		return refuse(CodeBadField, "language", "Give the language as a BCP 47 tag such as en or zh-CN.")
	case !o.has("paused"):
		return missing("paused")
	}
	return atMost("reason", f.Reason, MaxReasonBytes)
}

func between(field string, value, least, most int64) *Refusal {
	if value < least || value > most {
		return refuse(CodeBadField, field, fmt.Sprintf("Give %s as a whole number from %d to %d.", field, least, most))
	}
	return nil
}

// subject checks the sub of a token, which is no plain id.
func subject(field, value string) *Refusal {
	if value == "" {
		return missing(field)
	}
	if len(value) > MaxSubjectBytes || strings.ContainsFunc(value, unicode.IsControl) {
		return refuse(CodeBadField, field, fmt.Sprintf("Name the agent by the sub of their token: 1 to %d bytes without control characters.", MaxSubjectBytes))
	}
	return nil
}
