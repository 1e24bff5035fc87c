package protocol

// Code is a stable name for a refusal. Codes are never renamed; new ones may
// come, and a client treats one that it does not know as internal.
type Code string

// The codes of error frames.
const (
	// The frame could not be read.
	CodeBadFrame     Code = "bad_frame"     // not a JSON object, or no "type"
	CodeDuplicateKey Code = "duplicate_key" // a key stands twice
	CodeTooDeep      Code = "too_deep"      // nested more than 16 deep
	CodeUnknownType  Code = "unknown_type"  // no such frame
	CodeUnknownField Code = "unknown_field" // no such field; case counts
	CodeMissingField Code = "missing_field" // a required field is absent or empty
	CodeBadField     Code = "bad_field"     // a field has the wrong type or a value out of range

	// Who you are.
	CodeHelloFirst    Code = "hello_first"    // anything before hello, or a second hello
	CodeBadToken      Code = "bad_token"      // malformed, bad signature, wrong algorithm, unknown key
	CodeTokenExpired  Code = "token_expired"  // past its exp
	CodeWrongAudience Code = "wrong_audience" // aud is not nextup
	CodeWrongSite     Code = "wrong_site"     // the site is unknown here or not the key's
	CodeForbidden     Code = "forbidden"      // this role or person may not do that

	// What you asked for.
	CodeUnknownDepartment  Code = "unknown_department"  // known lists them
	CodeUnknownLanguage    Code = "unknown_language"    // known lists the department's
	CodeUnknownTicket      Code = "unknown_ticket"      // no such ticket, or not yours
	CodeUnknownOffer       Code = "unknown_offer"       // it lapsed, was taken back, or is not yours
	CodeConversationClosed Code = "conversation_closed" // the ticket has ended
	CodeIDReused           Code = "id_reused"           // the same message_id with another text
	CodeQueueFull          Code = "queue_full"          // the queue's limit is reached
	CodeUnknownUrgency     Code = "unknown_urgency"     // known lists those that this person may say
	CodeUnknownAgent       Code = "unknown_agent"       // known lists some who are there
	CodeTooHeavy           Code = "too_heavy"           // the topic takes more room than any agent has
	CodeNoRoom             Code = "no_room"             // the agent has no room for it, or may not serve it

	// Not now.
	CodeRateLimited Code = "rate_limited" // too many frames; retry_after_ms
	CodeTooMany     Code = "too_many"     // a limit on sockets or tickets is reached; retry_after_ms
	CodeBusy        Code = "busy"         // too much contention, or too many hellos at once; retry_after_ms
	CodeUnavailable Code = "unavailable"  // the log cannot be reached; retry_after_ms
	CodeInternal    Code = "internal"     // a fault of ours
)

// CloseCode is the status of a WebSocket close. 4000 to 4499 mean come back
// (with back-off), 4500 to 4999 mean stay away until something changed.
type CloseCode int

// The close codes that the server uses.
const (
	CloseRestart     CloseCode = 1012 // the process leaves: come back at once
	CloseBroken      CloseCode = 1002 // a frame that breaks the WebSocket protocol: stay away
	CloseInvalidUTF8 CloseCode = 1007 // a text frame was not UTF-8: stay away
	CloseTooLarge    CloseCode = 1009 // a frame over 64 KiB: stay away

	CloseHelloTimeout  CloseCode = 4000 // no hello within 3 s
	CloseHeartbeatLost CloseCode = 4001 // two heartbeats missed
	CloseSlowReader    CloseCode = 4002 // the client did not read what it was sent
	CloseUnavailable   CloseCode = 4003 // the gateway cannot serve now

	CloseUnauthorized CloseCode = 4500 // the hello was refused: see the error frame
	CloseTokenExpired CloseCode = 4501 // the token ran out unrenewed: get a new one first
	CloseFlood        CloseCode = 4502 // far too many frames
	CloseProtocol     CloseCode = 4503 // a binary frame or another breach of the protocol
)

// ComesBack reports whether a client should reconnect after the code. Codes
// outside 4000–4999 come back, but for 1002, 1007 and 1009.
func (c CloseCode) ComesBack() bool {
	switch {
	case c == CloseBroken || c == CloseInvalidUTF8 || c == CloseTooLarge:
		return false
	default:
		return c < 4500 || c > 4999
	}
}
