import { afterRestartMS, backoffMS, comesBack, shuffled } from "./backoff.ts";
import { Emitter } from "./emitter.ts";
import { NextupError, refused } from "./errors.ts";
import { identityOf } from "./identity.ts";
import {
  CLOSE_RESTART,
  CLOSE_TOKEN_EXPIRED,
  SUBPROTOCOL,
  type BoardFrame,
  type ClientFrame,
  type DeskFrame,
  type EntryFrame,
  type OKFrame,
  type ResetFrame,
  type ServerFrame,
  type TicketFrame,
  type TypingFrame,
  type WelcomeFrame,
} from "./protocol.gen.ts";
import { Requests, type RequestFrame, type RequestOptions } from "./requests.ts";
import { Renewal } from "./renewal.ts";
import { wellFormed } from "./text.ts";
import { mute, type SocketClass, type SocketLike } from "./socket.ts";

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
   * refused the hello for now, reason says why, and connect does nothing before
   * notBeforeMS.
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
  /** Another person begins, whose identity it is, "" while that is not known: what belonged to the one before must go. */
  identity: string;
  /** A frame of ours that the server could not even answer by id, or a token that could not be had. */
  error: Error;
}

const welcomeTimeoutMS = 10_000;
/** How long a conn that may be gone has to prove that it lives. */
const probeMS = 4_000;
/** A conn that lived this long resets the back-off. */
const steadyMS = 5_000;

/**
 * Connection keeps one authenticated socket alive: hello, heartbeats, token
 * renewal, and reconnects by the contract of the close codes. What it receives
 * it hands on as events; requests wait for it across reconnects.
 */
export class Connection extends Emitter<ConnectionEvents> {
  readonly #options: ConnectionOptions;
  #source: TokenSource;
  /** Whom the newest token speaks for, "" while there was none. */
  #identity = "";
  readonly #urls: readonly string[];
  /** Counts the dials: each takes the next address. */
  #dials = 0;
  readonly #requests = new Requests((frame) => this.transmit(frame));
  readonly #renewal: Renewal;
  #state: ConnectionState = { name: "idle" };
  #welcome: WelcomeFrame | undefined;
  #available = true;
  #socket: SocketLike | undefined;
  #attempt = 0;
  #openedAt = 0;
  #helloID = "";
  /** The log's number of the newest view: the next gateway must not show an older one. */
  #log = 0;
  #token = "";
  /** The token that the server called expired: no use coming back with it. */
  #spentToken = "";
  #refusal: NextupError | undefined;
  /** The server asked us not to come back before (of performance.now). */
  #notBefore = 0;
  /** Heartbeats sent since anything was received. */
  #silentBeats = 0;
  /** Of Date.now, which goes on while a machine sleeps. Set by somebody, it costs a probe or a late one. */
  #beatDueAt = 0;
  /** From performance.now to the log's time. */
  #clockOffset = -Infinity;
  /** The one timer of the state: retry, welcome or heartbeat. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Rises with every connect, so that a late token is not used. */
  #generation = 0;

