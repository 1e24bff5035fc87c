/** Logs to the console, for the page's developers, what is wrong with the page. It never logs a token or what people write. */
export function report(what: string): void {
  // oxlint-disable-next-line no-console -- the only place where the page's developers look
  console.error(`<nextup-chat>: ${what}`);
}

export function warn(what: string): void {
  // oxlint-disable-next-line no-console -- the same
  console.warn(`<nextup-chat>: ${what}`);
}
