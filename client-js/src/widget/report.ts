/** Tells whoever builds the page what is wrong with it. Never a token, never what people write. */
export function report(what: string): void {
  // oxlint-disable-next-line no-console -- the only place where the people who build the page look
  console.error(`<nextup-chat>: ${what}`);
}

export function warn(what: string): void {
  // oxlint-disable-next-line no-console -- the same
  console.warn(`<nextup-chat>: ${what}`);
}
