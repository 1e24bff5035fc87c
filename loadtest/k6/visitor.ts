// One visitor's visit: arrives, joins, waits or gives up, talks, lingers to rate, and
// perhaps comes back. Every view is judged as it comes.
import type { WelcomeFrame } from '../../client-js/src/core/protocol.gen.ts';
import { about, chance, pick } from './random.ts';
import { cancel, later } from './timers.ts';
import type { Received, View } from './frames.ts';
import { count, rate, times, invariants } from './metrics.ts';
import { human, randomLine, share } from './behaviour.ts';
import type { Settings } from './settings.ts';
import { Conversation, write } from './conversation.ts';
import { Connection, sign } from './connection.ts';

/** After the welcome of a new socket the ticket must be shown within this. */
const shownWithin = 5000;

export class Visitor {
  private connection: Connection;
  private ticket = '';
  private conversation: Conversation | undefined;
  private view: View | undefined;
  private joinedAt = 0;
  private promise: { at: number; low: number; high: number } | undefined;
  private said = 0;
  private wish = { department: '', language: '' };
  private visits = 0;
  private here = false;
  private gone = false;
  private tags: Record<string, string>;
  /** set while a new socket has not shown the ticket yet */
  private missing: number | undefined;

  constructor(
    private s: Settings,
    private id: string,
    private level: string,
    private wishes: (w: WelcomeFrame) => { department: string; language: string },
    private onGone: () => void,
  ) {
    this.tags = level ? { level } : {};
    count.arrived.add(1, this.tags);
    this.connection = new Connection(s, sign(s, 'visitor', id, []), {
      welcome: (w, resumed) => (resumed ? this.back() : this.arrive(w)),
      frame: (f) => this.frame(f),
      over: () => this.leave(),
    });
    this.connection.level = level;
  }

  private after(seconds: number, then: () => void): void {
    later(about(seconds, this.s.profile.pace), () => this.gone || then());
  }

  private leave(): void {
    if (this.gone) return;
    this.gone = true;
    if (this.missing !== undefined) cancel(this.missing);
    this.connection.end();
    this.onGone();
  }

  private arrive(w: WelcomeFrame): void {
    this.wish = this.wishes(this.s.mark ? marked(w, this.s.mark) : w);
    this.after(human.browsing, () => this.join());
  }

  private join(): void {
    this.visits++;
    this.view = undefined;
    this.promise = undefined;
    this.ticket = '';
    this.here = false;
    this.joinedAt = Date.now();
    const id = `${this.id}-${this.visits}-${Math.floor(Math.random() * 1e9)}`;
    this.connection.ask({
      type: 'join', id, department: this.wish.department, languages: [this.wish.language],
      ...(this.s.mark ? { language_required: true } : {}), // the line never widens to agents of the site
    }, (a) => {
      if (a.type === 'error') return this.leave();
      this.ticket = a.ticket ?? '';
      count.joined.add(1, this.tags);
      this.conversation = new Conversation(`visitor ${this.id}`, true, this.level);
      this.said = 0;
      this.openConversation();
      this.say();
      const patience = (human.patience * (0.1 + Math.min(4, -Math.log(1 - Math.random()))) * 1000) / this.s.profile.pace;
      const ticket = this.ticket;
      later(patience, () => this.tired(ticket));
      if (chance(share.reload)) this.after(human.reading * 2, () => this.connection.cut(Math.random() * 1000));
    });
  }

  private tired(ticket: string): void {
    const s = this.view?.status;
    if (this.gone || this.ticket !== ticket || !(s === 'waiting' || s === 'offered') || !chance(share.leave)) return;
    this.connection.ask({ type: 'leave', ticket }, () => {});
  }

  private openConversation(): void {
    const t = this.conversation;
    if (!t || !this.ticket || t.over) return;
    t.reopen();
    this.connection.ask({ type: 'open', ticket: this.ticket, after: t.last, ...(t.lastAt ? { at_ms: t.lastAt } : {}) });
  }

  private say(): void {
    const conversation = this.conversation;
    if (!conversation || conversation.over) return;
    const n = ++this.said;
    const message_id = `m${this.visits}-${n}`;
    const at = Date.now();
    this.connection.ask(
      { type: 'send', ticket: this.ticket, message_id, text: write(n, 0, randomLine(this.wish.language)) },
      (a) => {
        if (a.type === 'error') return;
        count.messages.add(1, this.tags);
        times.messageAcknowledged.add(Date.now() - at, this.tags);
        conversation.acknowledge(a.number ?? 0, message_id);
      },
    );
  }

