import type { ServerFrame, SocketClass, SocketLike, WelcomeFrame } from "../core/index.ts";

// This module comes on demand, where the network lets no WebSocket through.

const broken = 1006;
const restart = 1012;
const unavailable = 4003;
const unauthorized = 4500;
const subprotocol = "nextup.v1";
/** How much longer than two heartbeats a stream may be silent. */
const marginMS = 2_000;
const reopenAgainMS = 5_000;
const answerMS = 5_000;
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
 * gateway that was away for a moment keeps no client on streams.
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
    const frame = JSON.parse(data) as { type: string; token?: string };
    if (this.#token === "") {
      const { token = "", ...hello } = frame;
      this.#token = token;
      this.#hello = hello;
      void this.#open(this.#stream);
    } else if (frame.type === "heartbeat") {
      void this.#post(data, true); // it waits for no other
    } else {
      this.#posted = this.#posted.then(() => this.#post(data, frame.type === "typing", frame.token));
    }
  }

  close(): void {
    this.#ended = true;
    clearTimeout(this.#silence);
    clearTimeout(this.#reopen);
    clearTimeout(this.#probe);
    removeEventListener("online", this.#ask);
    this.#stream.abort();
  }

  #closed(code: number): void {
    if (!this.#ended) {
      if (this.#conn === "" && code === broken) {
        off(); // no gateway took the stream
      }
      this.close();
      this.onclose?.({ code } as never);
    }
  }

  #fetch(body: string, init: RequestInit, conn = ""): Promise<Response> {
    return fetch(this.#url, {
      method: "POST",
      body,
      headers: { Authorization: `Bearer ${this.#token}`, "Content-Type": "application/json", ...(conn && { "Nextup-Conn": conn }) },
      credentials: "omit",
      cache: "no-store",
      ...init,
    });
  }

  /** Opens a stream and reads it to its end, which is the socket's if the stream is the newest. */
  async #open(stream: AbortController): Promise<void> {
    let code = broken;
    try {
      const response = await this.#fetch(JSON.stringify(this.#hello), { signal: stream.signal });
      code = response.ok && response.body ? await this.#read(response.body, stream) : await this.#refused(response);
    } catch {
      // broken
    }
    if (stream === this.#stream) {
      this.#closed(code);
    } else if (!this.#ended && !stream.signal.aborted) {
      this.#later(reopenAgainMS); // the next one did not come
    }
  }

  /** Passes on why there is no stream, and returns the code that a socket would be closed with. */
  async #refused(response: Response): Promise<number> {
    const error = (await response.json()) as ServerFrame;
    if (error.type !== "error") {
      return broken;
    }
    this.#receive({ ...error, id: String(this.#hello.id) });
    return error.retry_after_ms ? unavailable : unauthorized;
  }

  async #read(body: ReadableStream<Uint8Array>, stream: AbortController): Promise<number> {
    const reader = body.getReader();
    const decoder = new TextDecoder();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) {
        return broken;
      }
      text += decoder.decode(value, { stream: true });
      const events = text.split("\n\n");
      text = events.pop() ?? "";
      for (const event of events) {
        const data = JSON.parse(event.slice(event.indexOf("data: ") + 6)) as ServerFrame & { code: number };
        if (event.startsWith("event: close")) {
          return data.code;
        }
        if (data.type === "welcome") {
          this.#welcomed(data, stream);
        }
        if (stream === this.#stream) {
          this.#listen();
          this.#receive(data);
        }
      }
    }
  }

  #welcomed({ conn = "", heartbeat_s, reopen_s = 0 }: WelcomeFrame, stream: AbortController): void {
    const before = this.#stream;
    if (this.#conn === "") {
      this.#probe = setTimeout(this.#ask, firstProbeMS);
    }
    this.#stream = stream;
    this.#conn = conn;
    this.#beatMS = heartbeat_s * 1_000;
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
      this.#probe = setTimeout(this.#ask, probeMS);
    }
  }

  #later(waitMS: number): void {
    clearTimeout(this.#reopen);
    if (waitMS > 0) {
      this.#reopen = setTimeout(() => void this.#open(new AbortController()), waitMS);
    }
  }

  /** The gateway beats along: a stream that is silent is dead, whatever the answers to posts say. */
  #listen(): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#closed(broken), 2 * this.#beatMS + marginMS);
  }

  #receive(frame: ServerFrame): void {
    if (frame.type === "ticket" || frame.type === "desk" || frame.type === "board") {
      this.#hello.log = frame.log;
    } else if (frame.type === "reset" && frame.ticket === undefined) {
      delete this.#hello.log;
    }
    this.onmessage?.({ data: JSON.stringify(frame) } as never);
  }

  /** Posts a frame until it is answered, or once: every request may be repeated. */
  async #post(data: string, once: boolean, token = ""): Promise<void> {
    for (let attempt = 0; !this.#ended; attempt++) {
      try {
        const response = await this.#fetch(data, {}, this.#conn);
        if (response.status === 410) {
          this.#closed(broken);
          return;
        }
        if (response.ok) {
          if (response.status === 200 && !this.#ended) {
            const answer = (await response.json()) as ServerFrame;
            if (token && answer.type === "ok") {
              this.#token = token; // renewed
            }
            this.#receive(answer);
          }
          return;
        }
        if (response.status < 500 && response.status !== 408 && response.status !== 429) {
          return; // it does not get better; the conn's end tells why
        }
      } catch {
        // the network failed
      }
      if (once) {
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(30_000, 1_000 * 2 ** attempt)));
    }
  }
}

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
      told(passes);
    }
  };
  const late = setTimeout(() => end(false), answerMS);
  socket = new WebSocket(url, subprotocol);
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
