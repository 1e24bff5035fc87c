// One person's connection to the gateways: nextup.v1 over k6's WebSocket. It sends
// hello and heartbeats, repeats requests without an answer and reconnects when it is
// cut off, as gateway/protocol/SPEC.md asks of every client.
import crypto from 'k6/crypto';
import encoding from 'k6/encoding';
import { clearInterval, setInterval } from 'k6/timers';
import { WebSocket } from 'k6/websockets';
import type { ErrorFrame, OKFrame, WelcomeFrame } from '../../client-js/src/core/protocol.gen.ts';
import { endTimers, later } from './timers.ts';
import { read, type Received } from './frames.ts';
import { count, rate, times, invariants } from './metrics.ts';
import type { Settings } from './settings.ts';

export type Answer = OKFrame | ErrorFrame;
export type Ask = { type: string; id?: string } & Record<string, unknown>;

/** sign returns a token of the site, valid for a day. */
export function sign(s: Settings, role: 'visitor' | 'agent', sub: string, languages: string[]): string {
  const part = (o: object) => encoding.b64encode(JSON.stringify(o), 'rawurl');
  const claims = { sub, role, site: s.site, aud: 'nextup', name: sub, languages, exp: Math.floor(Date.now() / 1000) + 86400 };
  const body = `${part({ alg: 'HS256', typ: 'JWT', kid: s.kid })}.${part(claims)}`;
  return `${body}.${crypto.hmac('sha256', s.secret, body, 'base64rawurl')}`;
}

interface Pending {
  frame: Ask;
  done: (a: Answer) => void;
  tries: number;
}

/** Codes after which the same request is sent again. */
const retried = ['busy', 'unavailable', 'rate_limited'];

/** A request that is refused this often has failed. */
const maxTries = 8;

/** A connection that has been away for longer than this, in ms, when the run ends has not come back. */
const backWithin = 10_000;

/** alive holds the connections of this VU; one timer sends the heartbeats of all. */
const alive = new Set<Connection>();
let beating: number | undefined;

/** frames is the number of frames that this VU has received since the last count. */
let frames = 0;

export interface Handlers {
  /** a socket was welcomed; resumed is true if it is not the first */
  welcome(w: WelcomeFrame, resumed: boolean): void;
  frame(f: Received): void;
  /** no more sockets: refused for good, or closed by this side */
  over(): void;
}

let nextTarget = 0;

export class Connection {
  /** number of the newest view that was shown */
  log = 0;
  /** when the last socket was lost, in ms; 0 while there is one that was resumed */
  lostAt = 0;
  level = '';
  private ws: WebSocket | undefined;
  private greeted = false;
  private pending = new Map<string, Pending>();
  private ended = false;
  /** in a row, without a socket that lived for a while between */
  private failures = 0;
  /** the wait, in ms, that a gateway asked for when it refused this connection */
  private retryAfter = 0;
  private ids = 0;
  private began = 0;
  private heardAt = 0;
  private beat = 0;
  private beatEvery = 0;
  private welcomedOnce = false;

  constructor(
    private s: Settings,
    private token: string,
    private handlers: Handlers,
  ) {
    alive.add(this);
    beating ??= setInterval(sweep, 1000);
    this.dial();
  }

  get open(): boolean {
    return this.greeted;
  }

  /** ask sends a request until it is answered, over as many sockets as it takes. */
  ask(frame: Ask, done: (a: Answer) => void = () => {}): void {
    const id = frame.id ?? `r${++this.ids}`;
    const p = { frame: { ...frame, id }, done, tries: 0 };
    this.pending.set(id, p);
    if (this.greeted) this.send(p.frame);
  }

  /** tell sends a frame that gets no answer. */
  tell(frame: Ask): void {
    if (this.greeted) this.send(frame);
  }

  /** end closes the connection for good. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    if (this.lostAt > 0 && Date.now() - this.lostAt > backWithin) invariants.notResumed.add(1);
    this.greeted = false;
    alive.delete(this);
    if (alive.size === 0 && beating !== undefined) {
      clearInterval(beating);
      beating = undefined;
    }
    this.pending.clear();
    this.ws?.close();
    this.handlers.over();
  }

  /** cut loses the socket, as a reload of the page does; the connection comes back. */
  cut(after: number): void {
    const ws = this.ws;
    if (!ws || !this.greeted) return;
    this.lost(ws, after);
    ws.close();
  }

  private dial(): void {
    if (this.ended) return;
    const target = this.s.targets[nextTarget++ % this.s.targets.length]!;
    this.began = Date.now();
    this.retryAfter = 0;
    const ws = new WebSocket(target, ['nextup.v1'] as never); // k6's types do not know subprotocols
    this.ws = ws;
    this.heardAt = this.began;
    ws.onopen = () => {
      this.send({ type: 'hello', id: 'hello', token: this.token, ...(this.log > 0 ? { log: this.log } : {}) });
    };
    ws.onmessage = (e) => {
      if (e && this.ws === ws) this.receive(e.data as string);
    };
    ws.onerror = () => this.lost(ws, -1);
    (ws as unknown as { onclose: (e: { code?: number }) => void }).onclose = (e) => { // k6's types do not know the close event
      const code = e.code ?? 0;
      if (code >= 4500 && this.ws === ws) {
        rate.errors.add(true, { why: `closed ${code}` });
        this.end();
      } else this.lost(ws, code === 1012 ? Math.random() * 300 : -1);
    };
  }

