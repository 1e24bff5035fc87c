// The settings of a run, from environment variables. An invalid value ends the run
// with one line before a socket is opened.
import exec from 'k6/execution';
import { profiles, type Profile } from './profiles.ts';
import { isScenario, type ScenarioName } from './scenarios.ts';

export interface Settings {
  scenario: ScenarioName;
  profile: Profile;
  /** socket addresses of the gateways, such as ws://127.0.0.1:8080/v1/connect */
  targets: string[];
  site: string;
  kid: string;
  secret: string;
  /** how long a lost visitor keeps their place, in seconds: the site's rule */
  graceS: number;
  /** the language that only people of a run speak, so that no agent or visitor of the site meets them; empty: none */
  mark: string;
  /** languages of the agents, those most asked for first */
  languages: string[];
  /** this process's number, from 0, and how many there are */
  share: { index: number; of: number };
  /** where the summary for machines goes; empty: none */
  summary: string;
  seed: number;
  /** second at which all sockets are cut from this side; 0: never */
  cutAt: number;
}

/** sockets that one process can hold: it has 20,000 ports and files */
const perProcess = 18_000;

function bad(line: string): never {
  exec.test.abort(line);
  throw new Error(line);
}

function required(name: string, example: string): string {
  const value = __ENV[name];
  return value ? value : bad(`${name} is not set: give it as ${name}=${example}`);
}

function number(name: string, otherwise: number, least: number): number {
  const text = __ENV[name];
  if (!text) return otherwise;
  const value = Number(text);
  return Number.isFinite(value) && value >= least ? value : bad(`${name}=${text}: want a number from ${least} on`);
}

/** socketOf turns http://host:port into the address of its socket. */
export function socketOf(target: string): string {
  if (!/^(https?|wss?):\/\/[^/]+/.test(target)) bad(`TARGET=${target}: want http://HOST:PORT, several with commas between`);
  const base = target.replace(/^http/, 'ws').replace(/\/+$/, '');
  return base.endsWith('/v1/connect') ? base : `${base}/v1/connect`;
}

export function readSettings(): Settings {
  const scenario = __ENV.SCENARIO || 'smoke';
  if (!isScenario(scenario)) bad(`SCENARIO=${scenario}: no such scenario`);
  const name = __ENV.PROFILE || (scenario === 'smoke' ? 'smoke' : 'laptop');
  const found = profiles[name];
  if (!found) bad(`PROFILE=${name}: want one of ${Object.keys(profiles).join(', ')}`);
  const key = required('TOKEN_KEY', 'KEY_ID:SECRET');
  const colon = key.indexOf(':');
  if (colon < 1) bad('TOKEN_KEY: want KEY_ID:SECRET, the id and the HS256 secret of a key of the site');
  const shareOf = number('SHARE_OF', 1, 1);
  const arrivals = number('VISITORS', found.arrivals, 0);
  const pace = number('PACE', found.pace, 0.01);
  const sockets = Math.round(found.sockets * (arrivals / found.arrivals) * (found.pace / pace)); // visitors stay for as long
  if (sockets / shareOf > perProcess) bad(`PROFILE=${name}: it holds ${sockets} sockets, of which one process can hold ${perProcess}: set PROCESSES`);
  const { reach, ...amounts } = found;
  return {
    scenario,
    profile: {
      ...amounts,
      ...(reach && !['VISITORS', 'AGENTS', 'PACE'].some((name) => __ENV[name]) ? { reach } : {}), // other amounts prove another level
      arrivals,
      pace,
      sockets,
      agents: number('AGENTS', found.agents, 1),
      socketsPerVU: number('SOCKETS_PER_VU', found.socketsPerVU, 1),
      duration: number('DURATION', found.duration, 10),
    },
    targets: required('TARGET', 'http://HOST:PORT').split(',').map(socketOf),
    site: __ENV.SITE || 'demo',
    kid: key.slice(0, colon),
    secret: key.slice(colon + 1),
    graceS: number('GRACE', 60, 0),
    mark: __ENV.MARK || '',
    languages: (__ENV.MARK || __ENV.LANGUAGES || 'zh,en,es,ja,ko').split(','),
    share: { index: number('SHARE_INDEX', 0, 0), of: shareOf },
    summary: __ENV.SUMMARY || '',
    seed: number('SEED', 1, 0),
    cutAt: number('CUT_AT', 0, 0),
  };
}
