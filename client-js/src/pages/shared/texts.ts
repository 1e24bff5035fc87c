import type { Code } from "../../core/index.ts";

/** Every text of a chat, which the agent page shows. */
export interface ChatTexts {
  chat: string;
  write: string;
  send: string;
  sending: string;
  sent: string;
  read: string;
  refused: string;
  retry: string;
  discard: string;
  tooLong: string;
  joined: (name: string) => string;
  closed: string;
  typing: (name: string) => string;
  agent: string;
  visitor: string;
  connecting: string;
  reconnecting: string;
  lost: (seconds: number) => string;
  interrupted: string;
  /** What the interruption does not take away. */
  kept: string;
  /** Why the gateway lets nobody in for now, where that is its reason. */
  heldBack: Partial<Record<Code, string>>;
  tryNow: string;
  stopped: string;
}

export const en: ChatTexts = {
  chat: "Conversation",
  write: "Write a message",
  send: "Send",
  sending: "Sending…",
  sent: "Sent",
  read: "Read",
  refused: "Not sent.",
  retry: "Try again",
  discard: "Discard",
  tooLong: "That is too long for one message.",
  joined: (name) => `${name} is here now`,
  closed: "The conversation has ended",
  typing: (name) => `${name} is writing…`,
  agent: "The agent",
  visitor: "The visitor",
  connecting: "Connecting…",
  reconnecting: "Connection lost. Reconnecting…",
  lost: (s) => `Connection lost. Reconnecting… (in ${s} s)`,
  interrupted: "The service is interrupted.",
  kept: "Your place is kept.",
  heldBack: {
    busy: "Many people are coming at once. You will be let in shortly.",
    too_many: "Too many chats are open here. Close some, or wait a little.",
  },
  tryNow: "Try now",
  stopped: "Disconnected.",
};
