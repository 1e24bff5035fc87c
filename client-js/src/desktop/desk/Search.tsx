import { useEffect, useMemo, useState } from "preact/hooks";
import { isOfInputMethod } from "../../dom/ime.ts";
import type { Conversation } from "../../core/index.ts";
import type { DeskClient } from "./client.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { useChanges } from "../parts/draw.ts";
import type { HTTPClient, PastTicket } from "../parts/http.ts";
import { nameOf } from "../parts/people.tsx";
import { clock, day } from "../parts/times.ts";
import { find, type Searched } from "./find.ts";

interface Props {
  client: DeskClient;
  http: HTTPClient;
  /** Shows a conversation that is on the desk, or reads one of before. */
  show: (ticket: string) => void;
  review: (ticket: PastTicket) => void;
  close: () => void;
}

/** Conversations of before that are read for a search, the newest ones. */
const looked = 40;

/** A search over one's own conversations: those on the desk and those that the site keeps. */
export function Search({ client, http, show, review, close }: Props) {
  useChanges(client);
  const [words, setWords] = useState("");
  const [chosen, setChosen] = useState(0);
  const [past, setPast] = useState<readonly PastTicket[]>([]);
  useEffect(() => {
    let opened: readonly PastTicket[] = [];
    let here = true;
    http.past().then(
      (found) => {
        if (here) {
          const held = new Set(client.held.map((h) => h.ticket.ticket));
          opened = found.filter((t) => !held.has(t.ticket)).slice(0, looked);
          opened.forEach((t) => client.review(t.ticket));
          setPast(opened);
        }
      },
      () => undefined, // what is on the desk can be searched all the same
    );
    return () => {
      here = false;
      opened.forEach((t) => client.putAway(t.ticket));
    };
  }, [client, http]);
  const onDesk: readonly Searched[] = [...client.held].reverse();
  const before: readonly Searched<PastTicket>[] = past.map((ticket) => ({ ticket, conversation: client.conversation(ticket.ticket) }));
  const read = [...onDesk, ...before].reduce((sum, s) => sum + (s.conversation?.entries.at(-1)?.number ?? 0), 0);
  const results = useMemo(() => [...find(onDesk, words), ...find(before, words)], [words, read, past, onDesk.length]);
  const pick = results[Math.min(chosen, results.length - 1)];

  function open(result: (typeof results)[number] | undefined): void {
    const earlier = past.find((t) => t.ticket === result?.ticket.ticket);
    if (earlier !== undefined) {
      close();
      review(earlier);
    } else if (result !== undefined) {
      close();
      show(result.ticket.ticket);
    }
  }

  return (
    <Dialog title="Search your conversations" close={close} testid="search" wide>
      <input
        data-focus
        type="text"
        enterKeyHint="search"
        aria-label="Words to find"
        placeholder="A name, a topic or words that were written"
        data-testid="search-words"
        value={words}
        onInput={(event) => {
          setWords(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={(event) => {
          if (isOfInputMethod(event)) {
            return;
          }
          const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
          const step = steps[event.key];
          if (step !== undefined && results.length > 0) {
            event.preventDefault();
            setChosen((chosen + step + results.length) % results.length);
          } else if (event.key === "Enter") {
            event.preventDefault();
            open(pick);
          }
        }}
      />
      <p class="soft" role="status" data-testid="search-count">
        {words.trim() === "" ? `${onDesk.length + before.length} conversations` : results.length === 1 ? "1 place" : `${results.length} places`}
      </p>
      <ul class="results">
        {results.map((result, i) => (
          <li key={`${result.ticket.ticket} ${result.entry?.number ?? 0}`}>
            <button type="button" class="result" data-testid="result" data-chosen={result === pick} onClick={() => open(result)} onFocus={() => setChosen(i)}>
              <span class="result-who">
                <strong>
                  <bdi>{nameOf(result.ticket.visitor)}</bdi>
                </strong>
                <span class="soft">{when(result.entry?.at_ms ?? result.ticket.joined_at_ms, client)}</span>
              </span>
              <span class="excerpt" dir="auto">
                {result.entry !== undefined && <span class="soft">{writer(result.entry.from, client.conversation(result.ticket.ticket))}: </span>}
                {result.excerpt[0]}
                <mark>{result.excerpt[1]}</mark>
                {result.excerpt[2]}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function writer(from: Parameters<typeof nameOf>[0], conversation: Conversation | undefined): string {
  return conversation?.isOwn(from) === true ? "You" : nameOf(from);
}

function when(ms: number, client: DeskClient): string {
  return `${day(ms, client.connection.now())} ${clock(ms)}`;
}
