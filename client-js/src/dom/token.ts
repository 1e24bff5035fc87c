import type { Role } from "../core/index.ts";

/** The role that a token is for, as far as it can be read; the gateway alone verifies it. */
export function roleOf(token: string): Role | undefined {
  try {
    const payload = token.split(".")[1] ?? "";
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.codePointAt(0) ?? 0);
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof claims === "object" && claims !== null && "role" in claims) {
      const { role } = claims;
      return role === "visitor" || role === "agent" || role === "supervisor" ? role : undefined;
    }
  } catch {
    // not a token
  }
  return undefined;
}
