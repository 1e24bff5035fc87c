/** The core of the Nextup client: no DOM, no side effects on import. */
export { AgentClient, type AgentEvents, type Held } from "./agent.ts";
export { Client, type ClientEvents, type ClientOptions } from "./client.ts";
export { Connection, type ConnectionEvents, type ConnectionOptions, type ConnectionState, type TokenSource } from "./connection.ts";
export { Conversation, type ConversationEvents } from "./conversation.ts";
export { NextupError, never, type FailureReason } from "./errors.ts";
export { identityOf } from "./identity.ts";
export type { MessageFrameType, OutgoingMessage, StorageLike } from "./outbox.ts";
export * from "./protocol.gen.ts";
export type { RequestFrame, RequestOptions } from "./requests.ts";
export type { SocketClass, SocketLike } from "./socket.ts";
export { SupervisorClient, type SupervisorEvents } from "./supervisor.ts";
export { isBlank } from "./text.ts";
export { VisitorClient, type Joining, type VisitorEvents } from "./visitor.ts";
