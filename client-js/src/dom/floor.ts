/**
 * The oldest browsers that everything here runs in: the last Chrome and Firefox of Windows 7 and 8, and the first
 * Safari with constructed style sheets. docs/embed.md names them too.
 */
export const floor = { chrome: "109", firefox: "115", safari: "16.4" } as const;

/** As people read them. */
export const oldest = Object.entries(floor).map(([browser, version]) => `${browser} ${version}`).join(", ");

/** As the build takes them. */
export const targets = Object.entries(floor).map(([browser, version]) => browser + version);
