// Generated from gateway/protocol by internal/tsgen; go generate ./gateway/protocol writes it anew.
export const SUBPROTOCOL = "nextup.v1";
/** a whole frame, in bytes */
export const MAX_FRAME_BYTES = 65536;
/** objects and arrays inside each other */
export const MAX_NESTING = 16;
/** the text of one message, in bytes of UTF-8 */
export const MAX_TEXT_BYTES = 8192;
/** a request id or a client message id */
export const MAX_ID_BYTES = 64;
/** the topic of a join */
export const MAX_TOPIC_BYTES = 128;
/** languages listed in one join */
export const MAX_LANGUAGES = 8;
/** seconds from the open socket to hello */
export const HELLO_TIMEOUT_SEC = 3;

/** AgentStatus says whether an agent takes tickets. */
export const AGENT_STATUSES = [
  "available",
  "away",
  "offline",
] as const;
export type AgentStatus = (typeof AGENT_STATUSES)[number];

/**
 * Code is a stable name for a refusal. Codes are never renamed; new ones may
 * come, and a client treats one that it does not know as internal.
 */
export const CODES = [
  "bad_frame", // not a JSON object, or no "type"
  "duplicate_key", // a key stands twice
  "too_deep", // nested more than 16 deep
  "unknown_type", // no such frame
  "unknown_field", // no such field; case counts
  "missing_field", // a required field is absent or empty
  "bad_field", // a field has the wrong type or a value out of range
  "hello_first", // anything before hello, or a second hello
  "bad_token", // malformed, bad signature, wrong algorithm, unknown key
  "token_expired", // past its exp
  "wrong_audience", // aud is not nextup
  "wrong_site", // the site is unknown here or not the key's
  "forbidden", // this role or person may not do that
  "unknown_department", // known lists them
  "unknown_language", // known lists the department's
  "unknown_ticket", // no such ticket, or not yours
  "unknown_offer", // it lapsed, was taken back, or is not yours
  "conversation_closed", // the ticket has ended
  "id_reused", // the same message_id with another text
  "queue_full", // the queue's limit is reached
  "rate_limited", // too many frames; retry_after_ms
  "too_many", // a limit on sockets or tickets is reached; retry_after_ms
  "busy", // too much contention, or too many hellos at once; retry_after_ms
  "unavailable", // the log cannot be reached; retry_after_ms
  "internal", // a fault of ours
] as const;
export type Code = (typeof CODES)[number];

/** Role says who holds a token. */
export const ROLES = [
  "visitor",
  "agent",
  "supervisor",
] as const;
export type Role = (typeof ROLES)[number];

/** TicketStatus is where a ticket stands. */
export const TICKET_STATUSES = [
  "waiting",
  "offered",
  "assigned",
  "closed",
  "abandoned",
] as const;
export type TicketStatus = (typeof TICKET_STATUSES)[number];

/** Reason says why a place got worse. */
export const REASONS = [
  "priority_arrival",
  "returned",
  "transfer_in",
  "raised",
] as const;
export type Reason = (typeof REASONS)[number];

/** EndReason says why a ticket ended. */
export const END_REASONS = [
  "agent_closed",
  "visitor_left",
  "visitor_lost",
] as const;
export type EndReason = (typeof END_REASONS)[number];

/** EntryKind tells the entries of a conversation apart. */
export const ENTRY_KINDS = [
  "message", // From, MessageID, Text
  "read", // From has read everything up to UpTo
  "member", // From, an agent, took the ticket
  "closed", // nothing follows
] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

/**
 * CloseCode is the status of a WebSocket close. 4000 to 4499 mean come back
 * (with back-off), 4500 to 4999 mean stay away until something changed.
 */
export const CloseCode = {
  Restart: 1012, // the process leaves: come back at once
  InvalidUTF8: 1007, // a text frame was not UTF-8: stay away
  TooLarge: 1009, // a frame over 64 KiB: stay away
  HelloTimeout: 4000, // no hello within 3 s
  HeartbeatLost: 4001, // two heartbeats missed
  SlowReader: 4002, // the client did not read what it was sent
  Unavailable: 4003, // the gateway cannot serve now
  Unauthorized: 4500, // the hello was refused: see the error frame
  TokenExpired: 4501, // the token ran out unrenewed: get a new one first
  Flood: 4502, // far too many frames
  Protocol: 4503, // a binary frame or another breach of the protocol
} as const;

/** Department describes a department to a client. */
export interface Department {
  id: string;
  /** Name is for people; without it the ID serves. */
  name?: string;
  /** Languages are BCP 47 tags. */
  languages: string[];
}

/** Wait is a promise: a range of seconds, or explicitly unknown. */
export interface Wait {
  known: boolean;
  /**
   * LowS and HighS are the median and the ninetieth percentile of the wait
   * from now, in seconds.
   */
  low_s?: number;
  high_s?: number;
}

