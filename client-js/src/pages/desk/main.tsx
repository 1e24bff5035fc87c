import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { mountDesk } from "../../desktop/index.ts";
import { roleOf } from "../../dom/token.ts";
import { tokenFromAddress } from "../shared/identity.ts";
import { keepIdentity, recalled, socketAddress, tokenOf, type Identity } from "./identity.ts";
import { SignIn } from "./SignIn.tsx";

/** Returns the identity of the token in the address, which holds over a reload, or the one before. */
function arrived(): Identity | undefined {
  const token = tokenFromAddress();
  const role = token === undefined ? undefined : roleOf(token);
  if (token !== undefined && (role === "agent" || role === "supervisor")) {
    const identity: Identity = { kind: "token", token, role };
    keepIdentity(identity);
    return identity;
  }
  return recalled();
}

const first = arrived();

function Page() {
  const [identity, setIdentity] = useState(first);
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (identity === undefined || place.current === null) {
      return undefined;
    }
    return mountDesk(place.current, {
      url: socketAddress(),
      http: new URL("./", location.href).href,
      token: () => tokenOf(identity),
      role: identity.role,
      signOut: () => {
        keepIdentity(undefined);
        setIdentity(undefined);
      },
    });
  }, [identity]);
  return identity === undefined ? (
    <SignIn
      done={(who) => {
        keepIdentity(who);
        setIdentity(who);
      }}
    />
  ) : (
    <div class="desk-place" ref={place} />
  );
}

const page = document.getElementById("page");
if (page !== null) {
  render(<Page />, page);
}
