import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** What a network between a browser and a gateway does to the traffic. */
export interface Network {
  /** Ends every socket after so long. */
  readonly cutMS?: number;
  /**
   * What it does to a socket that is asked for: it takes the Upgrade out, so that the gateway sees a plain request,
   * or ends it. The stream that a page falls back to gets through.
   */
  readonly sockets?: "stripped" | "refused";
  /** One request in so many gets no answer, sockets included; the third is the first of them. */
  readonly failsOneIn?: number;
}

/**
 * A proxy in front of a gateway: the network that a page has to live with. It serves the gateway at / and, as below
 * a path of a larger host, at /chat/.
 */
export class Proxy {
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  readonly #to: URL;
  readonly #network: Network;
  #requests = 0;
  #port = 0;
  /** How much of the traffic was spoilt. */
  spoilt = 0;

  private constructor(gateway: string, network: Network) {
    this.#to = new URL(gateway);
    this.#network = network;
    this.#server = createServer((incoming, outgoing) => this.#pass(incoming, outgoing));
    if (network.sockets !== "stripped") {
      this.#server.on("upgrade", (incoming, socket, head) => this.#join(incoming, socket, head));
    }
  }

  static async before(gateway: string, network: Network): Promise<Proxy> {
    const proxy = new Proxy(gateway, network);
    await proxy.start();
    return proxy;
  }

  get address(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Lets traffic through, after a stop at the same address. */
  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, "127.0.0.1", resolve));
    const address = this.#server.address();
    this.#port = typeof address === "object" && address !== null ? address.port : 0;
  }

  async stop(): Promise<void> {
    this.#sockets.forEach((socket) => socket.destroy());
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #fails(): boolean {
    const { failsOneIn } = this.#network;
    const fails = failsOneIn !== undefined && ++this.#requests % failsOneIn === 3;
    this.spoilt += Number(fails);
    return fails;
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    if (this.#fails()) {
      incoming.socket.destroy();
      return;
    }
    const { hostname, port } = this.#to;
    const { upgrade, ...headers } = incoming.headers;
    if (upgrade !== undefined) {
      this.spoilt++;
      headers.connection = "close";
    }
    const onward = request({ hostname, port, method: incoming.method, path: pathOf(incoming), headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on("error", () => outgoing.destroy());
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy()); // a stream ends only when the page leaves it
    incoming.pipe(onward);
  }

  #join(incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refused = this.#network.sockets === "refused";
    this.spoilt += Number(refused);
    if (refused || this.#fails()) {
      socket.destroy();
      return;
    }
    const onward: Socket = connect(Number(this.#to.port), this.#to.hostname, () => {
      const lines = [`${incoming.method} ${pathOf(incoming)} HTTP/1.1`];
      for (let i = 0; i < incoming.rawHeaders.length; i += 2) {
        lines.push(`${incoming.rawHeaders[i]}: ${incoming.rawHeaders[i + 1]}`);
      }
      onward.write(`${lines.join("\r\n")}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    const { cutMS } = this.#network;
    const cut = () => {
      this.spoilt++;
      socket.destroy();
    };
    const cutting = cutMS === undefined ? undefined : setTimeout(cut, cutMS);
    const end = () => {
      clearTimeout(cutting);
      this.#sockets.delete(socket);
      onward.destroy();
      socket.destroy();
    };
    this.#sockets.add(socket);
    for (const side of [socket, onward]) {
      side.on("error", end);
      side.on("close", end);
    }
  }
}

function pathOf({ url = "/" }: IncomingMessage): string {
  return url.replace(/^\/chat\//, "/");
}
