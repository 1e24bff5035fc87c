import { useEffect, useMemo } from "preact/hooks";
import { SupervisorClient } from "../core/index.ts";
import { Board } from "./board/Board.tsx";
import { DeskClient } from "./desk/client.ts";
import { Workspace } from "./desk/Workspace.tsx";
import type { DeskOptions } from "./index.ts";
import { Desk } from "./parts/http.ts";

/** The desk of an agent, or the board of a supervisor. */
export function App(options: DeskOptions) {
  return options.role === "agent" ? <AgentDesk {...options} /> : <SupervisorBoard {...options} />;
}

/** sessionStorage, or nothing where the browser forbids it. */
function storage(): { storage?: Storage } {
  try {
    return { storage: sessionStorage };
  } catch {
    return {};
  }
}

function AgentDesk({ url, http, token, signOut }: DeskOptions) {
  const client = useMemo(() => new DeskClient({ url, token, ...storage() }), []);
  const asks = useMemo(() => new Desk(http, token), []);
  useEffect(() => {
    client.connect();
    return () => client.close();
  }, [client]);
  return <Workspace client={client} http={asks} signOut={signOut} />;
}

function SupervisorBoard({ url, http, token, signOut }: DeskOptions) {
  const client = useMemo(() => new SupervisorClient({ url, token, ...storage() }), []);
  const asks = useMemo(() => new Desk(http, token), []);
  useEffect(() => {
    client.connect();
    return () => client.close();
  }, [client]);
  return <Board client={client} http={asks} signOut={signOut} />;
}
