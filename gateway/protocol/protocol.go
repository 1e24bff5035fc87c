// Package protocol is the wire between Nextup and its clients: the frames, the
// error codes and the close codes of the WebSocket subprotocol nextup.v1.
//
// SPEC.md beside this file is the contract for people; this package is the same
// contract for the compiler, and the TypeScript types are generated from it.
// Frames are JSON text messages, one frame a message, told apart by "type".
// Field names are snake_case; every time is a Unix time in milliseconds of the
// site's log, never of a gateway's own clock.
//
//	req, err := protocol.Decode(data)             // the server reads a frame; err is a *Refusal
//	data, err := protocol.Encode(protocol.OK{ID: req.RequestID()})
//	frame, err := protocol.DecodeServer(data)     // a client reads it
//
// Three frames are views: Ticket shows a visitor their whole place, Desk shows an
// agent everything they hold, Board shows a supervisor the whole site. A view is
// always complete, so the first frame, an update and the answer to a reconnect cannot
// disagree.
package protocol

// Subprotocol is what client and server agree on during the WebSocket handshake.
const Subprotocol = "nextup.v1"

// ConnHeader is the header of HTTP that names the conn of a frame that is posted, where
// there is no socket.
const ConnHeader = "Nextup-Conn"

// PollHeader is the header of HTTP by which a client asks for the events of a conn in answers
// that end: its value is how many have come.
const PollHeader = "Nextup-Poll"

// Limits of the wire. A frame past MaxFrameBytes closes the socket (1009);
// everything else is answered with an error frame.
const (
	MaxFrameBytes   = 64 << 10 // a whole frame, in bytes
	MaxHelloBytes   = 9 << 10  // a frame before welcome: a token of at most 8 KiB, and what is around it
	MaxNesting      = 16       // objects and arrays inside each other
	MaxTextBytes    = 8 << 10  // the text of one message, in bytes of UTF-8
	MaxIDBytes      = 64       // a request id or a client message id
	MaxTopicBytes   = 128      // the topic of a join
	MaxLanguages    = 8        // languages listed in one join
	HelloTimeoutSec = 3        // seconds from the open socket to hello
	MaxUrgencyBytes = 64       // the urgency of a join
	MaxSubjectBytes = 128      // the sub of an agent who is named
	MaxNoteBytes    = 2 << 10  // the note of a transfer
	MaxCommentBytes = 2 << 10  // the comment of a rating
	MaxReasonBytes  = 128      // the reason that a supervisor gives
	MaxScore        = 5        // the best rating; the worst is 1
	MaxTier         = 3        // the highest tier of agents; the lowest is 1
	MaxHeadStartSec = 86_400   // a head start, either way
	MaxGuests       = 3        // agents invited into one conversation
	MaxClosingSec   = 30       // seconds for which a conversation may be closing

	// What a board shows at most.
	MaxBoardQueues  = 200
	MaxBoardAgents  = 500
	MaxBoardTickets = 2000
)

// Role is the role of a token's holder.
type Role string

// The roles of a token.
const (
	Visitor    Role = "visitor"
	Agent      Role = "agent"
	Supervisor Role = "supervisor"
)

// Roles lists every role, in the order of the specification.
func Roles() []Role { return []Role{Visitor, Agent, Supervisor} }

// Type names a frame.
type Type string

// Frames that a client sends.
const (
	TypeHello   Type = "hello"
	TypeJoin    Type = "join"
	TypeLeave   Type = "leave"
	TypeAccept  Type = "accept"
	TypeDecline Type = "decline"
	TypeStatus  Type = "status"
	TypeOpen    Type = "open"
	TypeSend    Type = "send"
	TypeTyping  Type = "typing" // both ways
	TypeRead    Type = "read"
	TypeClose   Type = "close"
	// TypeCancelClose takes back a close that has not ended the conversation yet.
	TypeCancelClose Type = "cancel_close"
	TypeRenew       Type = "renew"
	TypeHeartbeat   Type = "heartbeat" // both ways
	TypeRate        Type = "rate"
	TypeFinish      Type = "finish"
	TypeTransfer    Type = "transfer"
	TypeConsult     Type = "consult"
	TypeNote        Type = "note"
	TypeWhisper     Type = "whisper"
	TypeHeadStart   Type = "head_start"
	TypePause       Type = "pause"
)

// Frames that only the server sends.
const (
	TypeWelcome Type = "welcome"
	TypeOK      Type = "ok"
	TypeError   Type = "error"
	TypeTicket  Type = "ticket"
	TypeDesk    Type = "desk"
	TypeEntry   Type = "entry"
	TypeReset   Type = "reset"
	// TypeAvailability comes when the site's log goes away or comes back.
	TypeAvailability Type = "availability"
	// TypeBoard shows a supervisor the whole site.
	TypeBoard Type = "board"
)
