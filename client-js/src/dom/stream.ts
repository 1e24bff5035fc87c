import { read } from "./stream-events.ts";
import { Shared } from "./shared-stream.ts";
import type { ServerFrame, SocketClass, SocketLike, WelcomeFrame } from "../core/index.ts";

// This module comes on demand, where the network lets no WebSocket through.

const broken = 1006;
const restart = 1012;
const unavailable = 4003;
const unauthorized = 4500;
const tokenExpired = 4501;
const tooLarge = 1009;
const subprotocol = "nextup.v1";
/** How much longer than two heartbeats a stream may be silent. */
const marginMS = 2_000;
const reopenAgainMS = 5_000;
const answerMS = 5_000;
/** How long a post may take: longer than a gateway, which answers within 7 s. */
const postMS = 10_000;
const beatMS = 4_000;
/** After how long without a welcome a network is taken for one that holds streams back. */
const heldMS = 4_000;
const pollAgainMS = 1_000;
/** For how long a frame is posted again: the page's requests are given up after that. */
const frameMS = 20_000;
/** The longest wait before a frame is posted again. */
const againMS = 5_000;
const firstProbeMS = 1_000;
const probeMS = 600_000;
/** Where fallback.ts reads it. */
const memory = "nextup.stream";
const rememberedMS = 86_400_000;

/**
 * StreamSocket looks like a socket and is an event stream down, with a POST for each frame up.
 * Its hello opens the stream. In time it opens another one and leaves the one before: it then
 * passes on a welcome, as after a reconnect. While it is open it finds out again and again
 * whether sockets come through by now, and then ends as if a gateway told to come back. So a
 * gateway that was away for a moment keeps no client on streams. The tabs of an origin share
 * one stream: the others take what the tab says that has it, and post their own frames.
 */
