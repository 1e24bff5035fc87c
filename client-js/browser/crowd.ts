import type { Browser, Page } from "@playwright/test";

/** What a visitor of the crowd heard, as the frames came. */
export interface Heard {
  type: string;
  kind?: string;
  number?: number;
  status?: string;
  text?: string;
  from?: { role: string; id: string };
}

interface Person {
  socket: WebSocket;
  heard: Heard[];
  ticket: string;
  waiting: Map<string, (frame: Heard & { code?: string; ticket?: string }) => void>;
}

declare global {
  interface Window {
    people: Map<string, Person>;
    ask: (sub: string, frame: object) => Promise<Heard & { code?: string; ticket?: string }>;
  }
}

/** Visitors without a page of their own: bare sockets, all in one hidden page. */
export class Crowd {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  static async at(browser: Browser, gateway: string): Promise<Crowd> {
    const page = await (await browser.newContext()).newPage();
    await page.goto(`${gateway}/healthz`);
    await page.evaluate(() => {
      window.people = new Map();
      let count = 0;
      window.ask = (sub, frame) =>
        new Promise((resolve, reject) => {
          const person = window.people.get(sub);
          const id = `r${++count}`;
          person?.waiting.set(id, (answer) => (answer.type === "error" ? reject(new Error(answer.code)) : resolve(answer)));
          person?.socket.send(JSON.stringify({ ...frame, id }));
        });
    });
    return new Crowd(page);
  }

  /** Somebody comes, joins and follows their conversation; returns the ticket. */
  async joins(sub: string, how: { name?: string; language: string; topic: string; tier?: string; department?: string }): Promise<string> {
    return this.#page.evaluate(
      async ({ sub: who, name, language, topic, tier, department = "support" }) => {
        const query = new URLSearchParams({ role: "visitor", sub: who, name: name ?? who, languages: language, ...(tier && { tier }) });
        const { token } = (await (await fetch(`/demo/token?${query}`)).json()) as { token: string };
        const socket = new WebSocket(`ws://${location.host}/v1/connect`, "nextup.v1");
        const person: Person = { socket, heard: [], ticket: "", waiting: new Map() };
        window.people.set(who, person);
        await new Promise((open) => {
          socket.onopen = open;
        });
        socket.onmessage = ({ data }) => {
          const frame = JSON.parse(String(data)) as Heard & { id?: string };
          person.heard.push(frame);
          if (frame.id !== undefined) {
            person.waiting.get(frame.id)?.(frame);
          }
        };
        await window.ask(who, { type: "hello", token });
        setInterval(() => socket.send('{"type":"heartbeat"}'), 3_000);
        for (const { ticket } of [await window.ask(who, { type: "join", department, topic })]) {
          person.ticket = ticket ?? "";
        }
        await window.ask(who, { type: "open", ticket: person.ticket });
        return person.ticket;
      },
      { sub, ...how },
    );
  }

  /** Writes, one message after the other. */
  async says(sub: string, ...texts: string[]): Promise<void> {
    await this.#page.evaluate(
      async ([who, all]) => {
        const ticket = window.people.get(who)?.ticket;
        for (const text of all) {
          await window.ask(who, { type: "send", ticket, message_id: crypto.randomUUID(), text });
        }
      },
      [sub, texts] as const,
    );
  }

  async leaves(sub: string): Promise<void> {
    await this.#page.evaluate((who) => window.ask(who, { type: "leave", ticket: window.people.get(who)?.ticket }), sub);
  }

  async rates(sub: string, score: number, comment: string): Promise<void> {
    await this.#page.evaluate(([who, s, c]) => window.ask(who, { type: "rate", ticket: window.people.get(who)?.ticket, score: s, comment: c }), [
      sub,
      score,
      comment,
    ] as const);
  }

  /** All that somebody was told so far. */
  heard(sub: string): Promise<Heard[]> {
    return this.#page.evaluate((who) => window.people.get(who)?.heard ?? [], sub);
  }

  /** The texts of the messages that somebody was told, in order. */
  async messages(sub: string): Promise<string[]> {
    return (await this.heard(sub)).filter((f) => f.kind === "message").map((f) => f.text ?? "");
  }

  /** Where somebody's ticket stands. */
  async status(sub: string): Promise<string | undefined> {
    return (await this.heard(sub)).findLast((f) => f.type === "ticket")?.status;
  }
}
