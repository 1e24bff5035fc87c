import type { BoardBucket, BoardToday } from "../../core/index.ts";

/** What a day came to so far. Means and shares are undefined where nothing was counted. */
export interface Sums {
  joined: number;
  answered: number;
  abandoned: number;
  /** The share, 0 to 1, of tickets answered within the target among all that were answered or abandoned. */
  level: number | undefined;
  /** Mean times in milliseconds: from join to an agent, and with the agent. */
  waitMS: number | undefined;
  handlingMS: number | undefined;
  rated: number;
  /** The mean score, 1 to 5. */
  score: number | undefined;
  /** The share of ended conversations that one agent ended and after which the visitor has not come back. */
  solved: number | undefined;
}

type Count = Exclude<keyof BoardBucket, "at_ms">;

/** Midnight of this browser's day, in Unix milliseconds. */
export function midnight(nowMS: number): number {
  return new Date(nowMS).setHours(0, 0, 0, 0);
}

/** The sums of the buckets from a time on. */
export function sums({ buckets }: BoardToday, fromMS: number): Sums {
  const of = (name: Count) => buckets.reduce((sum, b) => (b.at_ms >= fromMS ? sum + (b[name] ?? 0) : sum), 0);
  const [answered, abandoned, rated, handled] = [of("answered"), of("abandoned"), of("rated"), of("handled")];
  const seconds = (name: Count, count: number) => (count > 0 ? (of(name) / count) * 1_000 : undefined);
  return {
    joined: of("joined"),
    answered,
    abandoned,
    level: share(of("in_target"), answered + abandoned),
    waitMS: seconds("waited_s", answered),
    handlingMS: seconds("handled_s", handled),
    rated,
    score: share(of("score"), rated),
    solved: share(of("solved"), handled),
  };
}

function share(part: number, whole: number): number | undefined {
  return whole > 0 ? part / whole : undefined;
}

/** Rows for a chart: times in seconds, then joined, answered and abandoned of each bucket up to now, with zeros where nothing was. */
export function columns({ buckets, bucket_s }: BoardToday, fromMS: number, nowMS: number): [number[], number[], number[], number[]] {
  const by = new Map(buckets.map((b) => [b.at_ms, b]));
  const rows: [number[], number[], number[], number[]] = [[], [], [], []];
  for (let at = fromMS; at <= nowMS; at += bucket_s * 1_000) {
    const bucket = by.get(at);
    rows[0].push(at / 1_000);
    rows[1].push(bucket?.joined ?? 0);
    rows[2].push(bucket?.answered ?? 0);
    rows[3].push(bucket?.abandoned ?? 0);
  }
  return rows;
}

/** A share as people read it, or a dash where there is none. */
export function percent(of: number | undefined): string {
  return of === undefined ? "–" : `${Math.round(of * 100)} %`;
}