/** Person is somebody in a conversation. */
export interface Person {
  role: Role;
  id: string;
  name?: string;
}

/** DeskOffer is a ticket that an agent may take until a deadline. */
export interface DeskOffer extends DeskTicket {
  offer: string;
  deadline_ms: number;
}

/** DeskTicket is a ticket as its agent sees it. */
export interface DeskTicket {
  ticket: string;
  department: string;
  language: string;
  topic?: string;
  visitor: Person;
  /** Tier is the visitor's tier from their token. */
  tier?: string;
  weight: number;
  joined_at_ms: number;
  /** AssignedAtMS is 0 for an offer. */
  assigned_at_ms?: number;
  /** Token is the fencing token of the assignment, 0 for an offer. */
  token?: number;
  /** VisitorLost says that the visitor's conn is gone and may come back. */
  visitor_lost?: boolean;
}

/** Hello is the first frame on a socket and must arrive within 3 seconds. */
export interface HelloFrame {
  type: "hello";
  /** ID is chosen by the client and echoed in the answer; at most 64 bytes. */
  id?: string;
  /** Token is a signed JWT; see the specification for its claims. */
  token: string;
  /**
   * Log is the number of the newest view that the client was shown, 0 for none.
   * No older view follows, and the first one says why a place got worse since.
   */
  log?: number;
}

/**
 * Join puts a visitor in line. Joining again returns the ticket that is already
 * there; with the same ID it is the same join, even if its ticket has ended.
 */
export interface JoinFrame {
  type: "join";
  /** ID is chosen by the client and echoed in the answer; at most 64 bytes. */
  id?: string;
  /** Department is the department's id in the site file. */
  department: string;
  /**
   * Languages lists BCP 47 tags in order of preference; without it the token's
   * languages are used.
   */
  languages?: string[];
  /** Topic is what the visitor says it is about; at most 128 bytes. */
  topic?: string;
}

/** Leave ends a visitor's own ticket, in line or in conversation. */
export interface LeaveFrame {
  type: "leave";
  /** ID is chosen by the client and echoed in the answer; at most 64 bytes. */
  id?: string;
  ticket: string;
}

/** Accept takes an offer: the ticket is the agent's from then on. */
export interface AcceptFrame {
  type: "accept";
  /** ID is chosen by the client and echoed in the answer; at most 64 bytes. */
  id?: string;
  offer: string;
}

/** Decline gives an offer back: the ticket keeps its place in line. */
export interface DeclineFrame {
  type: "decline";
  /** ID is chosen by the client and echoed in the answer; at most 64 bytes. */
  id?: string;
  offer: string;
}

/** Status sets the agent's status. */
export interface StatusFrame {
  type: "status";
  /** ID is chosen by the client and echoed in the answer; at most 64 bytes. */
  id?: string;
  status: AgentStatus;
}

/**
 * Open starts the delivery of a conversation: all entries numbered above After,
 * in order, then every new one as it is written. Opening again moves the start.
 */
export interface OpenFrame {
  type: "open";
  /** ID is chosen by the client and echoed in the answer; at most 64 bytes. */
  id?: string;
  ticket: string;
  /** After is the number of the last entry that the client has; 0 for none. */
  after?: number;
  /**
   * AtMS is that entry's at_ms: with it, a conversation that lost entries and
   * used their numbers again is told by a reset. 0 for unknown.
   */
  at_ms?: number;
}

/**
 * Send appends a message. Repeating it with the same MessageID and text is
 * answered with the first one's number; another text is refused (id_reused).
 */
export interface SendFrame {
  type: "send";
  /** ID is chosen by the client and echoed in the answer; at most 64 bytes. */
  id?: string;
  ticket: string;
  /**
   * MessageID is chosen by the client, unique per sender and conversation; at
   * most 64 bytes.
   */
  message_id: string;
  /** Text is 1 to 8192 bytes of UTF-8. */
  text: string;
}

/**
 * Typing says that somebody began or stopped writing. It is passed on to the
 * other participants, never stored and never answered. From the server it
 * carries From.
 */
export interface TypingFrame {
  type: "typing";
  ticket: string;
  on: boolean;
  /** From is who types; set by the server. */
  from?: Person;
}

/** Read marks every entry up to UpTo as seen. */
export interface ReadFrame {
  type: "read";
  /** ID is chosen by the client and echoed in the answer; at most 64 bytes. */
  id?: string;
  ticket: string;
  up_to: number;
}

/** Close ends a conversation; only its agent may. */
export interface CloseFrame {
  type: "close";
  /** ID is chosen by the client and echoed in the answer; at most 64 bytes. */
  id?: string;
  ticket: string;
}

/**
 * Renew replaces the token of a live socket before it expires. The new token
 * must have the same site, role and subject.
 */
export interface RenewFrame {
  type: "renew";
  /** ID is chosen by the client and echoed in the answer; at most 64 bytes. */
  id?: string;
  token: string;
}

