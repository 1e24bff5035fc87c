import { useEffect, useState } from "preact/hooks";
import { never, type TicketFrame, type VisitorClient } from "../../core/index.ts";
import { Banner } from "../shared/Banner.tsx";
import { Chat, nameOf } from "../shared/Chat.tsx";
import { useClient, useWaking } from "../shared/hooks.ts";
import { recall, remember } from "../shared/identity.ts";
import { locales, type Locale, type VisitorTexts } from "../shared/texts.ts";
import { JoinForm } from "./JoinForm.tsx";
import { Line } from "./Line.tsx";

interface Props {
  client: VisitorClient;
  token: () => string | Promise<string>;
  locale: Locale;
  locales: Locale[];
}

/** The whole visitor page: what is shown follows from the newest view alone. */
export function VisitorPage({ client, token, locale: first, locales: choices }: Props) {
  useClient(client);
  useWaking(client.connection);
  const [locale, setLocale] = useState(first);
  // A ticket that has ended is shown until the visitor asks to start again.
  const [dismissed, setDismissed] = useState(recall<string>("dismissed"));
  const texts = locales[locale].texts;
  const ticket = client.ticket?.ticket === dismissed ? undefined : client.ticket;
  useEffect(() => {
    document.documentElement.lang = locale;
    remember("locale", locale);
  }, [locale]);
  useEffect(() => {
    if (client.settled) {
      remember("ticket", client.ticket?.ticket ?? null);
    }
  }, [client.settled, client.ticket?.ticket]);
  useTitle(ticket, texts);

  return (
    <main class="visitor" data-testid="visitor" data-status={ticket?.status ?? "none"}>
      <header>
        <span class="brand">
          <img src={new URL("../icon.svg", import.meta.url).href} alt="" width="28" height="28" />
          Nextup
        </span>
        <nav aria-label="Language">
          {choices.map((choice) => (
            <button
              key={choice}
              class="button quiet"
              type="button"
              lang={choice}
              aria-pressed={choice === locale}
              data-testid={`locale-${choice}`}
              onClick={() => setLocale(choice)}
            >
              {locales[choice].name}
            </button>
          ))}
        </nav>
      </header>
      <Banner connection={client.connection} texts={texts} keeps={ticket !== undefined && ticket.end === undefined} />
      <Stage
        {...{ client, token, locale, texts, ticket }}
        again={() => {
          remember("dismissed", client.ticket?.ticket);
          setDismissed(client.ticket?.ticket);
        }}
      />
    </main>
  );
}

interface StageProps {
  client: VisitorClient;
  token: () => string | Promise<string>;
  locale: Locale;
  texts: VisitorTexts;
  ticket: TicketFrame | undefined;
  again: () => void;
}

function Stage({ client, token, locale, texts, ticket, again }: StageProps) {
  const { conversation } = client;
  if (ticket === undefined || conversation === undefined) {
    // A reload with a ticket waits for its view instead of showing the form first.
    const expecting = !client.settled && (recall<string>("ticket") ?? "") !== "";
    return expecting ? <p class="expecting soft">{texts.connecting}</p> : <JoinForm {...{ client, token, locale, texts }} />;
  }
  const chat = <Chat {...{ conversation, texts, locale }} hint={texts.already} key={ticket.ticket} />;
  const leave = (label: string) => (
    <button class="button quiet" type="button" data-testid="leave" onClick={() => void client.leave().catch(ignore)}>
      {label}
    </button>
  );
  switch (ticket.status) {
    case "waiting":
    case "offered":
      return (
        <>
          <Line {...{ ticket, texts }} now={() => client.connection.now()} leave={leave(texts.leave)} />
          {chat}
        </>
      );
    case "assigned":
      return (
        <>
          <div class="with">
            <h1 data-testid="agent-name">{texts.withAgent(nameOf(ticket.agent, texts))}</h1>
            {leave(texts.leaveChat)}
          </div>
          {chat}
        </>
      );
    case "closed":
    case "abandoned":
      return (
        <>
          <div class="over" data-testid="ended" role="status">
            <h1>{texts.ended}</h1>
            {ticket.end !== undefined && <p class="soft">{texts.ends[ticket.end]}</p>}
            <button class="button primary" type="button" data-testid="rejoin" onClick={again}>
              {texts.again}
            </button>
          </div>
          {conversation.entries.length > 0 && <Chat {...{ conversation, texts, locale }} key={ticket.ticket} />}
        </>
      );
    default:
      return never(ticket.status);
  }
}

/** A refused leave changes nothing: the next view shows what is. */
function ignore(): void {}

/** The tab's title tells the place while another tab is looked at. */
function useTitle(ticket: TicketFrame | undefined, texts: VisitorTexts): void {
  const inLine = ticket?.status === "waiting" || ticket?.status === "offered";
  const title = inLine && ticket.position !== undefined ? `(${ticket.position}) ${texts.yourPlace}` : texts.title;
  useEffect(() => {
    document.title = `${title} · Nextup`;
  }, [title]);
}
