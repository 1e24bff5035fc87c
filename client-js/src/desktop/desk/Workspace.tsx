import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { DeskOffer, Held, MessageFrameType } from "../../core/index.ts";
import { Banner } from "../parts/Banner.tsx";
import { useChanges, useTick, useWaking } from "../parts/draw.ts";
import { EditReplies } from "../parts/EditReplies.tsx";
import { FocusKeeping, isText, useFocusKeeper } from "../parts/focus.ts";
import { Head } from "../parts/Head.tsx";
import { Hint } from "../parts/Hint.tsx";
import type { HTTPClient, PastTicket } from "../parts/http.ts";
import { Icon, IconButton } from "../parts/Icon.tsx";
import { isOn, setOn } from "../parts/settings.ts";
import { useKeys, type Shortcut } from "../parts/keys.ts";
import { named } from "../parts/people.tsx";
import { Shortcuts } from "../parts/Shortcuts.tsx";
import { usePlaces, useStill } from "../parts/still.ts";
import { Transfer } from "../parts/Transfer.tsx";
import type { DeskClient } from "./client.ts";
import { Consult } from "./Consult.tsx";
import { Dock } from "./Dock.tsx";
import { Facts } from "./Facts.tsx";
import { inOrder, List, stateOf } from "./List.tsx";
import { Nothing } from "./Nothing.tsx";
import { useFirst, useOfferNews } from "./offer-news.ts";
import { Offers } from "./Offers.tsx";
import { Pane } from "./Pane.tsx";
import { usePanes } from "./panes.ts";
import { Review } from "./Review.tsx";
import { useRun } from "./run.ts";
import { Search } from "./Search.tsx";
import { Status } from "./Status.tsx";
import { Undo, type Soon } from "./Undo.tsx";

interface Props {
  client: DeskClient;
  http: HTTPClient;
  signOut: (() => void) | undefined;
}

type Open =
  | { name: "shortcuts" | "search" | "replies" }
  | { name: "transfer" | "consult"; ticket: string }
  | { name: "review"; ticket: PastTicket };

const factsSetting = "nextup.desk.facts";
/** Where the facts lie over the conversation, they are shown when they are asked for. */
const narrow = "(max-width: 70rem)";

/** How much wider the panes would be without the facts, in pixels. */
function factsRoom(): number {
  return matchMedia(narrow).matches ? 0 : (document.querySelector<HTMLElement>("[data-testid=facts]")?.offsetWidth ?? 0);
}

const closes = (h: Held) => `The conversation with ${named(h.ticket.visitor)} closes.`;