/**
 * Heartbeat says that the sender is there. Clients send one every
 * welcome.heartbeat_s seconds; the server answers it with one that carries the
 * log's time, so that a client can tell how old what it shows is.
 */
export interface HeartbeatFrame {
  type: "heartbeat";
  /** AsOfMS and Log are set by the server. */
  as_of_ms?: number;
  log?: number;
}

/**
 * Welcome answers hello. For a visitor with an open or recently closed ticket a
 * ticket frame follows at once; for an agent a desk frame does.
 */
export interface WelcomeFrame {
  type: "welcome";
  id?: string;
  site: string;
  role: Role;
  /** Subject is the token's sub. */
  subject: string;
  name?: string;
  /**
   * HeartbeatS is how often the client must send a heartbeat, in seconds. Two
   * missed ones and either side takes the conn for lost.
   */
  heartbeat_s: number;
  /** ExpiresAtMS is when the token ends; renew it before. */
  expires_at_ms: number;
  /** NowMS is the log's time. */
  now_ms: number;
  /** Departments are those of the site, for a page that asks where to join. */
  departments: Department[];
}

/** OK answers a request that succeeded. */
export interface OKFrame {
  type: "ok";
  id?: string;
  /**
   * Log is the number of the site's log that holds the effect, 0 where there
   * is none.
   */
  log?: number;
  /** Ticket is the ticket of a join. */
  ticket?: string;
  /** MessageID and Number answer a send: the entry's number in the conversation. */
  message_id?: string;
  number?: number;
  at_ms?: number;
  /** ExpiresAtMS answers a renew. */
  expires_at_ms?: number;
}

/**
 * Error answers a request that was refused, or a frame that could not be read
 * (then ID is empty). The socket stays open unless a close frame follows.
 */
export interface ErrorFrame {
  type: "error";
  id?: string;
  code: Code;
  message: string;
  /** Field names the offending field, where one is. */
  field?: string;
  /** Known lists what would have been accepted (departments, languages). */
  known?: string[];
  /** RetryAfterMS says when to try the same request again, where that helps. */
  retry_after_ms?: number;
}

/** Ticket is the visitor's view: their whole place. */
export interface TicketFrame {
  type: "ticket";
  ticket: string;
  status: TicketStatus;
  department: string;
  language: string;
  joined_at_ms: number;
  /**
   * Position is the 1-based rank in line and Size the number in line; both are
   * set while the ticket is waiting or offered.
   */
  position?: number;
  size?: number;
  /** Wait is set while the ticket is waiting or offered. */
  wait?: Wait;
  /** Reason is set when Position is worse than in the frame before. */
  reason?: Reason;
  /** Agent is set while the ticket is assigned, and after. */
  agent?: Person;
  /** End is set once the ticket is closed or abandoned. */
  end?: EndReason;
  /** AsOfMS is the log's time, and Log the log's number, that this view shows. */
  as_of_ms: number;
  log: number;
}

/** Desk is the agent's view: their status and everything they hold. */
export interface DeskFrame {
  type: "desk";
  status: AgentStatus;
  capacity: number;
  /** Load is the sum of the weights of the tickets held or offered. */
  load: number;
  languages: string[];
  offers: DeskOffer[];
  tickets: DeskTicket[];
  as_of_ms: number;
  log: number;
}

/**
 * Entry is one record of a conversation. Numbers are gap-free and rise by one;
 * a client that has seen n asks for the rest with open and after = n.
 */
export interface EntryFrame {
  type: "entry";
  ticket: string;
  number: number;
  kind: EntryKind;
  at_ms: number;
  from?: Person;
  /** MessageID and Text are a message's. */
  message_id?: string;
  text?: string;
  /** UpTo is a read mark's. */
  up_to?: number;
}

/**
 * Reset says that the log was replaced (records were lost in a failover): the
 * client drops what it knows of the conversation and opens it again from 0, or,
 * without Ticket, of its place; a new view follows.
 */
export interface ResetFrame {
  type: "reset";
  ticket?: string;
}

/**
 * Availability says whether the site's log can be reached. While it cannot, the
 * socket stays open, what was shown last stands still, and requests are refused
 * with unavailable; a view follows when it is back.
 */
export interface AvailabilityFrame {
  type: "availability";
  available: boolean;
  as_of_ms: number;
}

/** What a client may send. */
export type ClientFrame =
  | HelloFrame
  | JoinFrame
  | LeaveFrame
  | AcceptFrame
  | DeclineFrame
  | StatusFrame
  | OpenFrame
  | SendFrame
  | TypingFrame
  | ReadFrame
  | CloseFrame
  | RenewFrame
  | HeartbeatFrame;

/** What the server may send. */
export type ServerFrame =
  | TypingFrame
  | HeartbeatFrame
  | WelcomeFrame
  | OKFrame
  | ErrorFrame
  | TicketFrame
  | DeskFrame
  | EntryFrame
  | ResetFrame
  | AvailabilityFrame;