class StreamSocket implements SocketLike {
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly #url: string;
  #token = "";
  #hello: Record<string, unknown> = {};
  #conn = "";
  #beatMS = 0;
  #stream = new AbortController();
  /** The stream that is being opened in place of it. */
  #next: AbortController | undefined;
  #shared: Shared | undefined;
  /** A gateway has answered the hello. */
  #taken = false;
  #ended = false;
  /** The frames whose order matters, one after the other. */
  #posted: Promise<void> = Promise.resolve();
  #silence: ReturnType<typeof setTimeout> | undefined;
  #reopen: ReturnType<typeof setTimeout> | undefined;
  #probe: ReturnType<typeof setTimeout> | undefined;
  readonly #sockets: string;
  readonly #ask = (): void => {
    clearTimeout(this.#probe);
    probe(this.#sockets, (passes) => this.#probed(passes));
  };

  constructor(url: string) {
    this.#sockets = url;
    this.#url = url.replace(/^ws/, "http");
    addEventListener("online", this.#ask);
    queueMicrotask(() => this.onopen?.({} as never));
  }

  send(data: string): void {
    const frame = JSON.parse(data) as Frame;
    if (this.#token === "") {
      const { token = "", ...hello } = frame;
      this.#token = token;
      this.#hello = hello;
      this.#shared = new Shared(
        this.#url,
        token,
        () => void this.#open((this.#stream = new AbortController())),
        (text) => this.#told(text),
        () => this.#closed(broken),
      );
    } else if (frame.type === "heartbeat") {
      void this.#post(data, frame, this.#beatMS, beatMS); // it waits for no other
    } else {
      const until = frame.type === "typing" ? 0 : frameMS;
      const at = Date.now();
      this.#posted = this.#posted.then(() => this.#post(data, frame, until && at + until - Date.now(), postMS));
    }
  }

  close(): void {
    this.#ended = true;
    clearTimeout(this.#silence);
    clearTimeout(this.#reopen);
    clearTimeout(this.#probe);
    removeEventListener("online", this.#ask);
    this.#shared?.close();
    this.#stream.abort();
    this.#next?.abort();
    if (!this.#taken) {
      off(); // no gateway took the stream
    }
  }

  #closed(code: number): void {
    if (!this.#ended) {
      this.close();
      this.onclose?.({ code } as never);
    }
  }

  #fetch(body: string, signal: AbortSignal, more: Record<string, string> = {}): Promise<Response> {
    return fetch(this.#url, {
      method: "POST",
      body,
      headers: { Authorization: `Bearer ${this.#token}`, "Content-Type": "application/json", ...more },
      credentials: "omit",
      cache: "no-store",
      signal,
    });
  }

  /** Opens a stream, or polls, and reads to the end, which is the socket's if the stream is the newest. */
  async #open(stream: AbortController, polls = held): Promise<void> {
    let code: number | undefined = broken;
    let conn = "";
    let events = 0;
    const take = (text: string) => {
      events++;
      clearTimeout(late);
      conn = this.#took(text, stream) || conn;
      held = polls;
    };
    // An answer that is held back may be in hand at a gateway. One that ends gets through.
    const late = polls ? undefined : setTimeout(() => this.#again(true), heldMS);
    try {
      const response = await this.#fetch(JSON.stringify(this.#hello), stream.signal, polls ? { "Nextup-Poll": "0" } : {});
      code = response.ok ? await read(response, stream.signal, take) : await this.#refused(response);
      if (polls) {
        while (code === undefined) {
          code = await read(await this.#poll(stream, conn, events), stream.signal, take);
        }
      }
    } catch {
      // broken
    }
    clearTimeout(late);
    if (stream === this.#stream) {
      this.#closed(code ?? broken);
    } else if (!stream.signal.aborted) {
      stream.abort();
      this.#later(reopenAgainMS); // the next one did not come
    }
  }

  /** Asks for the events that follow, again where the network fails. */
  async #poll({ signal }: AbortController, conn: string, events: number): Promise<Response> {
    for (;;) {
      const response = await this.#fetch("{}", signal, { "Nextup-Conn": conn, "Nextup-Poll": String(events) }).catch(() => undefined);
      if (response?.ok || response?.status === 410 || signal.aborted) {
        return response ?? Response.error();
      }
      await new Promise((resolve) => setTimeout(resolve, pollAgainMS));
    }
  }

  /** Passes on why there is no stream, and returns the code that a socket would be closed with. */
  async #refused(response: Response): Promise<number> {
    const error = (await response.json()) as ServerFrame;
    if (error.type !== "error") {
      return broken;
    }
    this.#taken = true;
    this.#receive({ ...error, id: String(this.#hello.id) });
    return error.retry_after_ms ? unavailable : unauthorized;
  }

  /** Takes an event of a stream, and returns the conn that it names. */
  #took(text: string, stream: AbortController): string | undefined {
    const frame = JSON.parse(text) as ServerFrame;
    if (frame.type === "welcome") {
      this.#welcomed(frame, stream);
    }
    if (stream === this.#stream) {
      this.#shared?.tell(frame.type, text);
      this.#heard(frame, text);
    }
    return frame.type === "welcome" ? frame.conn : undefined;
  }

