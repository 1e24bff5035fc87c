// How the scripts read frames. k6 takes some 30 µs for the JSON of a short one,
// as much as for all else that it does with it, and shares the machine with what
// it measures: the most frequent frames, beats and places in line, are read by
// hand. Neither holds anything that people wrote.
import type { Reason, ServerFrame, TicketFrame } from '../../client-js/src/core/protocol.gen.ts';

/** What is judged of a view. */
export type View = Pick<TicketFrame, 'type' | 'ticket' | 'status' | 'position' | 'wait' | 'reason' | 'end' | 'log'>;
export type Heard = Exclude<ServerFrame, TicketFrame> | View;

/** read reads a frame; beats say nothing. */
export function read(text: string): Heard | undefined {
  if (text.startsWith('{"type":"heartbeat"')) return undefined;
  const place = text.startsWith('{"type":"ticket"') && text.includes('"status":"waiting"') && !text.includes('"role"');
  return place ? readPlace(text) : (JSON.parse(text) as ServerFrame);
}

function readPlace(text: string): View {
  const wait = text.includes('"known":true') ? { known: true, low_s: figure(text, '"low_s":'), high_s: figure(text, '"high_s":') } : { known: false };
  const reason = word(text, '"reason":"') as Reason | '';
  return {
    type: 'ticket', ticket: word(text, '"ticket":"'), status: 'waiting', position: figure(text, '"position":'), log: figure(text, '"log":'),
    wait, ...(reason ? { reason } : {}),
  };
}

/** figure is the number after a key; without the key it is 0, as on the wire. */
function figure(text: string, key: string): number {
  const at = text.indexOf(key);
  return at < 0 ? 0 : parseInt(text.slice(at + key.length, at + key.length + 16), 10);
}

function word(text: string, key: string): string {
  const at = text.indexOf(key);
  return at < 0 ? '' : text.slice(at + key.length, text.indexOf('"', at + key.length));
}
