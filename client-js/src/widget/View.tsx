import type { ComponentChildren } from "preact";
import { isOfInputMethod } from "../dom/ime.ts";
import { never } from "../core/index.ts";
import { banner } from "./Banner.tsx";
import type * as FormsPart from "./forms.ts";
import { Icon } from "./icons.tsx";
import { launcher } from "./Launcher.tsx";
import { leave } from "./Leave.tsx";
import type { OnDemand } from "./on-demand.ts";
import { aboutAgent, aheadOf, waitOf, wordsOf } from "./spoken.ts";
import type * as TalkPart from "./talk.ts";
import type { Texts } from "./texts.ts";
import type { Controller } from "./controller.ts";
import { initialOf, nameOf } from "./words.ts";

/** What comes on demand. */
export interface Parts {
  readonly forms: OnDemand<typeof FormsPart>;
  readonly talk: OnDemand<typeof TalkPart>;
}

/** The launcher and, when it is open, the panel: what is shown follows from the newest view alone. */
export function View({ w, parts, texts }: { w: Controller; parts: Parts; texts: Texts }) {
  return (
    <div class="root" lang={w.state.locale} dir="ltr">
      {w.state.open && panel(w, parts, texts)}
      {launcher(w, texts)}
    </div>
  );
}

function panel(w: Controller, parts: Parts, texts: Texts) {
  const name = w.state.config.brand ?? texts.openChat;
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
          if (w.state.menu || w.state.leaving) {
            w.set(w.state, { menu: false, leaving: false });
          } else {
            w.state.config.setOpen(false);
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
          aria-expanded={w.state.menu}
          onClick={() => w.set(w.state, { menu: !w.state.menu })}
        >
          {Icon("settings")}
        </button>
        <button
          type="button"
          class="round"
          aria-label={texts.minimize}
          onClick={() => w.state.config.setOpen(false)}
        >
          {Icon("down")}
        </button>
      </div>
      <p class="spoken-only" role="status" data-testid="spoken">
        {w.state.spoken.say(...wordsOf(ticket, texts, w.state.locale), performance.now())}
      </p>
      {stage(w, parts, texts)}
    </section>
  );
}

/** A ticket that has ended is shown until the visitor asks to start again. */
function shownTicket({ state: { client, dismissed } }: Controller) {
  return client?.ticket?.ticket === dismissed ? undefined : client?.ticket;
}

function stage(w: Controller, parts: Parts, texts: Texts) {
  const ticket = shownTicket(w);
  const conversation = w.state.client?.conversation;
  const needsForms = w.state.menu || ticket?.status !== "assigned";
  const forms = needsForms ? parts.forms.get() : undefined;
  const talk = ticket === undefined ? undefined : parts.talk.get();
  const conversing = conversation && talk?.chat(w, texts, conversation);
  const below = (
    <>
      {w.state.menu && forms?.menu(w, texts)}
      {((needsForms && forms === undefined && parts.forms.failed) || (ticket !== undefined && talk === undefined && parts.talk.failed)) && (
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
              w.state.storage.browser.setItem("nextup.dismissed", ticket.ticket);
              w.set(w.state, { dismissed: ticket.ticket });
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
