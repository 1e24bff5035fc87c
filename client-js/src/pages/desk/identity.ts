import { demoToken, recall, remember, type Demo } from "../shared/identity.ts";

/**
 * The person at the desk: by a token that was pasted or came with the address, or
 * one that a demo gateway gives tokens to. It is kept per tab, so that two tabs
 * are two people.
 */
export type Identity =
  | { readonly kind: "token"; readonly token: string; readonly role: "agent" | "supervisor" }
  | ({ readonly kind: "demo"; readonly role: "agent" | "supervisor" } & Demo);

const key = "nextup.desk.identity";

export function recalled(): Identity | undefined {
  return recall<Identity>(key);
}

/** Keeps the identity over a reload, or forgets it. */
export function keepIdentity(identity: Identity | undefined): void {
  remember(key, identity);
}

/** Reports whether the gateway hands out tokens to all, as in demo mode. */
export async function isDemo(): Promise<boolean> {
  try {
    const answer = await fetch("demo/token?role=agent&sub=nobody");
    return answer.ok;
  } catch {
    return false;
  }
}

export async function tokenOf(identity: Identity): Promise<string> {
  return identity.kind === "token" ? identity.token : demoToken(identity);
}

/**
 * The same name is the same agent, so that an agent of the site file can be
 * signed in as; a name without Latin letters becomes its code points.
 */
export function subjectOf(name: string): string {
  const plain = name.trim().toLowerCase();
  if (/^[a-z0-9][a-z0-9 _-]*$/.test(plain)) {
    return plain.replaceAll(" ", "-");
  }
  return `agent-${Array.from(plain, (c) => c.codePointAt(0)?.toString(36)).join("-")}`.slice(0, 64);
}

export function socketAddress(): string {
  const address = new URL("v1/connect", location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  address.search = "";
  address.hash = "";
  return address.href;
}
