import type { BoardAgent, DeskTicket, ErrorFrame, Hold, Person, TicketStatus } from "../../core/index.ts";

/** An agent of the team, as GET /v1/team lists them. */
export type Colleague = Omit<BoardAgent, "tickets">;

/** A ticket in line, as GET /v1/queues/{department}/{language} lists it. */
export interface LineTicket {
  ticket: string;
  position: number;
  status: TicketStatus;
  visitor: Person;
  joined_at_ms: number;
  head_start_s?: number;
  head_start_reason?: string;
  visitor_tier?: string;
  urgency?: string;
  topic?: string;
  weight: number;
  tier?: number;
  languages?: string[];
  skills?: string[];
  widened?: number;
  hold?: Hold;
  offers?: number;
  visitor_lost?: boolean;
}

/** A ticket that has ended, as GET /v1/tickets lists it. */
export interface PastTicket extends DeskTicket {
  ended_at_ms: number;
  agent?: Person;
}

/** How many stand in a queue, as GET /v1/queues lists them. */
export interface QueueSize {
  department: string;
  language: string;
  size: number;
  paused?: boolean;
}

const timeoutMS = 15_000;

/** HTTPClient asks the gateway for what does not come over the socket. */
export class HTTPClient {
  readonly #base: string;
  readonly #token: () => string | Promise<string>;

  /** base is the gateway's http address, with a slash at its end. */
  constructor(base: string, token: () => string | Promise<string>) {
    this.#base = base;
    this.#token = token;
  }

  /** The agents that a ticket can be passed on to. */
  team(): Promise<Colleague[]> {
    return this.#get("v1/team");
  }

  /** The queues of the site. */
  queues(): Promise<QueueSize[]> {
    return this.#get("v1/queues");
  }

  /** The first hundred in a queue, in order; for supervisors. */
  line(department: string, language: string): Promise<LineTicket[]> {
    return this.#get(`v1/queues/${encodeURIComponent(department)}/${encodeURIComponent(language)}`);
  }

  /** The tickets that the agent has held, or the earlier ones of a visitor that the agent serves, newest first. */
  past(visitor?: string): Promise<PastTicket[]> {
    return this.#get(visitor === undefined ? "v1/tickets" : `v1/tickets?${new URLSearchParams({ visitor })}`);
  }

  async #get<T>(path: string): Promise<T> {
    const headers = { Authorization: `Bearer ${await this.#token()}` };
    const answer = await fetch(new URL(path, this.#base), { headers, cache: "no-store", signal: AbortSignal.timeout(timeoutMS) });
    const body = (await answer.json()) as T | ErrorFrame;
    if (!answer.ok) {
      throw new Error((body as ErrorFrame).message);
    }
    return body as T;
  }
}
