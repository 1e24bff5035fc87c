import type { SocketClass } from "../core/index.ts";

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
    const socket = new WebSocket(url, protocols);
    let heard = false;
    socket.addEventListener("message", () => {
      heard = true;
      told = false;
    });
    socket.addEventListener("close", ({ code }) => {
      told ||= code === 1012 || code === 4003;
      if (!heard && !told && code < 4000) {
        void fetchStream();
      }
    });
    return socket;
  }
}

/** The class of streams while they are used. */
let Stream: SocketClass | undefined;
/** A gateway told to come back, and none has been heard since. */
let told = false;
let tries = 0;

const load: (again: string) => Promise<Module> = (_again) => import("./stream.ts");

async function fetchStream(): Promise<void> {
  try {
    const { begin } = await load(tries++ === 0 ? "" : `?${tries}`);
    Stream = begin(() => (Stream = undefined));
  } catch {
    // the next failure asks again
  }
}

/** Returns the class that a connection of a page dials with. Where this browser needed a stream lately, the page begins with one. */
export function anySocket(): SocketClass {
  addEventListener("online", () => (told = false)); // it may be another network
  try {
    if (Number(localStorage.getItem(memory)) > Date.now()) {
      void fetchStream();
    }
  } catch {
    // there is no storage, or it is forbidden here
  }
  return AnySocket as unknown as SocketClass;
}
