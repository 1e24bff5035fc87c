import { useEffect, useRef, useState } from "preact/hooks";
import type { BoardQueue, BoardTicket, Person, SupervisorClient } from "../../core/index.ts";
import { Banner } from "../parts/Banner.tsx";
import { useChanges, useTick, useWaking } from "../parts/draw.ts";
import { EditReplies } from "../parts/EditReplies.tsx";
import { FocusKeeping, useFocusKeeper } from "../parts/focus.ts";
import { Head } from "../parts/Head.tsx";
import { Hint } from "../parts/Hint.tsx";
import type { HTTPClient, LineTicket } from "../parts/http.ts";
import { useKeys, type Shortcut } from "../parts/keys.ts";
import { Shortcuts } from "../parts/Shortcuts.tsx";
import { Transfer } from "../parts/Transfer.tsx";
import { Agents } from "./Agents.tsx";
import { Day } from "./Day.tsx";
import { HeadStart } from "./HeadStart.tsx";
import { Line } from "./Line.tsx";
import { Numbers } from "./Numbers.tsx";
import { Pause } from "./Pause.tsx";
import { Queues } from "./Queues.tsx";
import { Watch } from "./Watch.tsx";

interface Props {
  client: SupervisorClient;
  http: HTTPClient;
  signOut: (() => void) | undefined;
}

type Drawer = { name: "watch"; ticket: BoardTicket } | { name: "line"; queue: string };

interface Passed {
  ticket: string;
  visitor: Person;
  department: string;
  language: string;
  agent: string | undefined;
}

type Open =
  | { name: "shortcuts" | "replies" }
  | { name: "pause"; queue: BoardQueue }
  | { name: "head-start"; ticket: LineTicket }
  | { name: "reassign"; ticket: Passed };

