import { afterEach, beforeEach, vi } from "vitest";
import type { ClientFrame, ServerFrame, SocketLike } from "../src/core/index.ts";
import { golden } from "./fixtures.ts";

/** A socket whose other end is the test. */
export class FakeSocket implements SocketLike {
  static all: FakeSocket[] = [];
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly url: string;
  readonly protocols: string;
  sent: ClientFrame[] = [];
  closedWith: number | undefined;

  constructor(url: string, protocols: string) {
    this.url = url;
    this.protocols = protocols;
    FakeSocket.all.push(this);
  }

  static get latest(): FakeSocket {
    const socket = FakeSocket.all.at(-1);
    if (socket === undefined) {
      throw new Error("no socket was opened");
    }
    return socket;
  }

  send(data: string): void {
    this.sent.push(JSON.parse(data) as ClientFrame);
  }

  close(code?: number): void {
    this.closedWith = code;
  }

  opens(): void {
    this.onopen?.({} as never);
  }

  receives(frame: ServerFrame | { type: string }): void {
    this.onmessage?.({ data: JSON.stringify(frame) } as never);
  }

  serverCloses(code: number): void {
    this.onclose?.({ code } as never);
  }

  /** Opens and answers hello. */
  welcomes(change: object = {}): void {
    this.opens();
    const hello = this.sent[0];
    this.receives(golden("welcome", { ...(hello?.type === "hello" && { id: hello.id }), ...change }));
  }

  frames<T extends ClientFrame["type"]>(type: T): Extract<ClientFrame, { type: T }>[] {
    return this.sent.filter((f): f is Extract<ClientFrame, { type: T }> => f.type === type);
  }

  /** The newest frame of the type; the test fails where there is none. */
  last<T extends ClientFrame["type"]>(type: T): Extract<ClientFrame, { type: T }> {
    const frame = this.frames(type).at(-1);
    if (frame === undefined) {
      throw new Error(`no ${type} was sent`);
    }
    return frame;
  }

  /** Answers the newest frame of the type with ok. */
  answers(type: ClientFrame["type"], change: object = {}): void {
    const frame = this.last(type);
    this.receives({ type: "ok", ...("id" in frame && { id: frame.id }), ...change });
  }
}

/** Lets promises settle without letting time pass. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) {
    await Promise.resolve();
  }
}

/** Begins each test of a file without sockets, at a fixed time and with a fixed chance. */
export function freshSockets(): void {
  beforeEach(() => {
    FakeSocket.all = [];
    vi.useFakeTimers({ now: 1_793_996_400_000 });
    vi.spyOn(Math, "random").mockReturnValue(0.5);
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
}
