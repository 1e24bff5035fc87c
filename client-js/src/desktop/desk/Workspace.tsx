import { useEffect, useRef, useState } from "preact/hooks";
import type { DeskOffer, Held, MessageFrameType } from "../../core/index.ts";
import { Banner } from "../parts/Banner.tsx";
import { useChanges, useTick, useWaking } from "../parts/draw.ts";
import { EditReplies } from "../parts/EditReplies.tsx";
import { Head } from "../parts/Head.tsx";
import type { Desk, PastTicket } from "../parts/http.ts";
import { Icon, IconButton } from "../parts/Icon.tsx";
import { isOn, putOn } from "../parts/kept.ts";
import { useKeys, type Shortcut } from "../parts/keys.ts";
import { Shortcuts } from "../parts/Shortcuts.tsx";
import { Transfer } from "../parts/Transfer.tsx";
import type { DeskClient } from "./client.ts";
import { Consult } from "./Consult.tsx";
import { Facts } from "./Facts.tsx";
import { inOrder, List, stateOf } from "./List.tsx";
import { useOfferNews } from "./offer-news.ts";
import { Offers } from "./Offers.tsx";
import { Pane } from "./Pane.tsx";
import { usePanes } from "./panes.ts";
import { Review } from "./Review.tsx";
import { useRun } from "./run.ts";
import { Search } from "./Search.tsx";
import { Status } from "./Status.tsx";

interface Props {
  client: DeskClient;
  http: Desk;
  signOut: (() => void) | undefined;
}

type Open =
  | { name: "shortcuts" | "search" | "replies" }
  | { name: "transfer" | "consult"; ticket: string }
  | { name: "review"; ticket: PastTicket };

const factsSetting = "nextup.desk.facts";
/** Where the facts lie over the conversation, they are shown when they are asked for. */
const narrow = "(max-width: 70rem)";

