/**
 * The part of a WebSocket that the core uses. Browsers have it as a global;
 * elsewhere a class such as that of the package ws is injected.
 */
export interface SocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

export type SocketClass = new (url: string, protocols: string) => SocketLike;
