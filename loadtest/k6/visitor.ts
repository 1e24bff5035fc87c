// One visitor's visit: arrives, joins, waits or gives up, talks, lingers to rate,
// and perhaps comes back. What they are shown is judged as it comes.
import type { WelcomeFrame } from '../../client-js/src/core/protocol.gen.ts';
import { about, chance, pick } from './chance.ts';
import { later, never } from './clock.ts';
import type { Heard, View } from './frames.ts';
import { count, rate, took, wrong } from './gates.ts';
import { human, saying, share } from './people.ts';
import type { Settings } from './settings.ts';
import { Thread, write } from './thread.ts';
import { Line, sign } from './wire.ts';

/** After the welcome of a new socket the ticket must be shown within this. */
const shownWithin = 5000;

export class Visitor {
  private line: Line;
  private ticket = '';
  private thread: Thread | undefined;
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
    this.line = new Line(s, sign(s, 'visitor', id, []), {
      welcome: (w, resumed) => (resumed ? this.back() : this.arrive(w)),
      frame: (f) => this.frame(f),
      over: () => this.leave(),
    });
    this.line.level = level;
  }

  private after(seconds: number, then: () => void): void {
    later(about(seconds, this.s.profile.pace), () => this.gone || then());
  }

  private leave(): void {
    if (this.gone) return;
    this.gone = true;
    if (this.missing !== undefined) never(this.missing);
    this.line.end();
    this.onGone();
  }

  private arrive(w: WelcomeFrame): void {
    this.wish = this.wishes(w);
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
    this.line.ask({ type: 'join', id, department: this.wish.department, languages: [this.wish.language] }, (a) => {
      if (a.type === 'error') return this.leave();
      this.ticket = a.ticket ?? '';
      count.joined.add(1, this.tags);
      this.thread = new Thread(`visitor ${this.id}`, true, this.level);
      this.said = 0;
      this.openThread();
      this.say();
      const patience = (human.patience * (0.1 + Math.min(4, -Math.log(1 - Math.random()))) * 1000) / this.s.profile.pace;
      const ticket = this.ticket;
      later(patience, () => this.tired(ticket));
      if (chance(share.reload)) this.after(human.reading * 2, () => this.line.cut(Math.random() * 1000));
    });
  }

  private tired(ticket: string): void {
    const s = this.view?.status;
    if (this.gone || this.ticket !== ticket || !(s === 'waiting' || s === 'offered') || !chance(share.leave)) return;
    this.line.ask({ type: 'leave', ticket }, () => {});
  }

  private openThread(): void {
    const t = this.thread;
    if (!t || !this.ticket || t.over) return;
    t.reopen();
    this.line.ask({ type: 'open', ticket: this.ticket, after: t.last, ...(t.lastAt ? { at_ms: t.lastAt } : {}) });
  }

  private say(): void {
    const thread = this.thread;
    if (!thread || thread.over) return;
    const n = ++this.said;
    const message_id = `m${this.visits}-${n}`;
    const at = Date.now();
    this.line.ask(
      { type: 'send', ticket: this.ticket, message_id, text: write(n, 0, saying(this.wish.language)) },
      (a) => {
        if (a.type === 'error') return;
        count.messages.add(1, this.tags);
        took.messageAcknowledged.add(Date.now() - at, this.tags);
        thread.acknowledge(a.number ?? 0, message_id);
      },
    );
  }

  /** back is after a new socket: who had a place has it still. */
  private back(): void {
    this.openThread();
    if (this.ticket === '' || !this.view || ended(this.view)) {
      this.line.resumed();
      return;
    }
    const away = this.line.lostAt > 0 ? Date.now() - this.line.lostAt : 0;
    if (away < this.s.graceS * 1000) {
      this.missing = later(shownWithin, () => this.gone || wrong.placeLost.add(1));
    }
  }

  private frame(f: Heard): void {
    switch (f.type) {
      case 'ticket':
        this.seen(f);
        break;
      case 'entry':
        if (f.ticket !== this.ticket || !this.thread?.entry(f)) break;
        if (f.kind === 'message' && f.from?.role === 'agent' && chance(share.reply)) {
          this.after(human.reading, () => this.say());
        }
        break;
      case 'reset':
        if (f.ticket) this.thread?.reset();
        else this.view = undefined;
        this.openThread();
        break;
      default:
        break;
    }
  }

  private seen(f: View): void {
    if (this.missing !== undefined) {
      never(this.missing);
      this.missing = undefined;
      if (f.ticket !== this.ticket || f.end === 'visitor_lost') wrong.placeLost.add(1);
    } else if (f.end === 'visitor_lost' && f.ticket === this.ticket && this.view?.end !== f.end && this.line.lostAt === 0) {
      wrong.placeLost.add(1); // lost with an open socket
    }
    this.line.resumed();
    if (this.ticket === '') this.ticket = f.ticket; // the view came before the answer
    if (f.ticket !== this.ticket) return; // of an earlier visit
    const was = this.view;
    this.view = f;
    if (!was && f.position) took.joinToPosition.add(Date.now() - this.joinedAt, this.tags);
    if (was?.position && f.position && f.position > was.position && !f.reason) wrong.worseWithoutReason.add(1);
    if (!this.promise && f.position && f.wait?.known) {
      this.promise = { at: Date.now(), low: f.wait.low_s ?? 0, high: f.wait.high_s ?? 0 };
    }
    if (f.status === 'assigned' && !this.here) this.answered();
    if (ended(f) && !(was && ended(was))) this.closed(f);
  }

  private answered(): void {
    this.here = true;
    count.served.add(1, this.tags);
    took.waited.add(Date.now() - this.joinedAt);
    if (!this.promise) return;
    const waited = (Date.now() - this.promise.at) / 1000;
    took.promised.add(this.promise.high * 1000);
    rate.withinHigh.add(waited <= this.promise.high);
    rate.aboveLow.add(waited >= this.promise.low);
  }

  private closed(f: View): void {
    if (f.status === 'abandoned') {
      count.left.add(1, this.tags);
      if (this.promise) rate.withinHigh.add((Date.now() - this.promise.at) / 1000 <= this.promise.high);
      later(500 + Math.random() * 500, () => this.leave()); // the end of the conversation is on its way
      return;
    }
    this.after(human.lingering, () => {
      if (!chance(share.comeBack)) return this.leave();
      count.returned.add(1, this.tags);
      this.join();
    });
  }

  /** finish notes who is still in line when the run ends. */
  finish(): void {
    if (this.view?.position) count.unserved.add(1);
    if (this.line.open) this.thread?.finish();
    this.leave();
  }
}

function ended(f: View): boolean {
  return f.status === 'closed' || f.status === 'abandoned';
}

/** weighted spreads visitors over the site's queues; the first languages get most. */
export function weighted(w: WelcomeFrame): { department: string; language: string } {
  const all = (w.departments ?? []).flatMap((d) => d.languages.map((language, i) => ({ department: d.id, language, weight: 1 / (1 + i) })));
  let left = Math.random() * all.reduce((sum, q) => sum + q.weight, 0);
  return all.find((q) => (left -= q.weight) <= 0) ?? pick(all);
}
