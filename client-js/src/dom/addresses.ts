/** Returns the address that is written, or undefined where it is none. */
export function parsed(written: string, base?: string): URL | undefined {
  try {
    return new URL(written, base);
  } catch {
    return undefined;
  }
}