/** The supervisor's board: the whole site, and what they may do about it. */
export function Board({ client, http, signOut }: Props) {
  useChanges(client);
  useWaking(client.connection);
  useTick(1_000);
  const [drawer, setDrawer] = useState<Drawer>();
  const [open, setOpen] = useState<Open>();
  const [why, setWhy] = useState("");
  const page = useRef<HTMLElement>(null);
  const keeper = useFocusKeeper(page);
  const { board } = client;
  const nowMS = client.connection.now();
  const departments = client.connection.welcome?.departments ?? [];
  useEffect(() => {
    document.title = "Board · Nextup";
  }, []);
  const shortcuts: readonly Shortcut[] = [
    { key: "escape", does: "Close what is open at the side", group: "Board", off: drawer === undefined ? "" : undefined, run: () => setDrawer(undefined) },
    { key: "q", does: "Go to the queues", group: "Board", run: () => focusOn("[data-testid=show-line]:not(:disabled), [data-testid=pause]") || setWhy("There is no queue.") },
    { key: "g", does: "Go to the agents’ conversations", group: "Board", run: () => focusOn("[data-testid=watch]") || setWhy("No agent has a conversation.") },
    { key: "w", does: "Whisper in the conversation that is read", group: "Board", off: drawer?.name === "watch" ? undefined : "No conversation is read.", run: () => focusOn("[data-composer]") || setWhy("That conversation has ended.") },
    { key: "?", does: "This sheet", group: "Board", run: () => setOpen({ name: "shortcuts" }) },
  ];
  useKeys(shortcuts, keeper, setWhy);
  const close = () => setOpen(undefined);
  const watch = (ticket: BoardTicket) => setDrawer({ name: "watch", ticket });
  const holderOf = (ticket: string) => board?.agents.find((a) => a.tickets?.some((t) => t.ticket === ticket));
  const queue = drawer?.name === "line" ? board?.queues.find((q) => q.queue === drawer.queue) : undefined;
  const passed = ({ ticket, visitor, department, language }: BoardTicket): Passed => ({
    ticket,
    visitor,
    department,
    language,
    agent: holderOf(ticket)?.id,
  });

  return (
    <FocusKeeping value={keeper}>
    <main class="board" ref={page} tabIndex={-1} data-testid="board" data-drawer={drawer !== undefined}>
      <div class="board-page">
        <Head connection={client.connection} signOut={signOut} showShortcuts={() => setOpen({ name: "shortcuts" })} sound={false} />
        <Banner connection={client.connection} />
        {board === undefined ? (
          <p class="empty soft">One moment…</p>
        ) : (
          <>
            {board.rules_differ === true && (
              <p class="notice bad" role="alert" data-testid="rules-differ">
                The gateways run different site files: who is served how depends on where they are connected. Somebody should find out why.
              </p>
            )}
            {board.log_evicts === true && (
              <p class="notice bad" role="alert" data-testid="log-evicts">
                The Redis that keeps everything throws things away when its memory is full: people will lose their places in line. Somebody should set its maxmemory-policy to noeviction.
              </p>
            )}
            <Numbers board={board} departments={departments} nowMS={nowMS} watch={watch} />
            <Queues
              board={board}
              departments={departments}
              nowMS={nowMS}
              show={(q) => setDrawer({ name: "line", queue: q.queue })}
              pause={(q) => setOpen({ name: "pause", queue: q })}
              watch={watch}
            />
            <Agents
              board={board}
              nowMS={nowMS}
              watched={drawer?.name === "watch" ? drawer.ticket.ticket : undefined}
              watch={watch}
            />
            {board.today !== undefined && <Day today={board.today} nowMS={nowMS} />}
          </>
        )}
      </div>
      {drawer?.name === "watch" && (
        <Watch
          key={drawer.ticket.ticket}
          client={client}
          http={http}
          ticket={drawer.ticket}
          open={client.conversation(drawer.ticket.ticket)?.closed !== true}
          read={(t) => setDrawer({ name: "watch", ticket: { ...t, status: "closed" } })}
          reassign={() => setOpen({ name: "reassign", ticket: passed(drawer.ticket) })}
          editReplies={() => setOpen({ name: "replies" })}
          close={() => setDrawer(undefined)}
        />
      )}
      {queue !== undefined && board !== undefined && (
        <Line
          key={queue.queue}
          queue={queue}
          departments={departments}
          http={http}
          nowMS={nowMS}
          log={board.log}
          setHeadStart={(ticket) => setOpen({ name: "head-start", ticket })}
          reassign={({ ticket, visitor }) => setOpen({ name: "reassign", ticket: { ticket, visitor, department: queue.department, language: queue.language, agent: undefined } })}
          read={(t) => setDrawer({ name: "watch", ticket: { ...t, department: queue.department, language: queue.language } })}
          close={() => setDrawer(undefined)}
        />
      )}
      {open?.name === "shortcuts" && <Shortcuts shortcuts={shortcuts} close={close} />}
      {open?.name === "replies" && <EditReplies close={close} />}
      {open?.name === "pause" && (
        <Pause queue={open.queue} departments={departments} close={close} set={(paused, reason) => client.pause(open.queue.department, open.queue.language, paused, reason)} />
      )}
      {open?.name === "head-start" && (
        <HeadStart ticket={open.ticket} close={close} set={(seconds, reason) => client.headStart(open.ticket.ticket, seconds, reason)} />
      )}
      {open?.name === "reassign" && (
        <Transfer
          title="Reassign"
          ticket={open.ticket}
          departments={departments}
          http={http}
          except={open.ticket.agent === undefined ? [] : [open.ticket.agent]}
          transfer={(to, note) => client.transfer(open.ticket.ticket, to, note)}
          close={close}
        />
      )}
      <Hint keeper={keeper} why={why} forget={() => setWhy("")} />
    </main>
    </FocusKeeping>
  );
}

/** Puts the focus on the first of such elements; false where there is none. */
function focusOn(selector: string): boolean {
  const found = document.querySelector<HTMLElement>(selector);
  found?.focus();
  return found !== null;
}
