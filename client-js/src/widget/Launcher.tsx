import { Icon } from "./icons.tsx";
import { aheadOf, waitOf } from "./announcements.ts";
import type { Texts } from "./texts.ts";
import type { Controller } from "./controller.ts";

/** The button in the corner. It shows the place of a waiting visitor while the panel is closed. */
export function launcher({ state: { open, client, config } }: Controller, texts: Texts) {
  const ticket = client?.ticket;
  const unread = open ? 0 : (client?.conversation?.unread ?? 0);
  const position = open ? undefined : ticket?.position;
  const said = [
    open ? texts.minimize : texts.openChat,
    position !== undefined && texts.place(position),
    unread > 0 && texts.unread(unread),
  ];
  return (
    <button
      type="button"
      class={position === undefined ? "launcher" : "launcher in-line"}
      aria-expanded={open}
      aria-label={said.filter(Boolean).join(". ")}
      data-testid="launcher"
      onClick={() => config.setOpen(!open)}
    >
      {position === undefined ? (
        Icon(open ? "down" : "chat")
      ) : (
        <>
          <span class="launcher-place">{position}</span>
          <span class="launcher-words">
            <span>{ticket && aheadOf(ticket, texts)}</span>
            <strong>{ticket && waitOf(ticket, texts)}</strong>
          </span>
        </>
      )}
      {unread > 0 && (
        <span class="badge">
          {Math.min(unread, 99)}
        </span>
      )}
    </button>
  );
}
