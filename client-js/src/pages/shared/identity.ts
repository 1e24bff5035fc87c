/**
 * Who a page speaks for. A token comes with the address (?token= or #token=);
 * without one the gateway hands out tokens itself, which it does in demo mode
 * only. What is kept is kept per tab, so that two tabs are two people.
 */
export interface Identity {
  sub: string;
  name: string;
  languages: string[];
}

const tokenKey = "nextup.token";

/** Takes the token out of the address, so that it is not bookmarked or shared. */
export function tokenFromAddress(): string | undefined {
  const here = new URL(location.href);
  const token = here.searchParams.get("token") ?? new URLSearchParams(here.hash.slice(1)).get("token");
  if (token !== null) {
    sessionStorage.setItem(tokenKey, token);
    here.searchParams.delete("token");
    here.hash = "";
    history.replaceState(null, "", here);
  }
  return sessionStorage.getItem(tokenKey) ?? undefined;
}

export async function demoToken(role: "visitor" | "agent", { sub, name, languages }: Identity): Promise<string> {
  const query = new URLSearchParams({ role, sub, name, languages: languages.join(",") });
  const answer = await fetch(`demo/token?${query}`);
  if (answer.status === 404) {
    throw new Error("This gateway hands out no demo tokens: open the page with #token=… in its address.");
  }
  if (!answer.ok) {
    throw new Error(`The gateway gave no demo token (${answer.status}).`);
  }
  const body = (await answer.json()) as { token: string };
  return body.token;
}

export function socketAddress(): string {
  const address = new URL("v1/connect", location.href);
  address.protocol = address.protocol === "https:" ? "wss:" : "ws:";
  address.search = "";
  address.hash = "";
  return address.href;
}

/** Reads a value of this tab, or undefined where it is missing or spoiled. */
export function recall<T>(key: string): T | undefined {
  try {
    return (JSON.parse(sessionStorage.getItem(`nextup.${key}`) ?? "null") as T | null) ?? undefined;
  } catch {
    return undefined;
  }
}

export function remember(key: string, value: unknown): void {
  sessionStorage.setItem(`nextup.${key}`, JSON.stringify(value));
}

export function forget(key: string): void {
  sessionStorage.removeItem(`nextup.${key}`);
}
