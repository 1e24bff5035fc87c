import type { ComponentChildren } from "preact";
import { isOfInputMethod } from "../dom/ime.ts";
import { never } from "../core/index.ts";
import { banner } from "./Banner.tsx";
import type * as FormsPart from "./forms.ts";
import { Icon } from "./icons.tsx";
import { launcher } from "./Launcher.tsx";
import type { OnDemand } from "./on-demand.ts";
import { aboutAgent, aheadOf, waitOf, announcementOf } from "./announcements.ts";
import type * as ConversationPart from "./conversation.ts";
import type { Texts } from "./texts.ts";
import type { Controller } from "./controller.ts";
import { initialOf, nameOf } from "./format.ts";

/** What comes on demand. */
export interface Parts {
  readonly forms: OnDemand<typeof FormsPart>;
  readonly conversation: OnDemand<typeof ConversationPart>;
}

/** The launcher and, when it is open, the panel: what is shown follows from the newest view alone. */
export function View({ controller, parts, texts }: { controller: Controller; parts: Parts; texts: Texts }) {
  return (
    <div class="root" popover="manual" lang={controller.state.locale}>
      {controller.state.open && panel(controller, parts, texts)}
      {launcher(controller, texts)}
    </div>
  );
}

function panel(controller: Controller, parts: Parts, texts: Texts) {
  const name = controller.state.config.brand ?? texts.openChat;
  const ticket = shownTicket(controller);
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
          if (controller.state.menu || controller.state.leaving) {
            controller.set(controller.state, { menu: false, leaving: false });
          } else {
            controller.state.config.setOpen(false);
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
          aria-expanded={controller.state.menu}
          onClick={() => controller.set(controller.state, { menu: !controller.state.menu })}
        >
          {Icon("settings")}
        </button>
        <button
          type="button"
          class="round"
          aria-label={texts.minimize}
          onClick={() => controller.state.config.setOpen(false)}
        >
          {Icon("down")}
        </button>
      </div>
      <p class="spoken-only" role="status" data-testid="spoken">
        {controller.state.announcer.announce(...announcementOf(ticket, texts, controller.state.locale), performance.now())}
      </p>
      {stage(controller, parts, texts)}
    </section>
  );
}

/** A ticket that has ended is shown until the visitor asks to start again. */
function shownTicket({ state: { client, dismissed } }: Controller) {
  return client?.ticket?.ticket === dismissed ? undefined : client?.ticket;
}

function stage(controller: Controller, parts: Parts, texts: Texts) {
  const ticket = shownTicket(controller);
  const conversation = controller.state.client?.conversation;
  const needsForms = controller.state.menu || ticket === undefined || conversation === undefined;
  const forms = needsForms ? parts.forms.get() : undefined;
  const conversationPart = ticket === undefined ? undefined : parts.conversation.get();
  const conversing = conversation && conversationPart?.chat(controller, texts, conversation);
  const below = (
    <>
      {controller.state.menu && forms?.menu(controller, texts)}
      {((needsForms && forms === undefined && parts.forms.failed) || (ticket !== undefined && conversationPart === undefined && parts.conversation.failed)) && (
        <p class="strip" role="status">
          {texts.unreachable}
        </p>
      )}
      {banner(controller, texts, ticket !== undefined && ticket.end === undefined)}
    </>
  );
  if (ticket === undefined || conversation === undefined) {
    return [hero(texts.title, texts.lead), below, forms?.joinForm(controller, texts)];
  }
  switch (ticket.status) {
    case "waiting":
    case "offered":
      return [
        conversationPart?.line(controller, texts, ticket) ?? hero(aheadOf(ticket, texts), waitOf(ticket, texts)),
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
          {conversationPart?.leave(controller, texts, texts.leaveChat)}
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
          {conversationPart?.rating(controller, texts, ticket)}
          <button
            class={ticket.agent !== undefined && ticket.rating === undefined ? "button" : "button primary"}
            type="button"
            data-testid="rejoin"
            onClick={() => {
              controller.state.storage.browser.setItem("nextup.dismissed", ticket.ticket);
              controller.set(controller.state, { dismissed: ticket.ticket });
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
