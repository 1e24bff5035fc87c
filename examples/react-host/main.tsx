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

function Shop() {
  const chat = useRef<NextupChat>(null);
  const [place, setPlace] = useState<number>();
  useEffect(() => {
    const element = chat.current;
    const listen = (event: Event) => setPlace((event as CustomEvent<ChatEvents["nextup-ticket"]>).detail?.position);
    element?.addEventListener("nextup-ticket", listen);
    return () => element?.removeEventListener("nextup-ticket", listen);
  }, []);
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
      <nextup-chat ref={chat} gateway={import.meta.env["VITE_GATEWAY"] ?? "http://127.0.0.1:8080"} token={token} />
    </main>
  );
}

const root = document.getElementById("root");
if (root !== null) {
  createRoot(root).render(<Shop />);
}
