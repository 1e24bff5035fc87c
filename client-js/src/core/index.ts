/** The core of the Nextup client: no DOM, no side effects on import. */
export { AgentClient, type AgentEvents, type Held } from "./agent.ts";
export { Client, type ClientEvents, type ClientOptions } from "./client.ts";
export { Connection } from "./connection.ts";
export type { ConnectionEvents, ConnectionOptions, ConnectionState, TokenSource } from "./connection-state.ts";
export { Conversation, type ConversationEvents } from "./conversation.ts";
export { NextupError, never, type FailureReason } from "./errors.ts";
export { identityOf } from "./identity.ts";
export type { MessageFrameType, OutgoingMessage, StorageLike } from "./outbox.ts";
export type * from "./protocol.gen.ts";
export {
  AGENT_STATUSES,
  CLOSE_TOKEN_EXPIRED,
  CODES,
  MAX_COMMENT_BYTES,
  MAX_GUESTS,
  MAX_HEAD_START_SEC,
  MAX_NOTE_BYTES,
  MAX_REASON_BYTES,
  MAX_SCORE,
  MAX_TEXT_BYTES,
  MAX_TOPIC_BYTES,
} from "./protocol.gen.ts";
export type { RequestFrame, RequestOptions } from "./requests.ts";
export type { SocketClass, SocketLike } from "./socket.ts";
export { SupervisorClient, type SupervisorEvents } from "./supervisor.ts";
export { isBlank } from "./text.ts";
export { VisitorClient, type Joining, type VisitorEvents } from "./visitor.ts";
