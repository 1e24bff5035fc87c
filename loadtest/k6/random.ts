// Random draws and human times.

/** about draws an exponential time of that mean, at most five times the mean, in ms. */
export function about(seconds: number, pace: number): number {
  return (Math.min(5, -Math.log(1 - Math.random())) * seconds * 1000) / pace;
}

/** poisson draws how many arrive when that many are expected. */
export function poisson(expected: number): number {
  if (expected <= 0) return 0;
  let n = 0;
  for (let p = Math.random(), limit = Math.exp(-expected); p > limit; p *= Math.random()) n++;
  return n;
}

export function pick<T>(of: readonly T[]): T {
  return of[Math.floor(Math.random() * of.length)]!;
}

export function chance(p: number): boolean {
  return Math.random() < p;
}
