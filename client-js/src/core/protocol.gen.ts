// Generated from gateway/protocol by internal/tsgen; go generate ./gateway/protocol writes it anew.
export const SUBPROTOCOL = "nextup.v1";
export const CONN_HEADER = "Nextup-Conn";
export const POLL_HEADER = "Nextup-Poll";
/** a whole frame, in bytes */
export const MAX_FRAME_BYTES = 65536;
/** a frame before welcome: a token of at most 8 KiB, and what is around it */
export const MAX_HELLO_BYTES = 9216;
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
/** the urgency of a join */
export const MAX_URGENCY_BYTES = 64;
/** the sub of an agent who is named */
export const MAX_SUBJECT_BYTES = 128;
/** the note of a transfer */
export const MAX_NOTE_BYTES = 2048;
/** the comment of a rating */
export const MAX_COMMENT_BYTES = 2048;
/** the reason that a supervisor gives */
export const MAX_REASON_BYTES = 128;
/** the best rating; the worst is 1 */
export const MAX_SCORE = 5;
/** the highest tier of agents; the lowest is 1 */
export const MAX_TIER = 3;
/** a head start, either way */
export const MAX_HEAD_START_SEC = 86400;
/** agents invited into one conversation */
export const MAX_GUESTS = 3;
/** seconds for which a conversation may be closing */
export const MAX_CLOSING_SEC = 30;
/** What a board shows at most. */
export const MAX_BOARD_QUEUES = 200;
export const MAX_BOARD_AGENTS = 500;
export const MAX_BOARD_TICKETS = 2000;

/** AgentStatus is whether an agent takes tickets. */
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
  "unknown_urgency", // known lists those that this person may say
  "unknown_agent", // known lists some who are there
  "too_heavy", // the topic takes more room than any agent has
  "no_room", // the agent has no room for it, or may not serve it
  "rate_limited", // too many frames; retry_after_ms
  "too_many", // a limit on sockets or tickets is reached; retry_after_ms
  "busy", // too much contention, or too many hellos at once; retry_after_ms
  "unavailable", // the log cannot be reached; retry_after_ms
  "internal", // a fault of ours
] as const;
export type Code = (typeof CODES)[number];

/** Role is the role of a token's holder. */
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

/** Reason is why a place got worse. */
export const REASONS = [
  "priority_arrival",
  "returned",
  "transfer_in",
  "raised",
  "lowered",
  "agent_lost", // one's own agent was lost
] as const;
export type Reason = (typeof REASONS)[number];

/** EndReason is why a ticket ended. */
export const END_REASONS = [
  "agent_closed",
  "visitor_left",
  "visitor_lost",
] as const;
export type EndReason = (typeof END_REASONS)[number];

/** AwayReason is why an agent was set away. */
export const AWAY_REASONS = [
  "lapsed",
] as const;
export type AwayReason = (typeof AWAY_REASONS)[number];

/** EntryKind tells the entries of a conversation apart. */
export const ENTRY_KINDS = [
  "message", // From, MessageID, Text
  "read", // From has read everything up to UpTo
  "member", // From, an agent or supervisor, has come into the conversation
  "closed", // nothing follows
  "note", // From, MessageID, Text; for agents and supervisors alone
  "whisper", // From, a supervisor, MessageID, Text; for agents and supervisors alone
  "hidden", // an entry that this person may not read
  "agent_lost", // EntryAgentLost: From, the agent, was lost for good and the ticket waits again.
] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

