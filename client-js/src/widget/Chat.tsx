import type { Conversation, EntryFrame } from "../core/index.ts";
import { composer } from "./Composer.tsx";
import { event, message, outgoing } from "./Entry.tsx";
import { atNewest } from "./reading.ts";
import { keepPosition, moved, scrollAction, listWindow, scrollToTop } from "../dom/list-window.ts";
import type { Texts } from "./texts.ts";
import type { Controller } from "./controller.ts";
import { formatDay, nameOf, startOfDay } from "./format.ts";

/** Messages of one person that follow so quickly are one block. */
const blockMS = 5 * 60_000;

/** A conversation: its entries, what is being sent, and the box to write in. */
export function chat(controller: Controller, texts: Texts, conversation: Conversation) {
  const { entries, outbox, typist, unread, closed } = conversation;
  const { reading } = controller.state;
  const { answered } = reading;
  const part = listWindow(entries, isShown, reading.from);
  const { shown, earlier, later } = part;
  const move = (list: Element | null, onwards: boolean) => {
    const from = reading.from ?? shown[0]?.number ?? 0;
    controller.set(reading, { from: moved(entries, isShown, from, onwards), atEnd: false, hold: list === null ? undefined : keepPosition(list) });
  };
  return (
    <section class="chat" aria-label={texts.chat} key={conversation.ticket}>
      <div
        class="entries"
        role="log"
        aria-label={texts.chat}
        tabIndex={0}
        aria-live={reading.atEnd ? "polite" : "off"}
        data-testid="entries"
        onScroll={({ currentTarget }) => {
          const what = scrollAction(currentTarget, part);
          if (what === "earlier" || what === "later") {
            move(currentTarget, what === "later");
          } else if ((what === "end") !== reading.atEnd) {
            controller.set(reading, what === "end" ? atNewest : { from: shown[0]?.number, atEnd: false });
          }
        }}
      >
        {shown.length + outbox.length === 0 && !closed && <p class="said-nothing">{texts.already}</p>}
        {earlier && (
          <button type="button" class="link" onClick={({ currentTarget }) => move(scrollToTop(currentTarget), false)}>
            {texts.earlier}
          </button>
        )}
        <ol>
          {shown.flatMap((entry, i) => {
            const before = shown[i - 1];
            const day = startOfDay(entry.at_ms);
            return [
              (before === undefined || day !== startOfDay(before.at_ms)) && (
                <li key={`day${day}`} class="day">
                  <span>{formatDay(entry.at_ms, controller.state.now, controller.state.variety)}</span>
                </li>
              ),
              entry.kind === "message"
                ? message(controller, texts, conversation, entry, {
                    first: !sameBlock(before, entry),
                    last: !sameBlock(entry, shown[i + 1]),
                    answered,
                  })
                : event(texts, entry),
            ];
          })}
          {!later && outbox.map((sent) => outgoing(texts, conversation, sent))}
        </ol>
      </div>
      {!reading.atEnd && (later || unread > 0) && (
        <button type="button" class="jump" onClick={() => controller.set(reading, atNewest)}>
          {unread > 0 ? texts.newMessages(unread) : texts.newest} ↓
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
      {!closed && composer(controller, texts, conversation)}
    </section>
  );
}

function isShown({ kind }: EntryFrame): boolean {
  return kind === "message" || kind === "member" || kind === "agent_lost" || kind === "closed";
}

/** Reports whether two entries are drawn as one block. */
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
