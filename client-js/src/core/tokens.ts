import type { TokenSource } from "./connection-state.ts";
import { identityOf } from "./identity.ts";

/** Tokens asks for the tokens of a connection and knows the person of the newest one. */
export class Tokens {
  source: TokenSource;
  /** The person of the newest token, as one string; "" while there was none. */
  identity = "";
  /** The token that the conn was opened with or was renewed by. */
  used = "";
  /** The one that the server called expired: it is of no use any more. */
  expired = "";

  constructor(source: TokenSource) {
    this.source = source;
  }

  /** Asks for a token. What is not even written like one, as a log-in page, is a failure that may pass. */
  async ask(): Promise<string> {
    const token = await this.source();
    if (!/^[\w.~+/-]+=*$/.test(token ?? "")) {
      throw new TypeError("The token source gave no token.");
    }
    return token;
  }

  /** Begins with another person, or with none. */
  begin(identity: string): void {
    this.identity = identity;
    this.used = this.expired = "";
  }

  /** Returns the identity of a token where it is another than that of the one before it, else "". */
  anotherOf(token: string): string {
    const identity = identityOf(token);
    const before = this.identity || identity;
    this.identity = identity || before; // what is no token names no person
    return identity === before ? "" : identity;
  }
}
