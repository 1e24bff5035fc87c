import type { Code, EndReason, Reason } from "../core/index.ts";

/** Every text of the widget in one language. A host page may replace any of them. */
export interface Texts {
  /** What the floating button does. */
  openChat: string;
  minimize: string;
  menu: string;
  sound: string;
  notify: string;

  title: string;
  lead: string;
  department: string;
  language: string;
  topic: string;
  topicHint: string;
  urgency: string;
  notUrgent: string;
  join: string;
  joining: string;
  /** What joining now would mean. */
  expected: (wait: string) => string;
  freeNow: string;
  inLine: (count: number) => string;
  unknownQueue: string;

  yourPlace: string;
  place: (position: number) => string;
  ahead: (count: number) => string;
  /** In place of "you are next", while no agent is there to come next. */
  first: string;
  nobody: string;
  wait: string;
  waitUnknown: string;
  waitUnder: (minutes: number) => string;
  waitOver: (minutes: number) => string;
  waitMinutes: (low: number, high: number) => string;
  updated: (seconds: number) => string;
  updatedNow: string;
  reasons: Record<Reason, string>;
  widened: (languages: string) => string;
  held: (agent: string, seconds: number) => string;
  paused: string;
  offered: string;
  already: string;
  leave: string;
  leaveChat: string;
  stay: string;
  yourTurn: string;

  withAgent: (name: string) => string;
  chat: string;
  write: string;
  send: string;
  sending: string;
  sent: string;
  delivered: string;
  read: string;
  refused: string;
  retry: string;
  discard: string;
  tooLong: string;
  earlier: string;
  newest: string;
  newMessages: (count: number) => string;
  unread: (count: number) => string;
  joined: (name: string) => string;
  /** The agent's connection was lost. */
  lost: (name: string) => string;
  /** What follows if the agent's connection stays lost. */
  mayReturn: string;
  typing: (name: string) => string;
  agent: string;
  you: string;

  ended: string;
  ends: Record<EndReason, string>;
  again: string;
  rateTitle: (name: string) => string;
  /** What the scores 1 to 5 mean. */
  scores: readonly [string, string, string, string, string];
  comment: string;
  rate: string;
  rated: string;
  change: string;

  connecting: string;
  reconnecting: string;
  interrupted: string;
  /** What an interruption does not take away. */
  kept: string;
  unreachable: string;
  tryNow: string;
  expired: string;
  /** For a refusal that has no words of its own. */
  failed: string;
  setUp: string;
  forgetful: string;
  /** Why the gateway refused. Its own words are for the page's developers, not for visitors. */
  refusals: Partial<Record<Code, string>>;
}