export const CLOSE_RESTART = 1012; // the process leaves: come back at once
export const CLOSE_BROKEN = 1002; // a frame that breaks the WebSocket protocol: stay away
export const CLOSE_INVALID_UTF8 = 1007; // a text frame was not UTF-8: stay away
export const CLOSE_TOO_LARGE = 1009; // a frame over 64 KiB: stay away
export const CLOSE_HELLO_TIMEOUT = 4000; // no hello within 3 s
export const CLOSE_HEARTBEAT_LOST = 4001; // two heartbeats missed
export const CLOSE_SLOW_READER = 4002; // the client did not read what it was sent
export const CLOSE_UNAVAILABLE = 4003; // the gateway cannot serve now
export const CLOSE_UNAUTHORIZED = 4500; // the hello was refused: see the error frame
export const CLOSE_TOKEN_EXPIRED = 4501; // the token ran out unrenewed: get a new one first
export const CLOSE_FLOOD = 4502; // far too many frames
export const CLOSE_PROTOCOL = 4503; // a binary frame or another breach of the protocol

/**
 * CloseCode is the status of a WebSocket close. 4000 to 4499 mean come back
 * (with back-off), 4500 to 4999 mean stay away until something changed.
 */
export const CloseCode = {
  Restart: CLOSE_RESTART,
  Broken: CLOSE_BROKEN,
  InvalidUTF8: CLOSE_INVALID_UTF8,
  TooLarge: CLOSE_TOO_LARGE,
  HelloTimeout: CLOSE_HELLO_TIMEOUT,
  HeartbeatLost: CLOSE_HEARTBEAT_LOST,
  SlowReader: CLOSE_SLOW_READER,
  Unavailable: CLOSE_UNAVAILABLE,
  Unauthorized: CLOSE_UNAUTHORIZED,
  TokenExpired: CLOSE_TOKEN_EXPIRED,
  Flood: CLOSE_FLOOD,
  Protocol: CLOSE_PROTOCOL,
} as const;

/** BoardQueue is one line. */
export interface BoardQueue {
  /** Queue is "department/language". */
  queue: string;
  department: string;
  language: string;
  size: number;
  /**
   * OldestAtMS is when the visitor who waits longest joined; 0 for an empty line.
   * Oldest is that visitor's ticket; absent for an empty line.
   */
  oldest_at_ms?: number;
  oldest?: BoardTicket;
  /** Wait is for a visitor who joins now. */
  wait: Wait;
  paused?: boolean;
  /** Unattended is true while no agent who serves the queue is available. */
  unattended?: boolean;
  /**
   * Withdrawn is true if the site file no longer has the queue. It is shown until the
   * last ticket has left it.
   */
  withdrawn?: boolean;
  /** AgentsWithRoom would be offered a ticket now. */
  agents_with_room: number;
  /**
   * Truth is how true the shown waits were, newer ones counting more; absent where
   * none was judged.
   */
  truth?: BoardTruth;
}

/**
 * BoardTruth counts waits that ended with an agent: those judged, and those of
 * them inside the interval that was to hold four in five.
 */
export interface BoardTruth {
  judged: number;
  inside: number;
  /**
   * Bands are the same by the position at the join, in order; those without a judged
   * wait are left out.
   */
  bands?: BoardTruthBand[];
}

/**
 * BoardTruthBand counts the waits of those who joined at positions From to To; To is
 * absent for all from From on. Over are those above the upper end that was shown.
 */
export interface BoardTruthBand {
  from: number;
  to?: number;
  judged: number;
  inside: number;
  over?: number;
}

/**
 * BoardToday is the last 24 hours in quarters of an hour: a client sums up the day of
 * its own time zone.
 */
export interface BoardToday {
  /** TargetS is how soon an agent should answer, in seconds. */
  target_s: number;
  /** BucketS is how long a bucket is, in seconds. */
  bucket_s: number;
  /** Buckets are those in which anything happened, the oldest first; at most 97. */
  buckets: BoardBucket[];
}

/**
 * BoardBucket counts what happened from AtMS on. Times are sums in seconds, for
 * means over any number of buckets.
 */