/** The agent's workspace: what is offered, the conversations, and who they are with. */
export function Workspace({ client, http, signOut }: Props) {
  useChanges(client);
  useWaking(client.connection);
  useTick(1_000);
  const { run, problem, dismiss } = useRun();
  const news = useOfferNews(client);
  const [open, setOpen] = useState<Open>();
  const [facts, setFacts] = useFacts();
  const [modes, setModes] = useState<ReadonlyMap<string, MessageFrameType>>(new Map());
  const page = useRef<HTMLElement>(null);
  const { desk, held } = client;
  const listed = inOrder(held);
  const panes = usePanes(listed.map((h) => h.ticket.ticket));
  const current = listed.find((h) => h.ticket.ticket === panes.focused);
  const nowMS = client.connection.now();
  const offers = desk?.offers ?? [];
  const departments = client.connection.welcome?.departments ?? [];
  const self = client.connection.welcome?.subject ?? "";
  useTitle(offers.length, held.reduce((sum, h) => sum + h.conversation.unread, 0));

  const accept = (offer: DeskOffer | undefined) => {
    if (offer !== undefined) {
      news.answered(offer);
      panes.await(offer.ticket);
      void run(client.accept(offer.offer));
    }
  };
  const decline = (offer: DeskOffer | undefined) => {
    if (offer !== undefined) {
      news.answered(offer);
      void run(client.decline(offer.offer));
    }
  };
  const end = (h: Held) => {
    const { ticket } = h.ticket;
    switch (stateOf(h)) {
      case "mine":
        return void run(client.closeConversation(ticket));
      case "guest":
        return void run(client.leave(ticket));
      case "wrap-up":
        return void run(client.finish(ticket));
      case "gone":
        return client.dismiss(ticket);
    }
  };
  const showFacts = (on: boolean) => {
    if (!matchMedia(narrow).matches) {
      putOn(factsSetting, on);
    }
    setFacts(on);
  };
  const setMode = (ticket: string, mode: MessageFrameType) => setModes(new Map(modes).set(ticket, mode));
  const write = (mode: MessageFrameType) => {
    if (current !== undefined) {
      setMode(current.ticket.ticket, mode);
      focusComposer(page.current, current.ticket.ticket);
    }
  };
  const step = (by: number) => {
    const i = listed.findIndex((h) => h.ticket.ticket === panes.focused);
    const next = listed[(i + by + listed.length) % listed.length];
    if (next !== undefined) {
      panes.choose(next.ticket.ticket, false);
    }
  };
  const mine = current !== undefined && stateOf(current) === "mine";
  const writable = current !== undefined && (mine || stateOf(current) === "guest");
  const shortcuts: readonly Shortcut[] = [
    { key: "a", does: "Accept the first offer", group: "Offers", off: offers.length === 0, run: () => accept(offers[0]) },
    { key: "d", does: "Decline the first offer", group: "Offers", off: offers.length === 0, run: () => decline(offers[0]) },
    { key: "v", does: "Be available, or away", group: "Offers", off: desk === undefined, run: () => void run(client.setStatus(desk?.status === "available" ? "away" : "available")) },
    { key: "j", does: "Next conversation", group: "Conversations", run: () => step(1) },
    { key: "k", does: "Conversation before", group: "Conversations", run: () => step(-1) },
    { key: "arrowdown", alt: true, does: "Next conversation, also while writing", group: "Conversations", run: () => step(1) },
    { key: "arrowup", alt: true, does: "Conversation before, also while writing", group: "Conversations", run: () => step(-1) },
    { key: "1-9", does: "Go to a conversation by its number", group: "Conversations", run: ({ key }) => choose(listed[Number(key) - 1], false) },
    { key: "b", does: "Put the next one beside this, or this pane away", group: "Conversations", off: listed.length < 2, run: () => panes.toggle() },
    { key: "s", does: "Search your conversations", group: "Conversations", run: () => setOpen({ name: "search" }) },
    { key: "k", mod: true, does: "Search, also while writing", group: "Conversations", run: () => setOpen({ name: "search" }) },
    { key: "r", does: "Write a reply", group: "This conversation", off: !writable, run: () => write("send") },
    { key: "n", does: "Write a note", group: "This conversation", off: !writable, run: () => write("note") },
    { key: "t", does: "Transfer", group: "This conversation", off: !mine, run: () => current && setOpen({ name: "transfer", ticket: current.ticket.ticket }) },
    { key: "c", does: "Invite an agent", group: "This conversation", off: !mine, run: () => current && setOpen({ name: "consult", ticket: current.ticket.ticket }) },
    { key: "e", does: "Close, finish, leave or dismiss", group: "This conversation", off: current === undefined, run: () => current && end(current) },
    { key: "i", does: "Show or hide the facts", group: "This conversation", run: () => showFacts(!facts) },
    { key: "/", does: "In a message: canned replies", group: "This conversation", off: !writable, run: () => write("send") },
    { key: "escape", does: "Stop writing", group: "Desk", off: true, run: () => undefined },
    { key: "?", does: "This sheet", group: "Desk", run: () => setOpen({ name: "shortcuts" }) },
  ];
  useKeys(shortcuts);

  function choose(h: Held | undefined, beside: boolean): void {
    if (h !== undefined) {
      panes.choose(h.ticket.ticket, beside);
    }
  }

  const shown = panes.shown.flatMap((id) => listed.find((h) => h.ticket.ticket === id) ?? []);
  const asked = open !== undefined && "ticket" in open && typeof open.ticket === "string" ? held.find((h) => h.ticket.ticket === open.ticket) : undefined;
  return (
    <main class="desk" ref={page} data-testid="desk" data-status={desk?.status ?? "unknown"} data-facts={facts && current !== undefined}>
      <div class="side">
        <Head connection={client.connection} signOut={signOut} showShortcuts={() => setOpen({ name: "shortcuts" })} sound />
        <Status client={client} run={run} />
        {problem !== undefined && <Notice kind="bad" testid="problem" text={problem} dismiss={dismiss} />}
        {news.lost !== "" && <Notice kind="" testid="offer-lost" text={news.lost} dismiss={news.dismiss} />}
        <Offers offers={offers} departments={departments} now={() => client.connection.now()} accept={accept} decline={decline} />
        <div class="list-head">
          <button class="search-button" type="button" data-testid="open-search" onClick={() => setOpen({ name: "search" })}>
            <Icon name="search" />
            <span>Search</span>
            <kbd>S</kbd>
          </button>
          {listed.length > 1 && (
            <IconButton icon="beside" label="Side by side" testid="beside" shortcut="B" pressed={panes.shown.length > 1} onClick={() => panes.toggle()} />
          )}
        </div>
        <List held={listed} open={panes.shown} focused={panes.focused} nowMS={nowMS} choose={panes.choose} />
      </div>
      <div class="work" ref={panes.area}>
        <Banner connection={client.connection} />
        {shown.length === 0 ? (
          <Nothing available={desk?.status === "available"} known={desk !== undefined} />
        ) : (
          <div class="panes" data-panes={shown.length}>
            {shown.map((h) => {
              const { ticket } = h.ticket;
              return (
                <Pane
                  key={ticket}
                  client={client}
                  held={h}
                  nowMS={nowMS}
                  focused={shown.length > 1 && ticket === panes.focused}
                  mode={modes.get(ticket) ?? "send"}
                  setMode={(mode) => setMode(ticket, mode)}
                  hide={shown.length > 1 ? () => panes.hide(ticket) : undefined}
                  focus={() => panes.focus(ticket)}
                  showFacts={facts ? undefined : () => showFacts(true)}
                  does={{
                    transfer: () => setOpen({ name: "transfer", ticket }),
                    consult: () => setOpen({ name: "consult", ticket }),
                    end: () => end(h),
                    editReplies: () => setOpen({ name: "replies" }),
                  }}
                />
              );
            })}
          </div>
        )}
      </div>
      {facts && current !== undefined && (
        <Facts
          ticket={current.ticket}
          departments={departments}
          nowMS={nowMS}
          http={http}
          review={(ticket) => setOpen({ name: "review", ticket })}
          close={() => showFacts(false)}
          handOver={(agent) => void run(client.transfer(current.ticket.ticket, { agent }))}
        />
      )}
      {open?.name === "shortcuts" && <Shortcuts shortcuts={shortcuts} close={() => setOpen(undefined)} />}
      {open?.name === "replies" && <EditReplies close={() => setOpen(undefined)} />}
      {open?.name === "search" && (
        <Search client={client} http={http} show={(t) => panes.choose(t, false)} review={(ticket) => setOpen({ name: "review", ticket })} close={() => setOpen(undefined)} />
      )}
      {open?.name === "review" && <Review client={client} ticket={open.ticket} close={() => setOpen(undefined)} />}
      {open?.name === "consult" && asked !== undefined && <Consult client={client} ticket={asked.ticket} http={http} close={() => setOpen(undefined)} />}
      {open?.name === "transfer" && asked !== undefined && (
        <Transfer
          title="Transfer"
          ticket={asked.ticket}
          departments={departments}
          http={http}
          except={[self]}
          transfer={(to, note) => client.transfer(asked.ticket.ticket, to, note)}
          close={() => setOpen(undefined)}
        />
      )}
    </main>
  );
}

