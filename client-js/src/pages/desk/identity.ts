/**
 * Who the desk speaks for: a token that was pasted or came with the address, or
 * somebody to whom the gateway hands out tokens itself, which it does in demo
 * mode only. It is kept per tab, so that two tabs are two people.
 */
export type Identity =
  | { readonly kind: "token"; readonly token: string; readonly role: "agent" | "supervisor" }
  | { readonly kind: "demo"; readonly role: "agent" | "supervisor"; readonly sub: string; readonly name: string; readonly languages: readonly string[] };

const key = "nextup.desk.identity";

export function recalled(): Identity | undefined {
  try {
    return (JSON.parse(sessionStorage.getItem(key) ?? "null") as Identity | null) ?? undefined;
  } catch {
    return undefined;
  }
}

export function remember(identity: Identity): void {
  try {
    sessionStorage.setItem(key, JSON.stringify(identity));
  } catch {
    // forbidden: signed in until the page is left
  }
}

export function forget(): void {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // forbidden: there was nothing to forget
  }
}

/** Takes the token out of the address (?token= or #token=), so that it is not bookmarked or shared. */
export function tokenFromAddress(): string | undefined {
  const here = new URL(location.href);
  const token = here.searchParams.get("token") ?? new URLSearchParams(here.hash.slice(1)).get("token");
  if (token === null) {
    return undefined;
  }
  here.searchParams.delete("token");
  here.hash = "";
  history.replaceState(null, "", here);
  return token;
}

/** Whether the gateway hands out tokens to anybody. */
export async function isDemo(): Promise<boolean> {
  try {
    const answer = await fetch("demo/token?role=agent&sub=nobody");
    return answer.ok;
  } catch {
    return false;
  }
}

export async function tokenOf(identity: Identity): Promise<string> {
  if (identity.kind === "token") {
    return identity.token;
  }
  const { role, sub, name, languages } = identity;
  const query = new URLSearchParams({ role, sub, name, languages: languages.join(",") });
  const answer = await fetch(`demo/token?${query}`);
  if (!answer.ok) {
    throw new Error(answer.status === 404 ? "This gateway hands out no demo tokens: paste one." : `The gateway gave no token (${answer.status}).`);
  }
  const body = (await answer.json()) as { token: string };
  return body.token;
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
