import { useEffect, useMemo } from "preact/hooks";
import { SupervisorClient, type AgentClient, type ClientOptions } from "../core/index.ts";
import { anySocket } from "../dom/fallback.ts";
import { Board } from "./board/Board.tsx";
import { DeskClient } from "./desk/client.ts";
import { Workspace } from "./desk/Workspace.tsx";
import type { DeskOptions } from "./options.ts";
import { HTTPClient } from "./parts/http.ts";
import { pageStorage } from "./parts/settings.ts";

/** The desk of an agent, or the board of a supervisor. */
export function App(options: DeskOptions) {
  return options.role === "agent" ? <AgentDesk {...options} /> : <SupervisorBoard {...options} />;
}

function AgentDesk(options: DeskOptions) {
  const client = useClient(options, (o) => new DeskClient(o));
  return <Workspace client={client} http={useHTTP(options)} signOut={signingOut(client, options)} />;
}

function SupervisorBoard(options: DeskOptions) {
  const client = useClient(options, (o) => new SupervisorClient(o));
  return <Board client={client} http={useHTTP(options)} signOut={signingOut(client, options)} />;
}

/** Signing out leaves nothing of what this person wrote in the tab. */
function signingOut(client: AgentClient | SupervisorClient, { signOut }: DeskOptions): (() => void) | undefined {
  return (
    signOut &&
    (() => {
      client.logout();
      signOut();
    })
  );
}

function useHTTP({ http, token }: DeskOptions): HTTPClient {
  return useMemo(() => new HTTPClient(http, token), []);
}

/** A client that is connected while the page shows it. */
function useClient<C extends AgentClient | SupervisorClient>({ url, token }: DeskOptions, make: (options: ClientOptions) => C): C {
  const client = useMemo(() => make({ url, token, storage: pageStorage().tab, WebSocket: anySocket() }), []);
  useEffect(() => {
    const forgets = [complainOf(client), client.connection.on("identity", () => pageStorage().tab.forget())];
    client.connect();
    return () => {
      forgets.forEach((forget) => forget());
      client.close();
    };
  }, [client]);
  return client;
}

/** Logs to the console why the desk cannot work, each reason once. It never logs a token or what people write. */
function complainOf(client: AgentClient | SupervisorClient): () => void {
  const said = new Set<string>();
  const complain = (what: string) => {
    if (!said.has(what)) {
      said.add(what);
      // oxlint-disable-next-line no-console -- the only place where the page's developers look
      console.error(`Nextup desk: ${what}`);
    }
  };
  const { connection } = client;
  const forgets = [
    connection.on("error", (error) => complain(error.message)),
    connection.on("state", (state) => {
      if (state.name === "stopped" && state.code !== 1000) {
        complain(`refused (${state.code}): ${state.error.message}`);
      } else if (state.name === "waiting" && connection.welcome === undefined && state.reason === undefined && said.size === 0) {
        complain(`no answer: check the address, and that the site's origins list ${location.origin}`);
      }
    }),
  ];
  if (pageStorage().blocked) {
    complain("this page may not store anything: drafts and messages that are not sent yet are lost on a reload");
  }
  return () => forgets.forEach((forget) => forget());
}
