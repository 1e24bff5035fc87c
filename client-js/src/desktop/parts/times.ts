import type { Wait } from "../../core/index.ts";

/** A span for people: 45 s, 4 min, 1 h 20 min; short enough for a list. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 60) {
    return `${seconds} s`;
  }
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) {
    return `${minutes} min`;
  }
  const rest = minutes % 60;
  return rest === 0 ? `${Math.floor(minutes / 60)} h` : `${Math.floor(minutes / 60)} h ${rest} min`;
}

/** A span to the second while seconds matter: 0:45, 12:07. */
export function stopwatch(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds >= 3_600) {
    return span(ms);
  }
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** In minutes, the upper end that stands for any wait of more than an hour. */
const beyond = 120;

/** A wait as visitors are shown it. */
export function range({ known, low_s = 0, high_s = 0 }: Wait): string {
  if (!known) {
    return "unknown";
  }
  const low = Math.floor(low_s / 60);
  const high = Math.max(1, Math.ceil(high_s / 60));
  if (high >= beyond) {
    return `over ${Math.max(1, low)} min`;
  }
  if (low === 0) {
    return `under ${high} min`;
  }
  return low === high ? `${high} min` : `${low}–${high} min`;
}

const hours = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const days = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

/** The time of day of a stamp in Unix milliseconds. */
export function clock(ms: number): string {
  return hours.format(ms);
}

/** The day of a stamp: Today, Yesterday, or its date. */
export function day(ms: number, nowMS: number): string {
  const midnight = new Date(nowMS).setHours(0, 0, 0, 0);
  if (ms >= midnight) {
    return "Today";
  }
  return ms >= midnight - 86_400_000 ? "Yesterday" : days.format(ms);
}

/** A head start with its sign: +2 min, −30 s. */
export function headStart(seconds: number): string {
  return `${seconds < 0 ? "−" : "+"}${span(Math.abs(seconds) * 1_000)}`;
}
