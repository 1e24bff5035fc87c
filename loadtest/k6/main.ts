// The load suite's one script: k6 run main.ts, with the settings of settings.ts
// in the environment. Each VU holds many sockets and lives for the whole run.
import exec from 'k6/execution';
import { clearInterval, setInterval } from 'k6/timers';
import { Agent } from './agent.ts';
import { poisson } from './random.ts';
import { later } from './timers.ts';
import { optionsOf, visitorVUs } from './metrics.ts';
import { lastArrival, levelAt, shapeOf } from './scenarios.ts';
import { readSettings } from './settings.ts';
import { Visitor, weighted } from './visitor.ts';
import { cutAll, endAll } from './connection.ts';

const settings = readSettings();
const shape = shapeOf(settings.scenario, settings.profile.duration);
/** seconds from the first arrival to the end */
const length = lastArrival(shape) + shape.drain;

export const options = optionsOf(settings, shape, length);

/** How often arrivals are drawn, in ms. */
const tick = 25;

function elapsed(): number {
  return (Date.now() - exec.scenario.startTime) / 1000;
}

/** levelName is the step of a breakpoint run, from 1; else nothing. */
function levelName(): string {
  if (!shape.steps) return '';
  return String(Math.min(shape.steps.count, 1 + Math.floor(elapsed() / shape.steps.every)));
}

/** cutWhenAsked is for targets that cannot be cut from outside. */
function cutWhenAsked(): void {
  if (settings.cutAt > 0) later(settings.cutAt * 1000, cutAll);
}

export function visitors(): void {
  cutWhenAsked();
  const all = new Set<Visitor>();
  const vus = settings.share.of * visitorVUs(settings);
  const mine = `${settings.seed}-${settings.share.index}-${exec.vu.idInTest}`;
  let n = 0;
  let last = elapsed();
  const arriving = setInterval(() => {
    const now = elapsed();
    const expected = (levelAt(shape.arrivals, now) * settings.profile.arrivals * (now - last)) / vus;
    last = now;
    for (let i = poisson(expected); i > 0; i--) {
      const v = new Visitor(settings, `v-${mine}-${n++}`, levelName(), weighted, () => all.delete(v));
      all.add(v);
    }
    if (now >= length) {
      clearInterval(arriving);
      for (const v of [...all]) v.finish();
      endAll();
    }
  }, tick);
}

export function agents(): void {
  cutWhenAsked();
  const of = Math.ceil(settings.profile.agents / settings.share.of);
  const languages = settings.languages;
  // As visitors are spread: the first languages have most agents, everybody a second one.
  const staff: Agent[] = [];
  for (let i = 0; i < of; i++) {
    const first = languages[[0, 1, 0, 3, 0, 1, 0, 2, 1, 0, 3, 4][i % 12]! % languages.length]!;
    const second = languages[(i * 7 + 1) % languages.length]!;
    const spoken = first === second ? [first] : [first, second];
    staff.push(new Agent(settings, `agent-${settings.share.index}-${i}`, spoken, levelName));
  }
  const { share, at } = shape.late ?? { share: 0, at: 0 };
  staff.forEach((a, i) => {
    const second = (shape.shiftOver * i) / of;
    later(1000 * ((i * 0.618) % 1 < share ? at + second : second), () => a.come()); // so many of every language
  });
  if (shape.outage) {
    const lost = staff.filter((a) => a.languages.includes(languages[2 % languages.length]!));
    later(shape.outage.from * 1000, () => lost.forEach((a) => a.vanish()));
    later(shape.outage.to * 1000, () => lost.forEach((a) => a.come()));
  }
  later((length + 2) * 1000, endAll);
}

export function handleSummary(data: object): Record<string, string> {
  return settings.summary ? { [settings.summary]: JSON.stringify({ settings: { ...settings, secret: '', kid: '' }, length, shape, ...data }) } : {};
}