  /** back handles a new socket: a visitor who had a place must still have it. */
  private back(): void {
    this.openConversation();
    if (this.ticket === '' || !this.view || ended(this.view)) {
      this.connection.resumed();
      return;
    }
    const away = this.connection.lostAt > 0 ? Date.now() - this.connection.lostAt : 0;
    if (away < this.s.graceS * 1000) {
      this.missing = later(shownWithin, () => this.gone || invariants.placeLost.add(1));
    }
  }

  private frame(f: Received): void {
    switch (f.type) {
      case 'ticket':
        this.seen(f);
        break;
      case 'entry':
        if (f.ticket !== this.ticket || !this.conversation?.entry(f)) break;
        if (f.kind === 'message' && f.from?.role === 'agent' && chance(share.reply)) {
          this.after(human.reading, () => this.say());
        }
        break;
      case 'reset':
        if (f.ticket) this.conversation?.reset();
        else this.view = undefined;
        this.openConversation();
        break;
      default:
        break;
    }
  }

  private seen(f: View): void {
    if (this.missing !== undefined) {
      cancel(this.missing);
      this.missing = undefined;
      if (f.ticket !== this.ticket || f.end === 'visitor_lost') invariants.placeLost.add(1);
    } else if (f.end === 'visitor_lost' && f.ticket === this.ticket && this.view?.end !== f.end && this.connection.lostAt === 0) {
      invariants.placeLost.add(1); // lost with an open socket
    }
    this.connection.resumed();
    if (this.ticket === '') this.ticket = f.ticket; // the view came before the answer
    if (f.ticket !== this.ticket) return; // of an earlier visit
    const before = this.view;
    this.view = f;
    if (!before && f.position) times.joinToPosition.add(Date.now() - this.joinedAt, this.tags);
    if (before?.position && f.position && f.position > before.position && !f.reason) invariants.worseWithoutReason.add(1);
    if (!this.promise && f.position && f.wait?.known) {
      this.promise = { at: Date.now(), low: f.wait.low_s ?? 0, high: f.wait.high_s ?? 0 };
    }
    if (f.status === 'assigned' && !this.here) this.answered();
    if (ended(f) && !(before && ended(before))) this.closed(f);
  }

  private answered(): void {
    this.here = true;
    count.served.add(1, this.tags);
    times.waited.add(Date.now() - this.joinedAt);
    if (!this.promise) return;
    const waited = (Date.now() - this.promise.at) / 1000;
    times.promised.add(this.promise.high * 1000);
    rate.withinHigh.add(waited <= this.promise.high);
    rate.aboveLow.add(waited >= this.promise.low);
  }

  private closed(f: View): void {
    if (f.status === 'abandoned') {
      count.left.add(1, this.tags);
      if (this.promise) rate.withinHigh.add((Date.now() - this.promise.at) / 1000 <= this.promise.high);
      later(500 + Math.random() * 500, () => this.leave()); // the end of the conversation is still on its way
      return;
    }
    this.after(human.lingering, () => {
      if (!chance(share.comeBack)) return this.leave();
      count.returned.add(1, this.tags);
      this.join();
    });
  }

  /** finish ends the run, and counts a visitor who is still in line. */
  finish(): void {
    if (this.view?.position) count.unserved.add(1);
    if (this.connection.open) this.conversation?.finish();
    this.leave();
  }
}

function ended(f: View): boolean {
  return f.status === 'closed' || f.status === 'abandoned';
}

/** marked leaves the queues in the language of the mark. */
function marked(w: WelcomeFrame, mark: string): WelcomeFrame {
  const departments = (w.departments ?? []).filter((d) => d.languages.includes(mark)).map((d) => ({ ...d, languages: [mark] }));
  return { ...w, departments };
}

/** weighted spreads visitors over the site's queues; the first languages get most. */
export function weighted(w: WelcomeFrame): { department: string; language: string } {
  const all = (w.departments ?? []).flatMap((d) => d.languages.map((language, i) => ({ department: d.id, language, weight: 1 / (1 + i) })));
  let left = Math.random() * all.reduce((sum, q) => sum + q.weight, 0);
  return all.find((q) => (left -= q.weight) <= 0) ?? pick(all);
}
