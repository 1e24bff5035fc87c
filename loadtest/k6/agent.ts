// One agent's shift: available, accepts, works through a few turns of each
// conversation at human pace, closes, takes a break now and then.
import type { DeskFrame, DeskTicket, WelcomeFrame } from '../../client-js/src/core/protocol.gen.ts';
import { about, chance } from './random.ts';
import { later } from './timers.ts';
import type { Received } from './frames.ts';
import { count, times, invariants } from './metrics.ts';
import { human, randomLine, share } from './behaviour.ts';
import type { Settings } from './settings.ts';
import { Conversation, write } from './conversation.ts';
import { Connection, sign } from './connection.ts';

interface Held {
  conversation: Conversation;
  token: number;
  language: string;
  said: number;
  closing: boolean;
  dropped: boolean;
}

/** owners holds the owner of each ticket, as the agents of this VU see it. */
const owners = new Map<string, { agent: string; token: number; log: number; reported: boolean }>();

/**
 * judge compares the desks of agents: a token belongs to one agent alone, and an
 * agent with an older one no longer holds the ticket once the log has the newer.
 */
function judge(agent: string, log: number, t: DeskTicket): void {
  const token = t.token ?? 0;
  const o = owners.get(t.ticket);
  if (!o || token > o.token) {
    owners.set(t.ticket, { agent, token, log, reported: false });
  } else if (!o.reported && o.agent !== agent && (token === o.token || log >= o.log)) {
    o.reported = true;
    invariants.twoOwners.add(1);
  }
}

export class Agent {
  private connection: Connection | undefined;
  private held = new Map<string, Held>();
  private offers = new Set<string>();
  private available = false;
  private onBreak = false;
  private over = false;

  constructor(
    private s: Settings,
    private id: string,
    readonly languages: string[],
    private level: () => string,
  ) {}

  /** come begins the shift, or continues it after an outage. */
  come(): void {
    this.over = false;
    this.connection = new Connection(this.s, sign(this.s, 'agent', this.id, this.languages), {
      welcome: (w, resumed) => this.welcome(w, resumed),
      frame: (f) => this.frame(f),
      over: () => {},
    });
  }

  /** vanish loses the agent without a frame. */
  vanish(): void {
    this.over = true;
    this.connection?.end();
    this.held.clear();
    this.offers.clear();
  }

  private after(seconds: number, then: () => void): void {
    const connection = this.connection;
    later(about(seconds, this.s.profile.pace), () => this.over || this.connection !== connection || then());
  }

  private welcome(_: WelcomeFrame, resumed: boolean): void {
    if (!resumed) this.status('available');
    for (const ticket of this.held.keys()) this.open(ticket);
  }

  private status(status: 'available' | 'away'): void {
    this.available = status === 'available';
    this.connection?.ask({ type: 'status', status });
  }

  private frame(f: Received): void {
    switch (f.type) {
      case 'desk':
        this.desk(f);
        break;
      case 'entry':
        this.held.get(f.ticket)?.conversation.entry(f);
        break;
      case 'reset':
        if (f.ticket) this.held.get(f.ticket)?.conversation.reset();
        for (const ticket of f.ticket ? [f.ticket] : this.held.keys()) this.open(ticket);
        break;
      default:
        break;
    }
  }

  private desk(f: DeskFrame): void {
    this.connection?.resumed();
    let load = 0;
    for (const o of f.offers) load += o.weight;
    for (const t of f.tickets) load += t.weight;
    if (f.load > f.capacity || load > f.capacity) invariants.overCapacity.add(1);
    if (f.status === 'away' && this.available && !this.onBreak) this.status('available'); // an offer had lapsed
    if (f.status === 'offline' && this.available) this.status('available'); // came back after the grace
    const offers = new Set<string>();
    for (const o of f.offers) {
      offers.add(o.offer);
      if (this.offers.has(o.offer)) continue;
      this.after(human.accepting, () => this.answer(o.offer));
    }
    this.offers = offers;
    const now = new Set<string>();
    for (const t of f.tickets) {
      now.add(t.ticket);
      judge(this.id, f.log, t);
      const h = this.held.get(t.ticket);
      if (!h || h.token < (t.token ?? 0)) this.take(t);
    }
    for (const ticket of this.held.keys()) if (!now.has(ticket)) this.drop(ticket);
  }

  private answer(offer: string): void {
    if (!this.offers.has(offer)) return;
    if (chance(share.decline)) {
      this.connection?.ask({ type: 'decline', offer });
      return;
    }
    this.connection?.ask({ type: 'accept', offer }, (a) => {
      if (a.type === 'ok') count.accepted.add(1);
    });
  }

  private take(t: DeskTicket): void {
    const h: Held = { conversation: new Conversation(`agent ${this.id}`, false, this.level()), token: t.token ?? 0, language: t.language, said: 0, closing: false, dropped: false };
    this.held.set(t.ticket, h);
    this.open(t.ticket);
    this.say(t.ticket, h);
    this.work(t.ticket, h, 1 + Math.floor(Math.random() * 2));
  }

  private open(ticket: string): void {
    const h = this.held.get(ticket);
    if (!h || h.conversation.over) return;
    h.conversation.reopen();
    this.connection?.ask({ type: 'open', ticket, after: h.conversation.last, ...(h.conversation.lastAt ? { at_ms: h.conversation.lastAt } : {}) });
  }

  private say(ticket: string, h: Held): void {
    if (h.closing || h.conversation.over) return;
    const message_id = `${this.id}-${h.token}-${++h.said}`;
    const at = Date.now();
    this.connection?.ask({ type: 'send', ticket, message_id, text: write(h.said, h.token, randomLine(h.language)) }, (a) => {
      if (a.type === 'error') return;
      count.messages.add(1);
      times.messageAcknowledged.add(Date.now() - at);
      h.conversation.acknowledge(a.number ?? 0, message_id);
    });
  }

  /** work takes that many turns, then closes the conversation. */
  private work(ticket: string, h: Held, turns: number): void {
    this.after(human.turn, () => {
      if (this.held.get(ticket) !== h || h.conversation.over) return;
      if (turns > 0) {
        this.say(ticket, h);
        this.work(ticket, h, turns - 1);
        return;
      }
      h.closing = true;
      this.connection?.ask({ type: 'close', ticket });
    });
  }

  /** drop forgets a ticket after the time in which the end of its conversation comes. */
  private drop(ticket: string): void {
    const h = this.held.get(ticket);
    if (!h || h.dropped) return;
    h.closing = true;
    h.dropped = true;
    later(3000, () => {
      if (this.held.get(ticket) === h) this.held.delete(ticket);
      owners.delete(ticket);
    });
    if (chance(share.pause) && !this.onBreak) this.rest();
  }

  private rest(): void {
    this.onBreak = true;
    this.status('away');
    this.after(human.pause, () => {
      this.onBreak = false;
      this.status('available');
    });
  }
}
