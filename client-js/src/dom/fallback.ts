import type { SocketClass, SocketLike } from "../core/index.ts";

type Module = typeof import("./stream.ts");

/** Until when streams are remembered to be needed here, in Date.now. */
const memory = "nextup.stream";

/**
 * The class to dial with: a WebSocket, or a stream where the network lets none through. A
 * socket that failed without a word of a gateway leads to a try of a stream. One that was
 * closed with 1012 or 4003 does not: there the gateway is at fault, and not the network. It
 * is a class, since a minifier may make of a function one that cannot be called with new.
 */
// oxlint-disable-next-line typescript/no-extraneous-class -- it stands for the class that its constructor returns
class AnySocket {
  constructor(url: string, protocols: string) {
    if (Stream !== undefined) {
      return new Stream(url, protocols);
    }
    if (coming !== undefined) {
      return new Coming();
    }
    const socket = new WebSocket(url, protocols);
    const began = Date.now();
    let heard = false;
    let ours = false;
    const close = socket.close.bind(socket);
    socket.close = (...why) => {
      ours ||= Date.now() - began < hangsMS; // later it is given up, since it hangs
      close(...why);
    };
    socket.addEventListener("message", () => {
      heard = true;
      told = false;
    });
    socket.addEventListener("close", ({ code }) => {
      told ||= code === 1012 || code === 4003;
      if (!heard && !told && !ours && code < 4000 && navigator.onLine !== false) {
        void fetchStream();
      }
    });
    return socket;
  }
}

/** It ends as if a gateway told to come back, once streams are there: one was needed here lately. */
class Coming implements SocketLike {
  onopen = null;
  onmessage = null;
  onclose: ((event: never) => void) | null = null;
  onerror = null;

  constructor() {
    void coming?.then(() => this.onclose?.({ code: 1012 } as never));
  }

  send(): void {
    // it never opens
  }

  close(): void {
    this.onclose = null;
  }
}

/** A page gives a socket 10 s to its welcome. */
const hangsMS = 9_000;
let coming: Promise<void> | undefined;
/** The class of streams while they are used. */
let Stream: SocketClass | undefined;
/** A gateway told to come back, and none has been heard since. */
let told = false;
let tries = 0;
let module: Module | undefined;

const load: (again: string) => Promise<Module> = (_again) => import("./stream.ts");

async function fetchStream(): Promise<void> {
  try {
    module ??= await load(tries++ === 0 ? "" : `?${tries}`);
    Stream = module.begin(() => (Stream = undefined));
  } catch {
    // the next failure asks again
  }
}

/** Returns the class that a connection of a page dials with. Where this browser needed a stream lately, the page begins with one. */
export function anySocket(): SocketClass {
  addEventListener("online", () => (told = false)); // it may be another network
  try {
    if (Number(localStorage.getItem(memory)) > Date.now()) {
      coming = fetchStream().finally(() => (coming = undefined));
    }
  } catch {
    // there is no storage, or it is forbidden here
  }
  return AnySocket as unknown as SocketClass;
}
