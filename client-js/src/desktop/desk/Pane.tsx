import { useState } from "preact/hooks";
import type { AgentClient, Held, MessageFrameType } from "../../core/index.ts";
import { Composer, type Mode } from "../parts/Composer.tsx";
import { IconButton } from "../parts/Icon.tsx";
import { Messages } from "../parts/Messages.tsx";
import { languageOf, nameOf, named, topicOf } from "../parts/people.tsx";
import { Stars } from "../parts/Stars.tsx";
import { stopwatch } from "../parts/times.ts";
import { stateOf } from "./List.tsx";
import { plain } from "../../dom/text.ts";

export interface PaneDoes {
  transfer: () => void;
  consult: () => void;
  /** Closes, finishes, leaves or dismisses: whatever ends the agent's part. */
  end: () => void;
  editReplies: () => void;
}

interface Props {
  client: AgentClient;
  held: Held;
  nowMS: number;
  focused: boolean;
  mode: MessageFrameType;
  setMode: (mode: MessageFrameType) => void;
  does: PaneDoes;
  /** Takes the pane away where several stand side by side. */
  hide: (() => void) | undefined;
  focus: () => void;
  /** Shows the facts about the visitor, where they are hidden. */
  showFacts: (() => void) | undefined;
}

const modes: readonly Mode[] = [
  { type: "send", name: "Reply", hint: "Write a message, / for canned replies", act: "Send" },
  { type: "note", name: "Note", hint: "Write a note, which the visitor never sees", act: "Keep" },
];

/** What ends the agent's part in a conversation is called. */
export function ending(held: Held): string {
  switch (stateOf(held)) {
    case "mine":
      return "Close";
    case "guest":
      return "Leave";
    case "wrap-up":
      return "Finish";
    case "gone":
      return "Dismiss";
  }
}

const endIDs = { mine: "close", guest: "leave", "wrap-up": "finish", gone: "dismiss" } as const;

/** One conversation: its visitor, its messages, and the box to write in. */
export function Pane({ client, held, nowMS, focused, mode, setMode, does, hide, focus, showFacts }: Props) {
  const { ticket, conversation, gone } = held;
  const state = stateOf(held);
  const [asked, setAsked] = useState(false);
  const open = state === "mine" || state === "guest";
  return (
    <article
      class={focused ? "pane focused" : "pane"}
      aria-label={`Conversation with ${nameOf(ticket.visitor)}`}
      data-testid="pane"
      tabIndex={-1}
      data-ticket={ticket.ticket}
      onFocusCapture={focus}
      onMouseDown={focus}
    >
      <header class="held" data-testid="held" data-ticket={ticket.ticket}>
        <div class="held-who">
          <h2>
            <bdi>{nameOf(ticket.visitor)}</bdi>
          </h2>
          <p class="soft">
            <span dir="auto">{topicOf(ticket)}</span> · {languageOf(ticket.language)}
            {ticket.owner !== undefined && ` · held by ${named(ticket.owner)}`}
          </p>
        </div>
        <div class="held-do" role="group" aria-label="Actions">
          {showFacts !== undefined && <IconButton icon="facts" label="Show the facts" testid="show-facts" shortcut="I" onClick={showFacts} />}
          {state === "mine" && (
            <>
              <IconButton icon="invite" label="Invite an agent" testid="consult" shortcut="C" onClick={does.consult} />
              <IconButton icon="transfer" label="Transfer" testid="transfer" shortcut="T" onClick={does.transfer} />
            </>
          )}
          <button
            class={state === "mine" ? "button small primary" : "button small"}
            type="button"
            data-testid={endIDs[state]}
            onClick={() => (state === "mine" && conversation.outbox.length > 0 && !asked ? setAsked(true) : does.end())}
          >
            {asked ? "Close with unsent messages" : ending(held)}
          </button>
          {hide !== undefined && <IconButton icon="cross" label="Hide this pane" testid="hide-pane" onClick={hide} />}
        </div>
      </header>
      {ticket.visitor_lost === true && open && (
        <p class="banner" role="status" data-testid="visitor-lost">
          The visitor lost their connection and may come back. What you write waits for them.
        </p>
      )}
      {state === "wrap-up" && (
        <p class="banner calm" role="status" data-testid="wrap-up">
          <span>
            Ended. Wrap up within <strong>{stopwatch((ticket.wrap_up_until_ms ?? 0) - nowMS)}</strong>, or finish now to take the next.
          </span>
          <Stars rating={ticket.rating} />
        </p>
      )}
      {gone && !conversation.closed && (
        <p class="banner calm" role="status">
          This conversation went on to somebody else.
        </p>
      )}
      <Messages conversation={conversation} nowMS={nowMS} marks={open} />
      {open && !conversation.closed && (
        <Composer
          conversation={conversation}
          modes={modes}
          mode={mode === "whisper" ? "send" : mode}
          setMode={setMode}
          language={ticket.language}
          names={{ visitor: plain(ticket.visitor.name ?? ""), agent: nameOfSelf(client) }}
          editReplies={does.editReplies}
        />
      )}
    </article>
  );
}

function nameOfSelf({ connection: { welcome } }: AgentClient): string {
  return welcome?.name ?? welcome?.subject ?? "";
}
