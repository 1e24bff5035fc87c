// What is measured, and what must hold. The counters of broken invariants must be zero
// at every profile and under every scenario; speed is judged where the profile has
// limits.
import { Counter, Rate, Trend } from 'k6/metrics';
import type { Options } from 'k6/options';
import type { Settings } from './settings.ts';
import type { Shape } from './scenarios.ts';

/** invariants counts what must never happen. */
export const invariants = {
  messageLost: new Counter('message_lost'),
  messageDoubled: new Counter('message_doubled'),
  messageOutOfOrder: new Counter('message_out_of_order'),
  twoOwners: new Counter('two_owners'),
  foreignAnswer: new Counter('foreign_answer'),
  overCapacity: new Counter('over_capacity'),
  worseWithoutReason: new Counter('worse_without_reason'),
  placeLost: new Counter('place_lost'),
  /** a connection that was cut and has not shown its view again */
  notResumed: new Counter('not_resumed'),
};

export const count = {
  arrived: new Counter('visitors_arrived'),
  joined: new Counter('visitors_joined'),
  served: new Counter('visitors_served'),
  left: new Counter('visitors_left'),
  unserved: new Counter('visitors_unserved'),
  returned: new Counter('visitors_returned'),
  accepted: new Counter('offers_accepted'),
  messages: new Counter('messages_sent'),
  received: new Counter('messages_received'),
  cut: new Counter('sockets_cut'),
  resumed: new Counter('sockets_resumed'),
  frames: new Counter('frames_received'),
};

export const times = {
  joinToPosition: new Trend('join_to_position', true),
  messageReceived: new Trend('message_received', true),
  messageAcknowledged: new Trend('message_acknowledged', true),
  reconnected: new Trend('reconnect_to_resumed', true),
  connected: new Trend('connect_to_welcome', true),
  waited: new Trend('wait_kept', true),
  promised: new Trend('wait_promised_high', true),
};

export const rate = {
  errors: new Rate('errors'),
  /** waits that ended within the upper end of what was promised */
  withinHigh: new Rate('wait_within_high'),
  /** waits that lasted at least the lower end */
  aboveLow: new Rate('wait_above_low'),
};

/** visitorVUs returns how many VUs of this process hold visitors. */
export function visitorVUs(s: Settings): number {
  return Math.max(1, Math.ceil(s.profile.sockets / s.profile.socketsPerVU / s.share.of));
}

/** optionsOf returns k6's options for a run. */
export function optionsOf(s: Settings, shape: Shape, length: number): Options {
  const thresholds: NonNullable<Options['thresholds']> = {};
  for (const invariant of Object.values(invariants)) thresholds[invariant.name] = ['count==0'];
  // A run without visitors proves nothing.
  thresholds['visitors_served'] = ['count>0'];
  const limits = s.profile.limits;
  if (limits && shape.steps) {
    for (let level = 1; level <= shape.steps.count; level++) {
      const stop = { abortOnFail: true, delayAbortEval: '10s' };
      thresholds[`join_to_position{level:${level}}`] = [{ threshold: `p(99)<${limits.joinToPosition}`, ...stop }];
      thresholds[`message_received{level:${level}}`] = [{ threshold: `p(99)<${limits.messageReceived}`, ...stop }];
      thresholds[`errors{level:${level}}`] = [{ threshold: `rate<${Math.max(limits.errors, 0.01)}`, ...stop }];
      thresholds[`visitors_joined{level:${level}}`] = ['count>=0'];
    }
  } else if (limits) {
    thresholds['join_to_position'] = [`p(99)<${limits.joinToPosition}`];
    thresholds['message_received'] = [`p(99)<${limits.messageReceived}`];
    thresholds['errors'] = [`rate<${limits.errors}`];
    thresholds['reconnect_to_resumed'] = [`p(99)<${limits.reconnected}`];
  }
  const maxDuration = `${length + 30}s`;
  return {
    thresholds,
    summaryTrendStats: ['count', 'min', 'avg', 'med', 'p(90)', 'p(95)', 'p(99)', 'max'],
    setupTimeout: '20s',
    scenarios: {
      visitors: { executor: 'per-vu-iterations', vus: visitorVUs(s), iterations: 1, maxDuration, gracefulStop: '10s', exec: 'visitors' },
      agents: {
        executor: 'per-vu-iterations', vus: Math.ceil(s.profile.agents / s.share.of / 2000), iterations: 1,
        maxDuration, gracefulStop: '10s', exec: 'agents',
      },
    },
  };
}
