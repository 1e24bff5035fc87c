import { render } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { AgentClient } from "../../core/index.ts";
import {
  demoToken,
  forget,
  recall,
  remember,
  socketAddress,
  tokenFromAddress,
  type Identity,
} from "../shared/identity.ts";
import { Desk } from "./Desk.tsx";
import { SignIn } from "./SignIn.tsx";
import "../theme.css";
import "./agent.css";

const fixed = tokenFromAddress();

/** Signed in by a token or as a demo agent, who stays signed in over a reload. */
function AgentPage() {
  const [agent, setAgent] = useState(recall<Identity>("agent"));
  const client = useMemo(() => {
    if (fixed === undefined && agent === undefined) {
      return undefined;
    }
    const token = () => fixed ?? (agent === undefined ? "" : demoToken("agent", agent));
    return new AgentClient({ url: socketAddress(), token });
  }, [agent]);
  useEffect(() => {
    client?.connect();
    return () => client?.close();
  }, [client]);

  if (client === undefined) {
    return (
      <SignIn
        done={(identity) => {
          remember("agent", identity);
          setAgent(identity);
        }}
      />
    );
  }
  return (
    <Desk
      client={client}
      signOut={
        fixed === undefined
          ? () => {
              forget("agent");
              setAgent(undefined);
            }
          : undefined
      }
    />
  );
}

const page = document.getElementById("page");
if (page !== null) {
  render(<AgentPage />, page);
}
