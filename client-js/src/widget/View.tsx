import type { ComponentChildren } from "preact";
import { isOfInputMethod } from "../dom/ime.ts";
import { never } from "../core/index.ts";
import { banner } from "./Banner.tsx";
import { Icon } from "./icons.tsx";
import { launcher } from "./Launcher.tsx";
import { leave } from "./Leave.tsx";
import { aboutAgent, aheadOf, waitOf, wordsOf } from "./spoken.ts";
import type { Texts } from "./texts.ts";
import type { Widget } from "./widget.tsx";
import { initialOf, nameOf } from "./words.ts";

/** The launcher and, when it is open, the panel: what is shown follows from the newest view alone. */
export function View({ w, texts }: { w: Widget; texts: Texts }) {
  return (
    <div class="root" lang={w.locale} dir="ltr">
      {w.open && panel(w, texts)}
      {launcher(w, texts)}
    </div>
  );
}

function panel(w: Widget, texts: Texts) {
  const name = w.config.brand ?? texts.openChat;
  const ticket = shownTicket(w);
  return (
    <section
      class="panel"
      role="dialog"
      aria-label={name}
      tabIndex={-1}
      ref={begin}
      data-testid="visitor"
      data-status={ticket?.status ?? "none"}
      onKeyDown={(event) => {
        if (event.key === "Escape" && !isOfInputMethod(event)) {
          if (w.menu || w.leaving) {
            w.set(w, { menu: false, leaving: false });
          } else {
            w.config.setOpen(false);
          }
        }
      }}
    >
      <div class="bar">
        <span class="mark" aria-hidden="true">
          <i />
          <i />
          <i />
        </span>
        <span class="brand">{name}</span>
        <button
          type="button"
          class="round"
          aria-label={texts.menu}
          aria-expanded={w.menu}
          onClick={() => w.set(w, { menu: !w.menu })}
        >
          {Icon("settings")}
        </button>
        <button
          type="button"
          class="round"
          aria-label={texts.minimize}
          onClick={() => w.config.setOpen(false)}
        >
          {Icon("down")}
        </button>
      </div>
      <p class="spoken-only" role="status" data-testid="spoken">
        {w.spoken.say(...wordsOf(ticket, texts, w.locale), performance.now())}
      </p>
      {stage(w, texts)}
    </section>
  );
}

/** A ticket that has ended is shown until the visitor asks to start again. */
function shownTicket({ client, dismissed }: Widget) {
  return client?.ticket?.ticket === dismissed ? undefined : client?.ticket;
}

function stage(w: Widget, texts: Texts) {
  const ticket = shownTicket(w);
  const conversation = w.client?.conversation;
  const needsForms = w.menu || ticket?.status !== "assigned";
  const forms = needsForms ? w.forms.get() : undefined;
  const talk = ticket === undefined ? undefined : w.talk.get();
  const conversing = conversation && talk?.chat(w, texts, conversation);
  const below = (
    <>
      {w.menu && forms?.menu(w, texts)}
      {((needsForms && forms === undefined && w.forms.failed) || (ticket !== undefined && talk === undefined && w.talk.failed)) && (
        <p class="strip" role="status">
          {texts.unreachable}
        </p>
      )}
      {banner(w, texts, ticket !== undefined && ticket.end === undefined)}
    </>
  );
  if (ticket === undefined || conversation === undefined) {
    return [hero(texts.title, texts.lead), below, forms?.joinForm(w, texts)];
  }
  switch (ticket.status) {
    case "waiting":
    case "offered":
      return [
        forms?.line(w, texts, ticket) ?? hero(aheadOf(ticket, texts), waitOf(ticket, texts)),
        below,
        conversing,
      ];
    case "assigned": {
      const name = nameOf(ticket.agent, texts);
      return [
        <div class="hero with">
          <span class="face" aria-hidden="true">
            {initialOf(name)}
          </span>
          <h2 data-testid="agent-name">{aboutAgent(ticket, texts)}</h2>
          {leave(w, texts, texts.leaveChat)}
        </div>,
        ticket.agent_lost === true && <p class="strip">{texts.mayReturn}</p>,
        below,
        conversing,
      ];
    }
    case "closed":
    case "abandoned":
      return [
        hero(texts.ended, ticket.end && texts.ends[ticket.end]),
        below,
        <div class="ended" data-testid="ended">
          {forms?.rating(w, texts, ticket)}
          <button
            class={ticket.agent !== undefined && ticket.rating === undefined ? "button" : "button primary"}
            type="button"
            data-testid="rejoin"
            onClick={() => {
              w.keep.browser.setItem("nextup.dismissed", ticket.ticket);
              w.set(w, { dismissed: ticket.ticket });
            }}
          >
            {texts.again}
          </button>
        </div>,
        conversation.entries.length > 0 && conversing,
      ];
    default:
      return never(ticket.status);
  }
}

function hero(title: string, lead: ComponentChildren) {
  return (
    <div class="hero">
      <h2>{title}</h2>
      <p>{lead}</p>
    </div>
  );
}

/** The panel takes the focus when it opens. */
function begin(opened: HTMLElement | null) {
  opened?.focus();
}