function Nothing({ available, known }: { available: boolean; known: boolean }) {
  return (
    <div class="empty">
      <Icon name={available ? "clock" : "away"} />
      <p>
        {!known
          ? "One moment…"
          : available
            ? "No conversation yet. Offers appear here as soon as somebody is in line."
            : "You get offers while you are available."}
      </p>
      <p class="soft">
        <kbd>?</kbd> shows what the keyboard can do
      </p>
    </div>
  );
}

function Notice({ kind, testid, text, dismiss }: { kind: string; testid: string; text: string; dismiss: () => void }) {
  return (
    <div class={`notice ${kind}`} role="alert">
      <p data-testid={testid}>{text}</p>
      <IconButton icon="cross" label="Dismiss" onClick={dismiss} />
    </div>
  );
}

function focusComposer(page: HTMLElement | null, ticket: string): void {
  const pane = [...(page?.querySelectorAll<HTMLElement>("[data-testid=pane]") ?? [])].find((p) => p.dataset["ticket"] === ticket);
  pane?.querySelector<HTMLElement>("[data-composer]")?.focus();
}

/** Whether the facts are shown: beside the conversation as the agent left them, over it only when they are asked for. */
function useFacts(): [boolean, (on: boolean) => void] {
  const query = matchMedia(narrow);
  const [facts, setFacts] = useState(!query.matches && isOn(factsSetting));
  useEffect(() => {
    const change = () => setFacts(!query.matches && isOn(factsSetting));
    query.addEventListener("change", change);
    return () => query.removeEventListener("change", change);
  }, []);
  return [facts, setFacts];
}

function useTitle(offers: number, unread: number): void {
  useEffect(() => {
    const count = offers > 0 ? "● Offer · " : unread > 0 ? `(${unread}) ` : "";
    document.title = `${count}Agent desk · Nextup`;
  }, [offers, unread]);
}
