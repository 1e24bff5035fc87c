import { Connection, type ConnectionState } from "../src/core/index.ts";
import { FakeSocket, settle } from "./fake-socket.ts";

export const url = "ws://127.0.0.1:1/v1/connect";

/** A connection whose tokens are t1, t2, and so on. */
export function connection(token?: () => string | Promise<string>, urls: string | string[] = url) {
  let count = 0;
  const states: ConnectionState[] = [];
  const c = new Connection({ url: urls, token: token ?? (() => `t${++count}`), WebSocket: FakeSocket });
  c.on("state", (s) => states.push(s));
  return { c, states };
}

export async function opened(welcome: object = {}) {
  const made = connection();
  made.c.connect();
  await settle();
  FakeSocket.latest.welcomes(welcome);
  return { ...made, socket: FakeSocket.latest };
}
