// The shapes of the runs: how many visitors arrive when, and what is done to the
// gateways and agents. Level 1 is the profile's number of arrivals a second. Times are
// seconds of real time, whatever the pace of the people.

export const scenarioNames = [
  'smoke', 'peak_hour', 'market_crash', 'reconnect_storm', 'rolling_restart', 'agent_outage', 'soak', 'breakpoint',
] as const;
export type ScenarioName = (typeof scenarioNames)[number];

export function isScenario(name: string): name is ScenarioName {
  return (scenarioNames as readonly string[]).includes(name);
}

export interface Shape {
  /** corners of the curve of arrivals: second, level */
  arrivals: [number, number][];
  /** seconds over which agents come on shift */
  shiftOver: number;
  /** the share of them that comes on shift later, from a second on */
  late?: { share: number; at: number };
  /** seconds after the last arrival in which visitors may still be served */
  drain: number;
  /** seconds from and to which the agents of one language are gone */
  outage?: { from: number; to: number };
  /** a level every so many seconds, in steps of so much */
  steps?: { every: number; by: number; count: number };
}

/**
 * A day with its peak in it, in some four minutes: people come before all agents
 * are there, so that the line builds up and some give up; the second shift works
 * it off, for a minute while as many come as before.
 */
const day: Shape = {
  arrivals: [[0, 0.2], [40, 1], [165, 1], [180, 0.3], [205, 0]],
  shiftOver: 15,
  late: { share: 0.4, at: 100 },
  drain: 60,
};

const steps = { every: 30, by: 0.2, count: 12 };

export function shapeOf(scenario: ScenarioName, duration: number): Shape {
  switch (scenario) {
    case 'smoke':
      return { arrivals: [[0, 1], [15, 1], [17, 3], [22, 3], [24, 1], [36, 1], [38, 0]], shiftOver: 3, drain: 18 };
    case 'peak_hour':
      return day;
    case 'market_crash': // ten times as many within thirty seconds
      return { arrivals: [[0, 0.12], [30, 0.12], [60, 1.2], [90, 1.2], [110, 0.3], [150, 0.1], [160, 0]], shiftOver: 10, drain: 60 };
    case 'reconnect_storm': // all sockets, most of them of a long line, are cut from outside at second 70
      return { arrivals: [[0, 0.6], [10, 1.12], [66, 1.12], [68, 0.2], [120, 0.2], [130, 0]], shiftOver: 10, late: { share: 0.75, at: 90 }, drain: 60 };
    case 'rolling_restart': // the gateways are drained one by one from outside
      return { arrivals: [[0, 0.3], [20, 0.7], [120, 0.7], [135, 0]], shiftOver: 10, drain: 60 };
    case 'agent_outage':
      return { arrivals: [[0, 0.3], [20, 0.6], [120, 0.6], [130, 0]], shiftOver: 10, drain: 75, outage: { from: 50, to: 85 } };
    case 'soak':
      return { arrivals: [[0, 0.1], [30, 0.5], [duration, 0.5], [duration + 20, 0]], shiftOver: 20, drain: 60 };
    case 'breakpoint': {
      const corners: [number, number][] = [[0, 0.2]];
      for (let i = 0; i < steps.count; i++) {
        corners.push([i * steps.every + 2, (i + 1) * steps.by], [(i + 1) * steps.every, (i + 1) * steps.by]);
      }
      return { arrivals: [...corners, [steps.count * steps.every + 2, 0]], shiftOver: 5, drain: 10, steps };
    }
  }
}

/** levelAt returns the level of arrivals at a second. */
export function levelAt(corners: [number, number][], second: number): number {
  for (let i = 1; i < corners.length; i++) {
    const [t0, l0] = corners[i - 1]!;
    const [t1, l1] = corners[i]!;
    if (second < t1) return second < t0 ? l0 : l0 + ((l1 - l0) * (second - t0)) / (t1 - t0);
  }
  return 0;
}

/** lastArrival returns the second from which no visitor arrives any more. */
export function lastArrival(shape: Shape): number {
  return shape.arrivals[shape.arrivals.length - 1]![0];
}