  /** lost reconnects after a pause in ms; -1 backs off, as close-2 and busy-1 ask. */
  private lost(ws: WebSocket, after: number): void {
    if (this.ws !== ws || this.ended) return;
    this.ws = undefined;
    if (this.greeted) {
      if (Date.now() - this.began >= 5000) this.failures = 0;
      count.cut.add(1);
      if (this.lostAt === 0) this.lostAt = Date.now();
      // Open is sent anew on the next socket, from the last entry by then.
      for (const [id, p] of this.pending) if (p.frame.type === 'open') this.pending.delete(id);
    } else if (!this.welcomedOnce && this.failures >= 10) {
      this.end();
      return;
    }
    this.greeted = false;
    const back = this.retryAfter + Math.random() * Math.min(30_000, 1000 * 2 ** this.failures);
    later(after >= 0 ? after : back, () => this.dial());
    if (after < 0) this.failures++;
  }

  private send(frame: Ask): void {
    if (this.ws?.readyState === 1) this.ws.send(JSON.stringify(frame));
  }

  private receive(text: string): void {
    this.heardAt = Date.now();
    frames++;
    const f = read(text);
    if (!f) return;
    switch (f.type) {
      case 'welcome':
        this.welcome(f);
        return;
      case 'ok':
        rate.errors.add(false, this.tags());
        this.answer(f.id ?? '', f);
        return;
      case 'error':
        this.refused(f);
        return;
      case 'ticket':
      case 'desk':
        this.log = Math.max(this.log, f.log);
        break;
      case 'reset':
        this.log = f.ticket ? this.log : 0;
        break;
      default:
        break;
    }
    this.handlers.frame(f);
  }

  private tags(): Record<string, string> {
    return this.level ? { level: this.level } : {};
  }

  private welcome(w: WelcomeFrame): void {
    times.connected.add(Date.now() - this.began);
    this.greeted = true;
    this.beatEvery = w.heartbeat_s * 1000;
    this.beat = Date.now();
    const resumed = this.welcomedOnce;
    this.welcomedOnce = true;
    for (const p of this.pending.values()) this.send(p.frame);
    this.handlers.welcome(w, resumed);
  }

  private answer(id: string, a: Answer): void {
    const p = this.pending.get(id);
    if (!p) return;
    this.pending.delete(id);
    p.done(a);
  }

  private refused(f: ErrorFrame): void {
    if (f.code === 'rate_limited' && !f.id) {
      rate.errors.add(true, { why: f.code, ...this.tags() });
      later(f.retry_after_ms ?? 1000, () => this.pending.forEach((p) => this.send(p.frame)));
      return;
    }
    if (!this.greeted) {
      this.retryAfter = f.retry_after_ms ?? 0;
      // The close code that follows says whether to come back. A hello that is put off is no error: the answer has the time to wait.
      if (f.code !== 'busy' && f.code !== 'unavailable' && f.code !== 'too_many') rate.errors.add(true, { why: f.code });
      return;
    }
    const p = this.pending.get(f.id ?? '');
    if (p && retried.includes(f.code) && ++p.tries < maxTries) {
      later((f.retry_after_ms ?? 500) * (1 + Math.random()), () => this.pending.has(p.frame.id!) && this.send(p.frame));
      return;
    }
    // A request that comes too late is no error: its ticket has ended meanwhile, or its offer is gone.
    const late = ['unknown_ticket', 'unknown_offer', 'conversation_closed', 'forbidden'].includes(f.code);
    rate.errors.add(!late, late ? this.tags() : { why: f.code, ...this.tags() });
    this.answer(f.id ?? '', f);
  }

  /** check sends a heartbeat when one is due, and gives up a silent socket. */
  check(now: number): void {
    const ws = this.ws;
    if (!this.greeted || !ws) return;
    if (now - this.heardAt > 2 * this.beatEvery + 5000) {
      this.lost(ws, 0);
      ws.close();
    } else if (now - this.beat >= this.beatEvery) {
      this.beat = now;
      this.send({ type: 'heartbeat' });
    }
  }

  /** resumed notes that the view from before is shown again. */
  resumed(): void {
    if (this.lostAt === 0) return;
    count.resumed.add(1);
    times.reconnected.add(Date.now() - this.lostAt);
    this.lostAt = 0;
  }
}

function sweep(): void {
  const now = Date.now();
  for (const l of alive) l.check(now);
  tally();
}

/** tally counts many frames in one sample: a sample for each would cost as much as reading it. */
function tally(): void {
  if (frames > 0) count.frames.add(frames);
  frames = 0;
}

/** cutAll loses every socket of this VU at once. */
export function cutAll(): void {
  for (const l of alive) l.cut(Math.random() * 500);
}

/** endAll closes what is still open in this VU. */
export function endAll(): void {
  tally();
  for (const l of [...alive]) l.end();
  endTimers();
}