  /** Takes an event of another tab's stream: the first is a welcome, and one that is repeated is for a tab that came later. */
  #told(text: string): void {
    const frame = JSON.parse(text) as ServerFrame;
    if (frame.type === "welcome" ? frame.conn !== this.#conn : this.#taken) {
      this.#heard(frame, text);
    }
  }

  /** Takes an event of the newest stream. */
  #heard(frame: ServerFrame, text: string): void {
    if (frame.type === "welcome") {
      if (this.#conn === "") {
        this.#probe = setTimeout(this.#ask, firstProbeMS);
      }
      this.#taken = true;
      this.#conn = frame.conn ?? "";
      this.#beatMS = frame.heartbeat_s * 1_000;
    }
    this.#listen();
    this.#receive(frame, text);
  }

  #welcomed({ reopen_s = 0 }: WelcomeFrame, stream: AbortController): void {
    const before = this.#stream;
    this.#stream = stream;
    if (this.#next !== stream) {
      this.#next?.abort();
    }
    this.#next = undefined;
    this.#later(reopen_s * 1_000);
    if (before !== stream) {
      before.abort();
    }
  }

  #probed(passes: boolean): void {
    if (this.#ended) {
      return;
    }
    remember(passes ? 0 : Date.now() + rememberedMS);
    if (passes) {
      off();
      this.#closed(restart);
    } else {
      clearTimeout(this.#probe); // two may have been asked at once
      this.#probe = setTimeout(this.#ask, probeMS);
    }
  }

  #later(waitMS: number): void {
    clearTimeout(this.#reopen);
    if (waitMS > 0) {
      this.#reopen = setTimeout(() => this.#again(), waitMS);
    }
  }

  /** Opens another stream in place of the one that there is. */
  #again(polls = false): void {
    this.#next?.abort();
    void this.#open((this.#next = new AbortController()), polls);
  }

  /** The gateway beats along: a stream that is silent is dead, whatever the answers to posts say. */
  #listen(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      held = this.#shared?.leads ?? false; // by what is between, or dead
      this.#closed(broken);
    }, 2 * this.#beatMS + marginMS);
  }

  #receive(frame: ServerFrame, text = JSON.stringify(frame)): void {
    if (frame.type === "ticket" || frame.type === "desk" || frame.type === "board") {
      this.#hello.log = frame.log;
    } else if (frame.type === "reset" && frame.ticket === undefined) {
      delete this.#hello.log;
    }
    this.onmessage?.({ data: text } as never);
  }

  /**
   * Posts a frame until a gateway answers it, or once where there is no time: every request may
   * be repeated. What a gateway refuses is the request's, as on a socket. Where a request finds
   * no gateway in its time the conn ends, and what still waits is posted on the next.
   */
  async #post(data: string, { id, token }: Frame, forMS: number, eachMS: number): Promise<void> {
    const until = Date.now() + forMS;
    for (let attempt = 0; !this.#ended; attempt++) {
      const conn = this.#conn;
      const post = new AbortController();
      const late = setTimeout(() => post.abort(), eachMS);
      try {
        const response = await this.#fetch(data, post.signal, { "Nextup-Conn": conn });
        if (response.status === 410 && conn !== this.#conn) {
          continue; // it was for the conn before
        }
        if (response.status === 410 || response.status === 413) {
          this.#closed(response.status === 413 ? tooLarge : broken);
          return;
        }
        if (response.status === 204) {
          return;
        }
        const answer = (await response.json()) as ServerFrame; // or it is not of a gateway
        if (answer.type === "error" && answer.code === "token_expired") {
          this.#closed(tokenExpired);
        } else if (!this.#ended && (response.ok || id)) {
          if (token && answer.type === "ok") {
            this.#token = token; // renewed
          }
          this.#receive(response.ok ? answer : ({ ...answer, id } as ServerFrame));
        }
        return;
      } catch {
        // the network failed
      } finally {
        clearTimeout(late);
      }
      const waitMS = Math.random() * Math.min(againMS, 1_000 * 2 ** attempt);
      if (Date.now() + waitMS >= until) {
        if (id) {
          this.#closed(broken);
        }
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, waitMS));
    }
  }
}

interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly token?: string;
}

/** Streams were held back here: the next conn polls at once. */
let held = false;

let off: () => void = () => undefined;

/** Returns the class of streams; end is called when it is no longer to be used. */
export function begin(end: () => void): SocketClass {
  off = end;
  return StreamSocket;
}

/** Finds out whether sockets come through: whether a frame is answered on one, which needs no token. */
function probe(url: string, told: (passes: boolean) => void): void {
  let socket: SocketLike | undefined;
  const end = (passes: boolean) => {
    clearTimeout(late);
    if (socket !== undefined) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close(1000);
      socket = undefined;
    }
    told(passes);
  };
  const late = setTimeout(() => end(false), answerMS);
  try {
    socket = new WebSocket(url, subprotocol);
  } catch {
    end(false); // the page's policy forbids it
    return;
  }
  socket.onopen = () => socket?.send('{"type":"heartbeat"}');
  socket.onmessage = () => end(true);
  socket.onclose = () => end(false);
}

function remember(until: number): void {
  try {
    localStorage.setItem(memory, String(until));
  } catch {
    // it is asked again with the next page
  }
}
