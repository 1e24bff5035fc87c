// How the scripts read frames. k6 takes some 30 µs for the JSON of a short frame, as
// much as for all its other work on it, and shares the machine with what it measures:
// the most frequent frames, heartbeats and places in line, are read by hand. Neither
// holds text that people wrote.
import type { Reason, ServerFrame, TicketFrame } from '../../client-js/src/core/protocol.gen.ts';

/** View has the fields of a view that are judged. */
export type View = Pick<TicketFrame, 'type' | 'ticket' | 'status' | 'position' | 'wait' | 'reason' | 'end' | 'log'>;
export type Received = Exclude<ServerFrame, TicketFrame> | View;

/** read decodes a frame; heartbeats give nothing. */
export function read(text: string): Received | undefined {
  if (text.startsWith('{"type":"heartbeat"')) return undefined;
  const place = text.startsWith('{"type":"ticket"') && text.includes('"status":"waiting"') && !text.includes('"role"');
  return place ? readPlace(text) : (JSON.parse(text) as ServerFrame);
}

function readPlace(text: string): View {
  const wait = text.includes('"known":true') ? { known: true, low_s: numberAfter(text, '"low_s":'), high_s: numberAfter(text, '"high_s":') } : { known: false };
  const reason = textAfter(text, '"reason":"') as Reason | '';
  return {
    type: 'ticket', ticket: textAfter(text, '"ticket":"'), status: 'waiting', position: numberAfter(text, '"position":'), log: numberAfter(text, '"log":'),
    wait, ...(reason ? { reason } : {}),
  };
}

/** numberAfter returns the number after a key; without the key it is 0, as on the wire. */
function numberAfter(text: string, key: string): number {
  const at = text.indexOf(key);
  return at < 0 ? 0 : parseInt(text.slice(at + key.length, at + key.length + 16), 10);
}

function textAfter(text: string, key: string): string {
  const at = text.indexOf(key);
  return at < 0 ? '' : text.slice(at + key.length, text.indexOf('"', at + key.length));
}