export interface BoardBucket {
  at_ms: number;
  joined?: number;
  /**
   * Answered are the visitors taken by an agent for the first time, InTarget those of
   * them who had waited no longer than the target, WaitedS the sum of their waits.
   */
  answered?: number;
  in_target?: number;
  waited_s?: number;
  /** Abandoned are the visitors who left or were lost before any agent took them. */
  abandoned?: number;
  /**
   * Handled are the conversations that ended, HandledS their length, Solved those
   * of them that their first agent ended and whose visitor has not come back.
   */
  handled?: number;
  handled_s?: number;
  solved?: number;
  /** Rated are the ratings given, Score their sum. */
  rated?: number;
  score?: number;
}

/** BoardAgent is one agent who is not offline, or holds something. */
export interface BoardAgent {
  id: string;
  name?: string;
  status: AgentStatus;
  languages: string[];
  departments: string[];
  skills?: string[];
  tier: number;
  capacity: number;
  load: number;
  /** Lost is true while the agent's conn is gone and may come back. */
  lost?: boolean;
  /** Tickets are those held, offered or wrapped up. */
  tickets?: BoardTicket[];
}

/** BoardTicket is one ticket of an agent, or the one that waits longest in a queue. */
export interface BoardTicket {
  ticket: string;
  visitor: Person;
  status: TicketStatus;
  department: string;
  language: string;
  joined_at_ms: number;
  assigned_at_ms?: number;
}

/**
 * TransferTo is the agent or the place that a ticket goes to; at least one field is
 * set.
 */
export interface TransferTo {
  /** Agent is the sub of an agent. */
  agent?: string;
  department?: string;
  language?: string;
  /** Tier is 1 to 3. */
  tier?: number;
}

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
  /** One in four is served within LowS seconds from now, nine in ten within HighS. */
  low_s?: number;
  high_s?: number;
}

/**
 * Hold is the agent that a ticket waits for, and until when: then any agent who may
 * serve it does.
 */
export interface Hold {
  agent: Person;
  until_ms: number;
}

/** Rating is a visitor's rating of a conversation. */
export interface Rating {
  /** Score is 1 (worst) to 5 (best). */
  score: number;
  comment?: string;
}

/** Person is a participant of a conversation. */
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
  /** VisitorTier is the tier claim of the visitor's token. */
  visitor_tier?: string;
  urgency?: string;
  /** HeadStartS is the ticket's head start in seconds; it may be negative. */
  head_start_s?: number;
  /**
   * Tier and Skills are required of the agent, Wishes are preferred, Languages are
   * those in which it may be served.
   */
  tier?: number;
  skills?: string[];
  wishes?: string[];
  languages?: string[];
  weight: number;
  joined_at_ms: number;
  /** AssignedAtMS is 0 for an offer. */
  assigned_at_ms?: number;
  /** Token is the fencing token of the assignment, 0 for an offer. */
  token?: number;
  /** VisitorLost is true while the visitor's conn is gone and may come back. */
  visitor_lost?: boolean;
  /** TransferredBy is the person who passed it on, if one has. */
  transferred_by?: Person;
  /** WrapUpUntilMS is set for a closed ticket that still takes its place. */
  wrap_up_until_ms?: number;
  /** ClosingUntilMS is set while the ticket is closing: then it ends. */
  closing_until_ms?: number;
  /**
   * Guest is true if this agent was invited into it and Owner holds it; Guests are all
   * who were invited.
   */
  guest?: boolean;
  owner?: Person;
  /** AgentLost is true while the owner's conn is gone and may come back. */
  agent_lost?: boolean;
  guests?: Person[];
  /** Rating is the visitor's, once given. */
  rating?: Rating;
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
  /** Urgency is one of the site's urgencies that visitors may choose. */
  urgency?: string;
  /**
   * LanguageRequired is true if only the listed languages will do, however long it
   * takes.
   */
  language_required?: boolean;
}

/**
 * Leave ends a visitor's own ticket, in line or in conversation; of an agent who
 * was invited by a consult, it ends their part in the conversation.
 */
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
 * Typing tells that a participant began or stopped writing. It is passed on to the
 * other participants, never stored and never answered. From the server it carries
 * From.
 */