  constructor(options: ConnectionOptions) {
    super();
    this.#options = options;
    this.#source = options.token;
    this.#urls = shuffled([options.url].flat());
    this.#renewal = new Renewal({
      token: () => this.#ask(),
      now: () => this.now(),
      renew: async (token) => {
        if (this.#isAnothers(token)) {
          this.#release();
          void this.#open();
          return 0;
        }
        const answer = await this.request({ type: "renew", token }, { resend: false });
        this.#token = token;
        return answer.expires_at_ms ?? 0;
      },
      failed: (error) => this.emit("error", error),
    });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** Whom the newest token speaks for, as one string; "" while there was none. */
  get identity(): string {
    return this.#identity;
  }

  /** The newest welcome: who we are, and the site's departments. */
  get welcome(): WelcomeFrame | undefined {
    return this.#welcome;
  }

  /** Whether the site's log can be reached, as far as the server has said. */
  get available(): boolean {
    return this.#available;
  }

  /** The log's time in Unix milliseconds, as well as this client can tell; setting this machine's clock does not move it. */
  now(): number {
    return Number.isFinite(this.#clockOffset) ? performance.now() + this.#clockOffset : Date.now();
  }

  /**
   * Starts, or comes back at once where the connection waits or was stopped, but
   * not before the server wants it.
   */
  connect(): void {
    const { name } = this.#state;
    if (name === "open" || name === "connecting") {
      return;
    }
    const early = performance.now() < this.#notBefore;
    if (name !== "waiting") {
      this.#attempt = 0;
      if (early) {
        this.#retry();
      }
    }
    if (!early) {
      void this.#open();
    }
  }

  /** Ends the connection; connect starts it again. */
  close(): void {
    this.#stop(1000, new NextupError("stopped", "The connection was closed here."));
  }

  /**
   * Ends all that belongs to the person so far, at once, and begins for another,
   * whose tokens come from there. What the old source still answers changes nothing.
   */
  identify(token: TokenSource): void {
    this.#source = token;
    this.#end();
    this.#state = { name: "idle" };
    this.connect();
  }

  /** Ends all that belongs to the person, and the connection with it. */
  logout(): void {
    this.#end();
    this.close();
  }

  /** Asks for a token now: it may be another person's. token, where it is given, is asked from now on. */
  recheck(token = this.#source): void {
    this.#source = token;
    if (this.#state.name === "open") {
      this.#renewal.renew();
    } else if (this.#state.name === "connecting") {
      this.#release();
      void this.#open();
    } else if (this.#state.name !== "idle") {
      this.connect();
    }
  }

  /**
   * The network is back or the page is seen again: find out soon whether the conn
   * lives. What failed before says nothing of now, so the back-off begins anew.
   */
  wake(): void {
    this.#attempt = 0;
    if (this.#state.name === "waiting") {
      this.connect();
    } else if (this.#state.name === "open") {
      this.#probe(this.#state.welcome);
    }
  }

  /** Sends a request and waits for its answer; rejects with a NextupError. */
  request(frame: RequestFrame, options: RequestOptions = {}): Promise<OKFrame> {
    if (this.#state.name === "stopped") {
      return Promise.reject(this.#state.error);
    }
    return this.#requests.add(frame, options);
  }

  /** Sends a frame now, or drops it and returns false where the connection is not open. */
  transmit(frame: ClientFrame): boolean {
    const open = this.#state.name === "open";
    if (open) {
      this.#socket?.send(written(frame));
    }
    return open;
  }

  async #open(): Promise<void> {
    clearTimeout(this.#timer);
    const generation = ++this.#generation;
    this.#refusal = undefined;
    this.#timer = setTimeout(() => this.#drop(), welcomeTimeoutMS);
    this.#become({ name: "connecting" });
    let token: string;
    try {
      token = await this.#ask();
    } catch (error) {
      if (generation === this.#generation) {
        this.emit("error", error instanceof Error ? error : new Error(String(error)));
        this.#retry();
      }
      return;
    }
    if (generation !== this.#generation) {
      return;
    }
    this.#isAnothers(token);
    if (token === this.#spentToken) {
      this.#stop(CLOSE_TOKEN_EXPIRED, new NextupError("stopped", "The token has expired and no new one came."));
      return;
    }
    this.#token = token;
    try {
      this.#dial(token);
    } catch (error) {
      this.#stop(0, new NextupError("stopped", `There is no WebSocket or a wrong address: ${String(error)}`));
    }
  }

  /** What is not even written like a token is a failure that may pass: a log-in page, an error, nothing. */
  async #ask(): Promise<string> {
    const token = await this.#source();
    if (!/^[\w.~+/-]+=*$/.test(token ?? "")) {
      throw new TypeError("What should give a token gave something else.");
    }
    return token;
  }

  /** Reports whether the token is of another person than the one before it, of whom nothing is left then. */
  #isAnothers(token: string): boolean {
    const identity = identityOf(token);
    const another = identity !== "" && this.#identity !== "" && identity !== this.#identity;
    if (another) {
      this.#forget(identity);
    }
    this.#identity = identity || this.#identity; // what is no token says nothing of a person
    return another;
  }

  #end(): void {
    this.#generation++; // a token that is on its way is not used
    this.#release();
    this.#forget("");
  }

  #forget(identity: string): void {
    this.#identity = identity;
    this.#welcome = undefined;
    this.#log = 0;
    this.#token = this.#spentToken = "";
    this.emit("identity", identity);
    this.#requests.rejectAll(new NextupError("stopped", "Another person has signed in, or none."));
  }

  #dial(token: string): void {
    const WebSocketClass = this.#options.WebSocket ?? globalThis.WebSocket;
    const url = this.#urls[this.#dials++ % this.#urls.length] ?? "";
    const socket: SocketLike = new WebSocketClass(url, SUBPROTOCOL);
    this.#socket = socket;
    socket.onopen = () => {
      this.#helloID = this.#requests.nextID();
      socket.send(written({ type: "hello", id: this.#helloID, token, ...(this.#log > 0 && { log: this.#log }) }));
    };
    socket.onmessage = (event: { data: unknown }) => this.#receive(String(event.data));
    socket.onclose = (event: { code: number }) => this.#closed(event.code);
    socket.onerror = () => undefined; // close follows and tells the code
  }

  #receive(data: string): void {
    this.#silentBeats = 0;
    let frame: ServerFrame;
    try {
      frame = JSON.parse(data) as ServerFrame;
    } catch {
      this.emit("error", new Error("The server sent what is no frame."));
      return;
    }
    if (this.#state.name === "open" && Date.now() >= this.#beatDueAt) {
      this.#beat(this.#state.welcome); // the timers of a hidden page come late
    }
    switch (frame.type) {
      case "welcome":
        this.#welcomed(frame);
        break;
      case "ok":
        this.#requests.answer(frame);
        break;
      case "error":
        if (frame.id === this.#helloID) {
          this.#refusal = refused(frame);
          this.#notBefore = performance.now() + (frame.retry_after_ms ?? 0);
        } else if (frame.id === undefined && frame.code === "rate_limited") {
          this.#requests.resendLater(frame.retry_after_ms ?? 1_000);
        } else if (!this.#requests.answer(frame)) {
          this.emit("error", refused(frame));
        }
        break;
      case "heartbeat":
        this.#hearTime(frame.as_of_ms ?? 0);
        break;
      case "availability":
        this.#setAvailable(frame.available);
        break;
      case "ticket":
      case "desk":
      case "board":
        this.#log = frame.log;
        this.#hearTime(frame.as_of_ms);
        this.#tell(frame);
        break;
      case "typing":
      case "entry":
        this.#tell(frame);
        break;
      case "reset":
        this.#log = 0;
        this.#tell(frame);
        break;
      default:
        ignoreNewer(frame);
    }
  }

  #tell<F extends TicketFrame | DeskFrame | BoardFrame | EntryFrame | TypingFrame | ResetFrame>(frame: F): void {
    this.emit(frame.type, frame as never);
  }

  #welcomed(frame: WelcomeFrame): void {
    this.#welcome = frame;
    this.#openedAt = performance.now();
    this.#clockOffset = -Infinity;
    this.#hearTime(frame.now_ms);
    this.#scheduleBeat(frame);
    this.#renewal.start(frame.expires_at_ms);
    this.#state = { name: "open", welcome: frame };
    this.#requests.resendAll(); // before the listeners of the state add their own
    this.#setAvailable(true);
    this.emit("state", this.#state);
  }

  #setAvailable(available: boolean): void {
    if (available) {
      this.#requests.release();
    } else {
      this.#requests.hold();
    }
    if (available !== this.#available) {
      this.#available = available;
      this.emit("available", available);
    }
  }

  /** A stamp can only be late, so the greatest difference is the nearest. */
  #hearTime(ms: number): void {
    this.#clockOffset = Math.max(this.#clockOffset, ms - performance.now());
  }

  #scheduleBeat(welcome: WelcomeFrame, wait = welcome.heartbeat_s * 1_000): void {
    this.#beatDueAt = Date.now() + wait;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#beat(welcome), wait);
  }

  #beat(welcome: WelcomeFrame): void {
    if (this.#silentBeats >= 2) {
      this.#drop();
      return;
    }
    if (Date.now() > this.#beatDueAt + probeMS) {
      this.#probe(welcome); // this machine slept: the conn may be long gone
      return;
    }
    this.#silentBeats++;
    this.transmit({ type: "heartbeat" });
    this.#scheduleBeat(welcome);
  }

  /** Asks whether the conn lives: with no word back within seconds it is lost. */
  #probe(welcome: WelcomeFrame): void {
    this.#silentBeats = 2;
    this.transmit({ type: "heartbeat" });
    this.#scheduleBeat(welcome, probeMS);
  }

  /** Gives up a socket whose other end is silent: its own close may take minutes. */
  #drop(): void {
    this.#release();
    this.#retry();
  }

  #release(): void {
    clearTimeout(this.#timer);
    this.#renewal.stop();
    const socket = this.#socket;
    this.#socket = undefined;
    this.#silentBeats = 0;
    if (socket !== undefined) {
      mute(socket);
      socket.close(1000);
    }
    this.#requests.lost();
  }

  #closed(code: number): void {
    const steady = this.#state.name === "open" && performance.now() - this.#openedAt >= steadyMS;
    this.#release();
    if (steady) {
      this.#attempt = 0;
    }
    const expired = code === CLOSE_TOKEN_EXPIRED || this.#refusal?.code === "token_expired";
    if (expired) {
      this.#spentToken = this.#token;
    }
    if (comesBack(code) || expired) {
      this.#retry(code === CLOSE_RESTART && this.#attempt === 0 ? afterRestartMS() : undefined);
    } else {
      this.#stop(code, this.#refusal ?? new NextupError("stopped", `The server closed with ${code}.`));
    }
  }

  #retry(jitterMS = backoffMS(this.#attempt)): void {
    this.#attempt++;
    const now = performance.now();
    const notBeforeMS = Math.max(now, this.#notBefore);
    const retryAtMS = notBeforeMS + jitterMS;
    this.#timer = setTimeout(() => void this.#open(), retryAtMS - now);
    this.#become({ name: "waiting", retryAtMS, notBeforeMS, reason: this.#refusal });
  }

  #stop(code: number, error: NextupError): void {
    this.#generation++;
    this.#release();
    this.#become({ name: "stopped", code, error });
    this.#requests.rejectAll(error);
  }

  #become(state: ConnectionState): void {
    this.#state = state;
    this.emit("state", state);
  }
}

/** Whatever people wrote into a frame, it is UTF-8. */
function written(frame: ClientFrame): string {
  return JSON.stringify(frame, (_, value: unknown) => (typeof value === "string" ? wellFormed(value) : value));
}

/** A newer server may send frames that this client does not know. */
function ignoreNewer(_frame: never): void {}
