// How much of everything: profiles say amounts, scenarios say shapes.

export interface Profile {
  /** new visitors a second at the scenario's level 1 */
  arrivals: number;
  agents: number;
  /** how many times faster than real people the simulated ones act */
  pace: number;
  /** sockets that one VU is meant to hold at most */
  socketsPerVU: number;
  /** sockets of visitors that are expected at the peak, to size the VUs */
  sockets: number;
  /** length of soak, in seconds */
  duration: number;
  /** limits in milliseconds at the 99th percentile; null: only correctness counts */
  limits: Limits | null;
  /** what peak_hour must reach to prove the profile; without it nothing */
  reach?: Reach;
}

/** A peak: open sockets and people in line at one moment, joins a second over the busiest minute. */
export interface Reach {
  sockets: number;
  waiting: number;
  joins: number;
}

export interface Limits {
  joinToPosition: number;
  messageReceived: number;
  reconnected: number;
  /** from a free place to an offer, by the stamps of the log */
  offer: number;
  /** age of a shown place by band of the line */
  staleness: { first_10: number; first_100: number; others: number };
  /** share of requests that may fail */
  errors: number;
}

/** What a site promises; see gateway/protocol/SPEC.md. */
const promised: Limits = {
  joinToPosition: 500, messageReceived: 500, reconnected: 5000, errors: 0.001,
  offer: 25, staleness: { first_10: 250, first_100: 1000, others: 3000 },
};

export const profiles: Record<string, Profile | undefined> = {
  // A minute beside other tests, where speed proves nothing.
  smoke: { arrivals: 4, agents: 12, pace: 10, socketsPerVU: 200, sockets: 200, duration: 60, limits: null },
  // One machine with two cores that holds everything, the load included.
  laptop: { arrivals: 100, agents: 300, pace: 8, socketsPerVU: 700, sockets: 5600, duration: 3600, limits: promised, reach: { sockets: 5000, waiting: 2000, joins: 100 } },
  // A machine of eight cores for the load, gateways elsewhere.
  server: { arrivals: 300, agents: 2400, pace: 2, socketsPerVU: 1000, sockets: 30_000, duration: 8 * 3600, limits: promised },
  // Several machines, each with its SHARE_INDEX of SHARE_OF.
  fleet: { arrivals: 1000, agents: 16_000, pace: 1, socketsPerVU: 1000, sockets: 200_000, duration: 24 * 3600, limits: promised },
};
