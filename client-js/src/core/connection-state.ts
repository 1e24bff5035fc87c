import type { NextupError } from "./errors.ts";
import type { BoardFrame, DeskFrame, EntryFrame, ResetFrame, TicketFrame, TypingFrame, WelcomeFrame } from "./protocol.gen.ts";
import type { SocketClass } from "./socket.ts";

/** Gives a token for every connect and before each expiry. */
export type TokenSource = () => string | Promise<string>;

export interface ConnectionOptions {
  /** ws: or wss: address of /v1/connect; with those of several gateways, each failure leads to the next. */
  url: string | readonly string[];
  token: TokenSource;
  /** Where there is no global WebSocket. */
  WebSocket?: SocketClass;
}

export type ConnectionState =
  | { readonly name: "idle" }
  | { readonly name: "connecting" }
  | { readonly name: "open"; readonly welcome: WelcomeFrame }
  /**
   * Lost; comes back by itself at retryAtMS (of performance.now). Where the server
   * refused the hello for now, reason is its refusal, and connect does nothing
   * before notBeforeMS.
   */
  | {
      readonly name: "waiting";
      readonly retryAtMS: number;
      readonly notBeforeMS: number;
      readonly reason: NextupError | undefined;
    }
  /** Stays away until connect is called again. code is the close code, 0 where there was none. */
  | { readonly name: "stopped"; readonly code: number; readonly error: NextupError };

export interface ConnectionEvents {
  state: ConnectionState;
  /** The site's log went away (false) or came back. */
  available: boolean;
  ticket: TicketFrame;
  desk: DeskFrame;
  board: BoardFrame;
  entry: EntryFrame;
  typing: TypingFrame;
  reset: ResetFrame;
  /** Another person begins: the identity of that person, "" while it is not known. What belonged to the person before must go. */
  identity: string;
  /** A frame of ours that the server could not even answer by id, or a token that could not be had. */
  error: Error;
}
