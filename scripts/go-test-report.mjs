// Reads "go test -json" from standard input. Prints one line for each package
// that has tests, everything that a failing test or build said, and each skipped
// test with its reason; the skips also go to the file that is the argument.
// Exits with 1 if anything failed.
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const [skippedFile] = process.argv.slice(2);
const output = new Map(); // package and test: the lines that it printed
let failed = false;
let seen = 0;

const key = (event) => `${event.Package ?? event.ImportPath}\u0000${event.Test ?? ''}`;

function said(event) {
  const lines = output.get(key(event)) ?? [];
  output.delete(key(event));
  return lines;
}

function finished(event) {
  const lines = said(event);
  const seconds = `${(event.Elapsed ?? 0).toFixed(1)}s`;
  switch (event.Action) {
    case 'pass':
      if (!event.Test) console.log(`ok    ${event.Package} ${seconds}`);
      break;
    case 'skip': {
      if (!event.Test) break; // a package without tests
      const reason = lines.filter((l) => !/^\s*(===|---)/.test(l)).join(' ').trim().replace(/^\S+_?\w*\.go:\d+: /, '');
      console.log(`SKIP  ${event.Package} ${event.Test}: ${reason}`);
      appendFileSync(skippedFile, `${event.Package} ${event.Test}: ${reason}\n`);
      break;
    }
    default:
      failed = true;
      process.stdout.write(lines.join(''));
      console.log(`FAIL  ${event.Package} ${event.Test ?? ''} ${seconds}`);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  let event;
  try {
    event = JSON.parse(line);
  } catch {
    console.log(line); // go itself speaks, not a test
    continue;
  }
  seen += 1;
  switch (event.Action) {
    case 'output':
      if (!output.has(key(event))) output.set(key(event), []);
      output.get(key(event)).push(event.Output);
      break;
    case 'build-output':
      process.stdout.write(event.Output);
      break;
    case 'build-fail':
      failed = true;
      break;
    case 'pass':
    case 'skip':
    case 'fail':
      finished(event);
      break;
    default: // start, run, pause, cont, bench
  }
}
if (seen === 0) console.log('FAIL  go test said nothing');
process.exit(failed || seen === 0 ? 1 : 0);
