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

/** A person that the gateway hands out tokens to, which it does in demo mode only. */
export interface Demo {
  readonly role: "visitor" | "agent" | "supervisor";
  readonly sub: string;
  readonly name: string;
  readonly languages: readonly string[];
}

export async function demoToken({ role, sub, name, languages }: Demo): Promise<string> {
  const query = new URLSearchParams({ role, sub, name, languages: languages.join(",") });
  const answer = await fetch(`demo/token?${query}`, { signal: AbortSignal.timeout(10_000) });
  if (!answer.ok) {
    throw new Error(answer.status === 404 ? "This gateway hands out no demo tokens: come with one of your own." : `The gateway gave no token (${answer.status}).`);
  }
  const body = (await answer.json()) as { token: string };
  return body.token;
}

/** Reads a value of this tab, or undefined where it is missing, spoiled or not to be read. */
export function recall<T>(key: string): T | undefined {
  try {
    return (JSON.parse(sessionStorage.getItem(key) ?? "null") as T | null) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a value for this tab, or forgets it where it is undefined. */
export function remember(key: string, value: unknown): void {
  try {
    if (value === undefined) {
      sessionStorage.removeItem(key);
    } else {
      sessionStorage.setItem(key, JSON.stringify(value));
    }
  } catch {
    // forbidden: it lasts until the page is left
  }
}