/** The agent's workspace: offers, conversations, and facts about their visitors. */
export function Workspace({ client, http, signOut }: Props) {
  useChanges(client);
  useWaking(client.connection);
  useTick(1_000);
  const { run, problem, dismiss } = useRun();
  const news = useOfferNews(client);
  const [why, setWhy] = useState("");
  const [open, setOpen] = useState<Open>();
  const [facts, setFacts] = useFacts();
  const [modes, setModes] = useState<ReadonlyMap<string, MessageFrameType>>(new Map());
  const page = useRef<HTMLElement>(null);
  const cards = useRef<HTMLDivElement>(null);
  const still = useStill(cards);
  const keeper = useFocusKeeper(page);
  /** The conversation that gets the focus, in its box, as soon as it is drawn. */
  const entering = useRef<string | undefined>(undefined);
  const { desk, held } = client;
  const listed = inOrder(held);
  const panes = usePanes(
    listed.map((h) => h.ticket.ticket),
    () => isText(document.activeElement),
    (ticket) => {
      if (document.activeElement !== page.current) {
        entering.current = ticket; // it was accepted by a button that is gone now
      }
    },
  );
  const current = listed.find((h) => h.ticket.ticket === panes.focused);
  const nowMS = client.connection.now();
  const offers = desk?.offers ?? [];
  const places = usePlaces(offers, (o) => o.offer, () => "", still);
  const departments = client.connection.welcome?.departments ?? [];
  const self = client.connection.welcome?.subject ?? "";
  useTitle(offers.length, held.reduce((sum, h) => sum + h.conversation.unread, 0));

  usePageEnd(() => client.heldBack.flush());
  useLayoutEffect(() => {
    const ticket = entering.current;
    entering.current = undefined;
    if (ticket !== undefined && !focusComposer(page.current, ticket)) {
      keeper.park();
      keeper.hold();
    }
  });
  const first = useFirst(offers.find((o) => !client.isDeclining(o.offer)));
  const before = useRef(panes.focused);
  useLayoutEffect(() => {
    const left = before.current;
    before.current = panes.focused;
    if (left !== undefined && left !== panes.focused && !listed.some((h) => h.ticket.ticket === left)) {
      keeper.hold(); // a key that was meant for the one that left must not be about this one
    }
  }, [panes.focused]);

  const accept = (offer: DeskOffer | undefined) => {
    if (offer !== undefined) {
      news.answered(offer);
      panes.await(offer.ticket);
      client.take(offer, run);
    }
  };
  const takeFirst = () => {
    keeper.home();
    accept(first.offer);
  };
  const decline = (offer: DeskOffer | undefined) => {
    if (offer !== undefined) {
      news.answered(offer);
      client.declineSoon(offer, run);
    }
  };
  const isClosing = ({ ticket }: Held) => ticket.closing_until_ms !== undefined || client.heldBack.has(ticket.ticket);
  /** Ends the agent's part at once. */
  const end = (h: Held) => {
    const { ticket } = h.ticket;
    switch (stateOf(h)) {
      case "mine":
        client.heldBack.takeBack(ticket);
        return void run(client.closeConversation(ticket));
      case "guest":
        return void run(client.leave(ticket));
      case "wrap-up":
        return void run(client.finish(ticket));
      case "gone":
        return client.dismiss(ticket);
    }
  };
  /** What a key ends can be taken back, since a key is easily pressed. */
  const endByKey = (h: Held) => (stateOf(h) === "mine" ? client.closeSoon(h.ticket.ticket, closes(h), isClosing(h), run) : end(h));
  const soon: readonly Soon[] = [
    ...held.flatMap((h): Soon[] => {
      const { ticket, closing_until_ms } = h.ticket;
      if (closing_until_ms === undefined || stateOf(h) !== "mine") {
        return [];
      }
      return [{ id: ticket, says: closes(h), leftMS: closing_until_ms - nowMS, now: () => end(h), undo: () => void run(client.cancelClose(ticket)) }];
    }),
    ...client.heldBack.acts.map(({ id, says, leftMS }): Soon => ({
      id,
      says,
      leftMS,
      now: () => client.heldBack.now(id),
      undo: () => client.heldBack.takeBack(id),
    })),
  ];
  /** What is pressed there goes with the press: the focus stays with the desk. */
  const atHome = (act: (() => void) | undefined) => {
    keeper.home();
    act?.();
  };
  const showFacts = (on: boolean) => {
    if (!matchMedia(narrow).matches) {
      setOn(factsSetting, on);
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
  const go = (h: Held | undefined, writing: boolean) => {
    if (h !== undefined) {
      keeper.home();
      panes.choose(h.ticket.ticket, false);
      if (writing) {
        entering.current = h.ticket.ticket;
      }
    }
  };
  const step = (by: number, writing: boolean) => {
    const i = listed.findIndex((h) => h.ticket.ticket === panes.focused);
    go(listed[(i + by + listed.length) % listed.length], writing);
  };
  const beside = () => {
    const many = panes.shown.length;
    if (many < listed.length && many < panes.roomWith(0)) {
      panes.add();
    } else if (many < listed.length && many < panes.roomWith(factsRoom())) {
      setFacts(false); // they give their room
      panes.add();
    } else if (many > 1) {
      panes.one();
      setFacts(!matchMedia(narrow).matches && isOn(factsSetting));
    } else {
      setWhy("There is no room for two conversations side by side at this width.");
    }
  };
  const mine = current !== undefined && stateOf(current) === "mine";
  const writable = current !== undefined && (mine || stateOf(current) === "guest");
  const several = listed.length > 1 ? undefined : "There is no other conversation.";
  const offering = first.offer === undefined ? "Nothing is offered." : first.fresh ? "The offer has just come to the front: look, then press again." : undefined;
  const here = current === undefined ? "There is no conversation." : undefined;
  const holding = here ?? (mine ? undefined : "This conversation is not yours.");
  const writing = here ?? (writable ? undefined : "Nothing can be written here any more.");
  const shortcuts: readonly Shortcut[] = [
    { key: "a", does: "Accept the first offer", group: "Offers", off: offering, run: () => takeFirst() },
    { key: "d", does: "Decline the first offer", group: "Offers", off: offering, run: () => decline(first.offer) },
    { key: "v", does: "Be available, or away", group: "Offers", off: desk === undefined ? "The desk is not here yet." : undefined, run: () => client.choose(client.wantedStatus === "available" ? "away" : "available", run) },
    { key: "j", does: "Next conversation", group: "Conversations", off: several, run: () => step(1, false) },
    { key: "k", does: "Conversation before", group: "Conversations", off: several, run: () => step(-1, false) },
    { key: "arrowdown", alt: true, does: "Next conversation, also while writing", group: "Conversations", off: several, run: () => step(1, true) },
    { key: "arrowup", alt: true, does: "Conversation before, also while writing", group: "Conversations", off: several, run: () => step(-1, true) },
    { key: "1-9", does: "Go to a conversation by its number", group: "Conversations", run: ({ key }) => (listed.length < Number(key) ? setWhy(`There is no conversation ${key}.`) : go(listed[Number(key) - 1], false)) },
    { key: "b", does: "Put the next one beside this, or this one alone", group: "Conversations", off: several, run: beside },
    { key: "s", does: "Search your conversations", group: "Conversations", run: () => setOpen({ name: "search" }) },
    { key: "k", mod: true, does: "Search, also while writing", group: "Conversations", run: () => setOpen({ name: "search" }) },
    { key: "r", does: "Write a reply", group: "This conversation", off: writing, run: () => write("send") },
    { key: "n", does: "Write a note", group: "This conversation", off: writing, run: () => write("note") },
    { key: "t", does: "Transfer", group: "This conversation", off: holding, run: () => current && setOpen({ name: "transfer", ticket: current.ticket.ticket }) },
    { key: "c", does: "Invite an agent", group: "This conversation", off: holding, run: () => current && setOpen({ name: "consult", ticket: current.ticket.ticket }) },
    { key: "e", does: "Close in 5 seconds, or at once when pressed again; finish, leave or dismiss", group: "This conversation", off: here, run: () => current && endByKey(current) },
    { key: "i", does: "Show or hide the facts", group: "This conversation", off: here, run: () => showFacts(!facts) },
    { key: "/", does: "In a message: canned replies", group: "This conversation", off: writing, run: () => write("send") },
    { key: "u", does: "Undo a close, a decline or an away", group: "Desk", off: soon.length === 0 ? "There is nothing to undo." : undefined, run: () => atHome(soon.at(-1)?.undo) },
    { key: "escape", does: "Stop writing: keys act again", group: "Desk", off: "", run: () => undefined },
    { key: "?", does: "This sheet", group: "Desk", run: () => setOpen({ name: "shortcuts" }) },
  ];
  useKeys(shortcuts, keeper, setWhy);

  const shown = panes.shown.flatMap((id) => listed.find((h) => h.ticket.ticket === id) ?? []);
  const asked = open !== undefined && "ticket" in open && typeof open.ticket === "string" ? held.find((h) => h.ticket.ticket === open.ticket) : undefined;
  return (
    <FocusKeeping value={keeper}>
    <main class="desk" ref={page} tabIndex={-1} data-testid="desk" data-status={desk?.status ?? "unknown"} data-facts={facts && current !== undefined}>
      <div class="side" data-offers={places.length > 0}>
        <Head connection={client.connection} signOut={signOut} showShortcuts={() => setOpen({ name: "shortcuts" })} sound />
        <Status client={client} run={run} />
        <div class="cards" ref={cards}>
          <div class="list-head">
            <button class="search-button" type="button" data-testid="open-search" onClick={() => setOpen({ name: "search" })}>
              <Icon name="search" />
              <span>Search</span>
              <kbd>S</kbd>
            </button>
            {listed.length > 1 && <IconButton icon="beside" label="Side by side" testid="beside" shortcut="B" pressed={panes.shown.length > 1} onClick={beside} />}
          </div>
          <List held={listed} open={panes.shown} focused={panes.focused} nowMS={nowMS} still={still} choose={panes.choose} />
          <Dock still={still}>
            <Offers
              offers={offers}
              keyed={first.fresh ? undefined : first.offer?.offer}
              departments={departments}
              now={() => client.connection.now()}
              places={places}
              conversation={(ticket) => client.conversation(ticket)}
              isTaken={({ ticket }) => held.some((h) => h.ticket.ticket === ticket && !h.gone)}
              isDeclining={({ offer }) => client.isDeclining(offer)}
              accept={accept}
              decline={decline}
              takeBack={({ offer }) => client.takeBackDecline(offer)}
            />
            <Undo all={soon} still={still} press={atHome} />
            {problem !== undefined && <Notice kind="bad" testid="problem" text={problem} dismiss={() => atHome(dismiss)} />}
            {news.lost !== "" && <Notice kind="" testid="offer-lost" text={news.lost} dismiss={() => atHome(news.dismiss)} />}
          </Dock>
        </div>
      </div>
      <div class="work" ref={panes.area} tabIndex={-1}>
        <Hint keeper={keeper} why={why} forget={() => setWhy("")} />
        <Banner connection={client.connection} />
        {shown.length === 0 ? (
          <Nothing available={desk?.status === "available"} known={desk !== undefined} http={http} departments={departments} />
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
          served={!current.gone}
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
        <Search client={client} http={http} show={(t) => go(held.find((h) => h.ticket.ticket === t), true)} review={(ticket) => setOpen({ name: "review", ticket })} close={() => setOpen(undefined)} />
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
    </FocusKeeping>
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

/** Puts the focus in the box of a conversation; false where it has none. */
function focusComposer(page: HTMLElement | null, ticket: string): boolean {
  const pane = [...(page?.querySelectorAll<HTMLElement>("[data-testid=pane]") ?? [])].find((p) => p.dataset["ticket"] === ticket);
  const box = pane?.querySelector<HTMLElement>("[data-composer]");
  box?.focus();
  return box !== undefined && box !== null;
}

/** Keeps whether the facts are shown: beside the conversation as the agent left them, over it only when they are asked for. */
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

/** Runs when the page goes. */
function usePageEnd(end: () => void): void {
  const latest = useRef(end);
  latest.current = end;
  useEffect(() => {
    const listen = () => latest.current();
    window.addEventListener("pagehide", listen);
    return () => window.removeEventListener("pagehide", listen);
  }, []);
}
