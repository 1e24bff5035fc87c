import { define, type ChatEvents, type NextupChat } from "@nextup/client/widget";
import { useEffect, useRef, useState, type DetailedHTMLProps, type HTMLAttributes } from "react";
import { createRoot } from "react-dom/client";

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "nextup-chat": DetailedHTMLProps<HTMLAttributes<NextupChat>, NextupChat> & {
        gateway?: string;
        token?: NextupChat["token"];
        department?: string;
        locale?: string;
      };
    }
  }
}

define();

/** Asks this shop's own server who the visitor is. */
async function token(): Promise<string> {
  const answer = await fetch("/chat-token");
  return ((await answer.json()) as { token: string }).token;
}

/** A shop's page for the customer who is signed in, by their number. */
function Shop({ customer, signOut }: { customer: string | undefined; signOut: () => void }) {
  const chat = useRef<NextupChat>(null);
  const [place, setPlace] = useState<number>();
  useEffect(() => {
    const element = chat.current;
    const listen = (event: Event) => setPlace((event as CustomEvent<ChatEvents["nextup-ticket"]>).detail?.position);
    element?.addEventListener("nextup-ticket", listen);
    return () => element?.removeEventListener("nextup-ticket", listen);
  }, []);
  // Another customer, or none, on the same page: the chat must not go on with the one before.
  const known = useRef(customer);
  useEffect(() => {
    if (customer !== known.current) {
      known.current = customer;
      if (customer === undefined) {
        chat.current?.logout();
      } else {
        chat.current?.identify(token);
      }
    }
  }, [customer]);
  return (
    <main>
      <h1>A React shop</h1>
      <p>{place === undefined ? "You are not in line." : `You are number ${place} in line.`}</p>
      <button
        type="button"
        onClick={() => {
          if (chat.current !== null) {
            chat.current.open = true;
          }
        }}
      >
        I need help
      </button>
      {customer !== undefined && (
        <button type="button" onClick={signOut}>
          Sign out
        </button>
      )}
      <nextup-chat ref={chat} gateway={import.meta.env["VITE_GATEWAY"] ?? "http://127.0.0.1:8080"} token={token} />
    </main>
  );
}

/** In your own app the customer comes from wherever it knows who is signed in. */
function Page() {
  const [customer, setCustomer] = useState<string | undefined>("1001");
  return <Shop customer={customer} signOut={() => setCustomer(undefined)} />;
}

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(<Page />);
}
