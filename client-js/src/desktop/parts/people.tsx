import type { Department, Person } from "../../core/index.ts";
import { isolated, plain } from "../../dom/text.ts";

/** A person's name, or what they are where they have none. */
export function nameOf(person: Person | undefined): string {
  const name = plain(person?.name ?? "");
  if (name !== "") {
    return name;
  }
  switch (person?.role) {
    case "agent":
      return `Agent ${person.id}`;
    case "supervisor":
      return `Supervisor ${person.id}`;
    case "visitor":
    case undefined:
      return "Visitor";
  }
}

/** How much of a name a sentence takes: a longer one would cover what the sentence is about. */
const mostNamed = 40;

/** A person's name as it can stand in a sentence, whatever it is written with. */
export function named(person: Person | undefined): string {
  const letters = Array.from(nameOf(person));
  return isolated(letters.length > mostNamed ? `${letters.slice(0, mostNamed).join("")}…` : letters.join(""));
}

/** What a visitor has said that it is about, on one line and without what could turn the text around it. */
export function topicOf({ topic, department }: { topic?: string; department: string }): string {
  return plain(topic ?? "") || department;
}

const names = new Intl.DisplayNames(undefined, { type: "language" });

/** The name of a language, or its tag where the browser has no name for it. */
export function languageOf(tag: string): string {
  try {
    return names.of(tag) ?? tag;
  } catch {
    return tag; // not a tag at all
  }
}

/** The name that the site gives a department, or its id. */
export function departmentOf(id: string, departments: readonly Department[]): string {
  return departments.find((d) => d.id === id)?.name ?? id;
}

/** What a queue is called: its department and its language. */
export function queueOf({ department, language }: { department: string; language: string }, departments: readonly Department[]): string {
  return `${departmentOf(department, departments)} · ${languageOf(language)}`;
}

export const tierNames = ["First line", "Specialist", "Engineer"] as const;

/** What a tier of 1 to 3 is called. */
export function tierOf(tier: number): string {
  return tierNames[tier - 1] ?? `Tier ${tier}`;
}

/** A person's initials on a colour of their own. It tells nothing that the name does not. */
export function Avatar({ person }: { person: Person }) {
  const name = nameOf(person);
  return (
    <span class="avatar" data-hue={hueOf(person.id)} aria-hidden="true">
      {initials(name)}
    </span>
  );
}


/** The letters of a word as people see them; its code points where the browser cannot tell. */
function lettersOf(word: string): string[] {
  return "Segmenter" in Intl ? Array.from(new Intl.Segmenter().segment(word), (s) => s.segment) : Array.from(word);
}

function initials(name: string): string {
  const words = name.split(/\s+/u).filter((word) => /[\p{L}\p{N}]/u.test(word));
  const first = words.slice(0, 2).map((word) => lettersOf(word).find((s) => /[\p{L}\p{N}]/u.test(s)) ?? "");
  return first.join("").slice(0, 4).toUpperCase() || "?";
}

const hues = 8;

function hueOf(id: string): number {
  let sum = 0;
  for (const letter of id) {
    sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9_973;
  }
  return sum % hues;
}

/** What one conversation more would take of an agent, as filled places. */
export function Places({ load, capacity }: { load: number; capacity: number }) {
  const shown = Math.min(capacity, 12);
  const filled = capacity === 0 ? 0 : Math.round((load / capacity) * shown);
  return (
    <span class="places" aria-hidden="true">
      {Array.from({ length: shown }, (_, i) => (
        <i key={i} class={i < filled ? "filled" : ""} />
      ))}
    </span>
  );
}
