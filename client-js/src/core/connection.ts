import { backoffMS, comesBack, shuffled } from "./backoff.ts";
import type { ConnectionEvents, ConnectionOptions, ConnectionState, TokenSource } from "./connection-state.ts";
import { Emitter } from "./emitter.ts";
import { asError, ignoreNewer, NextupError, refused } from "./errors.ts";
import { Heartbeat } from "./heartbeat.ts";
import { CLOSE_RESTART, CLOSE_TOKEN_EXPIRED, SUBPROTOCOL, type ClientFrame, type OKFrame, type ServerFrame, type WelcomeFrame } from "./protocol.gen.ts";
import { Requests, type RequestFrame, type RequestOptions } from "./requests.ts";
import { Renewal } from "./renewal.ts";
import type { SocketLike } from "./socket.ts";
import { encode } from "./text.ts";
import { Tokens } from "./tokens.ts";

const welcomeTimeoutMS = 10_000;
/** Clients of a gateway that leaves are spread in time by it: a little jitter, no back-off. */
const restartMS = 500;
/** A conn that lived this long resets the back-off. */
const steadyMS = 5_000;

/**
 * Connection keeps one authenticated socket alive: hello, heartbeats, token
 * renewal, and reconnects by the contract of the close codes. What it receives
 * it hands on as events; requests wait for it across reconnects.
 */
export class Connection extends Emitter<ConnectionEvents> {
  readonly #options: ConnectionOptions;
  readonly #tokens: Tokens;
  readonly #urls: readonly string[];
  /** Counts the dials: each takes the next address. */
  #dials = 0;
  readonly #requests = new Requests((frame) => this.transmit(frame));
  readonly #heartbeat = new Heartbeat(
    () => this.transmit({ type: "heartbeat" }),
    () => this.#drop(),
  );
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
  #refusal: NextupError | undefined;
  /** The server asked us not to come back before (of performance.now). */
  #notBefore = 0;
  /** From performance.now to the log's time; to this machine's, before the log's is known. */
  #clockOffset = Date.now() - performance.now();
  /** The timer of the state: retry or welcome. */
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Rises with every connect, so that a late token is not used. */
  #generation = 0;

  constructor(options: ConnectionOptions) {
    super();
    this.#options = options;
    this.#tokens = new Tokens(options.token);
    this.#urls = shuffled([options.url].flat());
    this.#renewal = new Renewal({
      token: () => this.#tokens.ask(),
      now: () => this.now(),
      renew: async (token) => {
        if (this.#isAnothers(token)) {
          this.#release();
          void this.#open();
          return 0;
        }
        const answer = await this.request({ type: "renew", token }, { resend: false });
        this.#tokens.used = token;
        return answer.expires_at_ms ?? 0;
      },
      failed: (error) => this.emit("error", error),
    });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** The person of the newest token, as one string; "" while there was none. */
  get identity(): string {
    return this.#tokens.identity;
  }

  /** The newest welcome: one's own role and subject, the site's departments, and the features that it takes. */
  get welcome(): WelcomeFrame | undefined {
    return this.#welcome;
  }

  /** Reports whether the site's log can be reached, by what the server last told. */
  get available(): boolean {
    return this.#available;
  }

  /** The log's time in Unix milliseconds, as well as this client can tell; setting this machine's clock does not move it. */
  now(): number {
    return performance.now() + this.#clockOffset;
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
    this.#stop(1000, new NextupError("stopped", "The connection was closed."));
  }

  /**
   * Ends all that belongs to the current person, at once, and begins for another;
   * token gives the tokens from now on. A late answer of the old source changes nothing.
   */
  identify(token: TokenSource): void {
    this.#tokens.source = token;
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
  recheck(token = this.#tokens.source): void {
    this.#tokens.source = token;
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
   * Finds out soon whether the conn lives; call it when the network is back or the
   * page is seen again. Earlier failures mean nothing then, so the back-off begins anew.
   */
  wake(): void {
    this.#attempt = 0;
    if (this.#state.name === "waiting") {
      this.connect();
    } else if (this.#state.name === "open") {
      this.#heartbeat.probe();
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
      this.#socket?.send(encode(frame));
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
      token = await this.#tokens.ask();
    } catch (error) {
      if (generation === this.#generation) {
        this.emit("error", asError(error));
        this.#retry();
      }
      return;
    }
    if (generation !== this.#generation) {
      return;
    }
    this.#isAnothers(token);
    if (token === this.#tokens.expired) {
      this.#stop(CLOSE_TOKEN_EXPIRED, new NextupError("stopped", "The token has expired."));
      return;
    }
    this.#tokens.used = token;
    try {
      this.#dial(token);
    } catch (error) {
      this.#stop(0, new NextupError("stopped", `No connection can be opened: ${String(error)}`));
    }
  }

  /** Reports whether the token is another person's than the one before it, and then forgets the person before. */
  #isAnothers(token: string): boolean {
    const another = this.#tokens.anotherOf(token);
    if (another) {
      this.#forget(another);
    }
    return another !== "";
  }

  #end(): void {
    this.#generation++; // a token that is on its way is not used
    this.#release();
    this.#forget("");
  }

  #forget(identity: string): void {
    this.#tokens.begin(identity);
    this.#welcome = undefined;
    this.#log = 0;
    this.emit("identity", identity);
    this.#requests.rejectAll(new NextupError("stopped", "The person has changed."));
  }

  #dial(token: string): void {
    const WebSocketClass = this.#options.WebSocket ?? globalThis.WebSocket;
    const url = this.#urls[this.#dials++ % this.#urls.length] ?? "";
    const socket: SocketLike = new WebSocketClass(url, SUBPROTOCOL);
    this.#socket = socket;
    socket.onopen = () => {
      this.#helloID = this.#requests.nextID();
      socket.send(encode({ type: "hello", id: this.#helloID, token, ...(this.#log > 0 && { log: this.#log }) }));
    };
    socket.onmessage = (event: { data: unknown }) => this.#receive(String(event.data));
    socket.onclose = (event: { code: number }) => this.#closed(event.code);
    socket.onerror = () => undefined; // close follows and tells the code
  }

  #receive(data: string): void {
    this.#heartbeat.heard();
    let frame: ServerFrame;
    try {
      frame = JSON.parse(data) as ServerFrame;
    } catch {
      this.emit("error", new Error("The server sent no frame."));
      return;
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
        this.emit(frame.type, frame as never);
        break;
      case "typing":
      case "entry":
        this.emit(frame.type, frame as never);
        break;
      case "reset":
        this.#log = 0;
        this.emit(frame.type, frame as never);
        break;
      default:
        ignoreNewer(frame);
    }
  }

  #welcomed(frame: WelcomeFrame): void {
    this.#welcome = frame;
    this.#openedAt = performance.now();
    this.#clockOffset = frame.now_ms - this.#openedAt;
    clearTimeout(this.#timer);
    this.#heartbeat.start(frame.heartbeat_s * 1_000);
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

  /** Gives up a socket with a silent other end: its own close may take minutes. */
  #drop(): void {
    this.#release();
    this.#retry();
  }

  #release(): void {
    clearTimeout(this.#timer);
    this.#heartbeat.stop();
    this.#renewal.stop();
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket !== undefined) {
      socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null; // nothing late is heard of it
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
      this.#tokens.expired = this.#tokens.used;
    }
    if (comesBack(code) || expired) {
      this.#retry(code === CLOSE_RESTART && this.#attempt === 0 ? Math.random() * restartMS : undefined);
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