export interface TypingFrame {
  type: "typing";
  ticket: string;
  on: boolean;
  /** From is the participant who types; the server sets it. */
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
  /**
   * AfterS is the number of seconds until it ends, 1 to 30: until then it is closing,
   * and CancelClose takes that back. Without it, it ends at once, closing or not.
   */
  after_s?: number;
}

/** CancelClose takes back that a conversation is closing. */
export interface CancelCloseFrame {
  type: "cancel_close";
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
 * Heartbeat tells that the sender is there. Clients send one every
 * welcome.heartbeat_s seconds; the server answers it with one that carries the
 * log's time, so that a client can tell how old what it shows is.
 */
export interface HeartbeatFrame {
  type: "heartbeat";
  /** AsOfMS and Log are set by the server. */
  as_of_ms?: number;
  log?: number;
}

/** Rate is a visitor's rating of the conversation; a second one replaces the first. */
export interface RateFrame {
  type: "rate";
  /** ID is chosen by the client and echoed in the answer; at most 64 bytes. */
  id?: string;
  ticket: string;
  /** Score is 1 (worst) to 5 (best). */
  score: number;
  /** Comment is at most 2048 bytes. */
  comment?: string;
}

/** Finish ends the wrap-up of a closed ticket: its place is free again. */
export interface FinishFrame {
  type: "finish";
  /** ID is chosen by the client and echoed in the answer; at most 64 bytes. */
  id?: string;
  ticket: string;
}

/**
 * Transfer passes a ticket on. An agent may pass on a ticket that they hold, a
 * supervisor any. The conversation and the time of the join stay.
 */
export interface TransferFrame {
  type: "transfer";
  /** ID is chosen by the client and echoed in the answer; at most 64 bytes. */
  id?: string;
  ticket: string;
  to: TransferTo;
  /** Note is for the agent who takes it, at most 2048 bytes; visitors do not see it. */
  note?: string;
}

/** Consult invites a second agent into a conversation; at most 3 at a time. */
export interface ConsultFrame {
  type: "consult";
  /** ID is chosen by the client and echoed in the answer; at most 64 bytes. */
  id?: string;
  ticket: string;
  /** Agent is the sub of the agent. */
  agent: string;
}

/** Note appends an entry that agents and supervisors read, and visitors do not. */
export interface NoteFrame {
  type: "note";
  /** ID is chosen by the client and echoed in the answer; at most 64 bytes. */
  id?: string;
  ticket: string;
  /** MessageID and Text are as those of a message. */
  message_id: string;
  text: string;
}

/**
 * Whisper is a supervisor's message to the agents of a conversation; the visitor does
 * not see it.
 */
export interface WhisperFrame {
  type: "whisper";
  /** ID is chosen by the client and echoed in the answer; at most 64 bytes. */
  id?: string;
  ticket: string;
  /** MessageID and Text are as those of a message. */
  message_id: string;
  text: string;
}

/** HeadStart sets a waiting ticket's head start. */
export interface HeadStartFrame {
  type: "head_start";
  /** ID is chosen by the client and echoed in the answer; at most 64 bytes. */
  id?: string;
  ticket: string;
  /** HeadStartS is from -86400 to 86400 seconds and replaces what the ticket has. */
  head_start_s: number;
  /** Reason is 1 to 128 bytes; it stays with the ticket. */
  reason: string;
}

/**
 * Pause stops serving a queue, or resumes it. Its visitors keep their places, and
 * others may join.
 */
export interface PauseFrame {
  type: "pause";
  /** ID is chosen by the client and echoed in the answer; at most 64 bytes. */
  id?: string;
  department: string;
  language: string;
  paused: boolean;
  /** Reason is at most 128 bytes. */
  reason?: string;
}

/**
 * Board is the supervisor's view: the queues and the agents of the site, whole
 * each time, at most once a second.
 */
export interface BoardFrame {
  type: "board";
  queues: BoardQueue[];
  agents: BoardAgent[];
  /**
   * QueuesLeftOut, AgentsLeftOut and TicketsLeftOut are how many are not shown,
   * past the first 200 queues, 500 agents and 2000 tickets.
   */
  queues_left_out?: number;
  agents_left_out?: number;
  tickets_left_out?: number;
  /** RulesDiffer is true while the gateways run different site files. */
  rules_differ?: boolean;
  /**
   * LogEvicts is true while the server that keeps the site's log throws keys away
   * when its memory is full, so that people will lose their places.
   */
  log_evicts?: boolean;
  /** Today sums up the last day; absent where nothing happened. */
  today?: BoardToday;
  as_of_ms: number;
  log: number;
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
  /**
   * Urgencies are those that this visitor may choose, and Topics those that the site
   * knows, in alphabetical order; any other text is a topic as well.
   */
  urgencies?: string[];
  topics?: string[];
  /**
   * Features names the frames and fields that the site takes beyond those that every
   * gateway takes. A client sends what has such a name only if it stands here.
   */
  features?: string[];
  /**
   * Conn is the name under which frames are posted for a conn without a socket, and
   * ReopenS is after how many seconds its stream is to be opened anew; both are absent on a
   * socket.
   */
  conn?: string;
  reopen_s?: number;
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
  /**
   * Known lists what would have been accepted (departments, languages, agents,
   * urgencies).
   */
  known?: string[];
  /** RetryAfterMS is when to try the same request again, where that helps. */
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
  /**
   * Reason is set when Position is worse than in the frame before, and when the
   * ticket is back in line.
   */
  reason?: Reason;
  /**
   * Languages are those in which the ticket may be served now, set while it is
   * waiting or offered. They grow with time where the department widens.
   */
  languages?: string[];
  /** Widened is how many steps the department's widening has taken. */
  widened?: number;
  /** Hold is set while the ticket waits for one agent. */
  hold?: Hold;
  /** Paused is true while this queue is not served. */
  paused?: boolean;
  /**
   * Unattended is true while no agent who may serve the ticket is available, with room
   * or without.
   */
  unattended?: boolean;
  /** Agent is set while the ticket is assigned, and after. */
  agent?: Person;
  /** AgentLost is true while the conn of the ticket's agent is gone and may come back. */
  agent_lost?: boolean;
  /** Rating is the visitor's own, once given. */
  rating?: Rating;
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
  /** AwayReason is set when the agent is away and did not say so. */
  away_reason?: AwayReason;
  capacity: number;
  /** Load is the sum of the weights of the tickets held, offered or wrapped up. */
  load: number;
  languages: string[];
  /** Proficiency is 1 to 5 for each language. */
  proficiency?: Record<string, number>;
  /** Tier is 1 (first line), 2 (specialist) or 3 (engineer). */
  tier?: number;
  skills?: string[];
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
  /** MessageID and Text are a message's, a note's or a whisper's. */
  message_id?: string;
  text?: string;
  /** UpTo is a read mark's. */
  up_to?: number;
}

/**
 * Reset tells that the log was replaced (records were lost in a failover): the client
 * drops what it knows of the conversation and opens it again from 0, or, without
 * Ticket, what it knows of its place; a new view follows.
 */
export interface ResetFrame {
  type: "reset";
  ticket?: string;
}

/**
 * Availability tells whether the site's log can be reached. While it cannot, the
 * socket stays open, what was shown last stays, and requests are refused with
 * unavailable; a view follows when it is back.
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
  | CancelCloseFrame
  | RenewFrame
  | HeartbeatFrame
  | RateFrame
  | FinishFrame
  | TransferFrame
  | ConsultFrame
  | NoteFrame
  | WhisperFrame
  | HeadStartFrame
  | PauseFrame;

/** What the server may send. */
export type ServerFrame =
  | BoardFrame
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
