/** The languages of the browser, in order of preference. There may be none. */
export function browserLanguages(): readonly string[] {
  return navigator.languages ?? [];
}

/** Reports whether dates and names can be written for a tag: browsers say "C", "en_US.UTF-8" or nothing, and Intl throws at that. */
export function isTag(tag: string): boolean {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(tag).length > 0;
  } catch {
    return false;
  }
}
