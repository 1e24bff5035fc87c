import type { Conversation, EntryFrame } from "../core/index.ts";
import { composer } from "./Composer.tsx";
import { event, message, outgoing } from "./Entry.tsx";
import type { Texts } from "./texts.ts";
import type { Widget } from "./widget.tsx";
import { dayInWords, nameOf, startOfDay } from "./words.ts";

/** Messages of one person that follow so quickly are one block. */
const blockMS = 5 * 60_000;

/** A conversation: its entries, what is being sent, and the box to write in. */
export function chat(w: Widget, texts: Texts, conversation: Conversation) {
  const { entries, outbox, typist, unread, closed } = conversation;
  const { reading } = w;
  const all = entries.filter((e) => e.kind === "message" || e.kind === "member" || e.kind === "closed");
  const shown = all.slice(-reading.limit);
  const answered = entries.some((e) => e.kind === "member");
  return (
    <section class="chat" aria-label={texts.chat} key={conversation.ticket}>
      <div
        class="entries"
        role="log"
        aria-label={texts.chat}
        tabIndex={0}
        data-testid="entries"
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          const atEnd = scrollHeight - scrollTop - clientHeight < 40;
          if (atEnd !== reading.atEnd) {
            w.set(reading, { atEnd });
          }
        }}
      >
        {all.length + outbox.length === 0 && !closed && <p class="said-nothing">{texts.already}</p>}
        {all.length > reading.limit && (
          <button type="button" class="link" onClick={() => w.set(reading, { limit: reading.limit * 2 })}>
            {texts.earlier}
          </button>
        )}
        <ol>
          {shown.map((entry, i) => {
            const before = shown[i - 1];
            const day = startOfDay(entry.at_ms);
            return [
              (before === undefined || day !== startOfDay(before.at_ms)) && (
                <li key={`day${day}`} class="day">
                  <span>{dayInWords(entry.at_ms, w.now, w.variety)}</span>
                </li>
              ),
              entry.kind === "message"
                ? message(w, texts, conversation, entry, {
                    first: !sameBlock(before, entry),
                    last: !sameBlock(entry, shown[i + 1]),
                    answered,
                  })
                : event(texts, entry),
            ];
          })}
          {outbox.map((sent) => outgoing(texts, conversation, sent))}
        </ol>
      </div>
      {!reading.atEnd && unread > 0 && (
        <button type="button" class="jump" onClick={() => w.set(reading, { atEnd: true })}>
          {texts.newMessages(unread)} ↓
        </button>
      )}
      <p class="typing" role="status" data-testid="typing">
        {typist !== undefined && (
          <>
            <span class="dots" aria-hidden="true">
              <i />
              <i />
              <i />
            </span>
            {texts.typing(nameOf(typist, texts))}
          </>
        )}
      </p>
      {!closed && composer(w, texts, conversation)}
    </section>
  );
}

/** Whether two entries are drawn as one block. */
function sameBlock(a: EntryFrame | undefined, b: EntryFrame | undefined): boolean {
  return (
    a?.kind === "message" &&
    b?.kind === "message" &&
    a.from?.role === b.from?.role &&
    a.from?.id === b.from?.id &&
    b.at_ms - a.at_ms < blockMS &&
    startOfDay(a.at_ms) === startOfDay(b.at_ms)
  );
}
