import { useEffect, useState } from "preact/hooks";
import { isBlank } from "../../core/index.ts";
import { roleOf } from "../../dom/token.ts";
import { isDemo, subjectOf, tokenOf, type Identity } from "./identity.ts";
import { onSubmit } from "../../dom/submission.ts";

const languages = [
  { tag: "en", name: "English" },
  { tag: "zh", name: "中文" },
  { tag: "es", name: "Español" },
  { tag: "ja", name: "日本語" },
  { tag: "ko", name: "한국어" },
];

interface Props {
  done: (identity: Identity) => void;
}

/** Signs in with a token, or, on a gateway in demo mode, with a name. */
export function SignIn({ done }: Props) {
  const [demo, setDemo] = useState<boolean>();
  useEffect(() => {
    let here = true;
    void isDemo().then((answer) => here && setDemo(answer));
    return () => {
      here = false;
    };
  }, []);
  return (
    <main class="sign-in">
      <div class="sign-in-card">
        <span class="brand">
          <img src={new URL("../icon.svg", import.meta.url).href} alt="" width="32" height="32" />
          Nextup
        </span>
        <h1>Agent desk</h1>
        {demo === true && <Demo done={done} />}
        {demo === false && <Token done={done} />}
        {demo === true && (
          <details>
            <summary>Sign in with a token</summary>
            <Token done={done} />
          </details>
        )}
      </div>
    </main>
  );
}

function Token({ done }: Props) {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState<string>();
  function signIn(): void {
    const role = roleOf(token.trim());
    if (role === undefined) {
      setProblem("That is not a token: it has three parts with dots between, and a role among its claims.");
    } else if (role === "visitor") {
      setProblem("That is a visitor’s token. The desk is for agents and supervisors.");
    } else {
      done({ kind: "token", token: token.trim(), role });
    }
  }
  return (
    <form
      {...onSubmit(signIn)}
    >
      <label class="field">
        Token
        <textarea
          rows={3}
          data-testid="sign-in-token"
          autoComplete="off"
          spellcheck={false}
          placeholder="eyJhbGciOi…"
          value={token}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
      </label>
      {problem !== undefined && (
        <p class="notice bad" role="alert" data-testid="problem">
          {problem}
        </p>
      )}
      <button class="button primary" type="submit" data-testid="sign-in-with-token" disabled={token.trim() === ""}>
        Sign in
      </button>
    </form>
  );
}

function Demo({ done }: Props) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<"agent" | "supervisor">("agent");
  const [spoken, setSpoken] = useState(["en"]);
  const [problem, setProblem] = useState<string>();

  async function signIn(): Promise<void> {
    const identity: Identity = { kind: "demo", role, sub: subjectOf(name), name: name.trim(), languages: spoken };
    try {
      await tokenOf(identity);
      done(identity);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }

  return (
    <form
      {...onSubmit(() => void signIn())}
    >
      <label class="field">
        Your name
        <input
          data-testid="sign-in-name"
          autoComplete="off"
          maxLength={32}
          required
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <fieldset class="segments">
        <legend>You are</legend>
        <div>
          {(["agent", "supervisor"] as const).map((choice) => (
            <label key={choice}>
              <input type="radio" name="role" data-testid={`sign-in-as-${choice}`} checked={role === choice} onChange={() => setRole(choice)} />
              <span>{choice === "agent" ? "An agent" : "A supervisor"}</span>
            </label>
          ))}
        </div>
      </fieldset>
      {role === "agent" && (
        <fieldset>
          <legend>Languages you speak</legend>
          <div class="languages">
            {languages.map(({ tag, name: own }) => (
              <label key={tag}>
                <input
                  type="checkbox"
                  data-testid={`sign-in-${tag}`}
                  checked={spoken.includes(tag)}
                  onChange={(event) => {
                    const { checked } = event.currentTarget;
                    setSpoken((now) => (checked ? [...now, tag] : now.filter((t) => t !== tag)));
                  }}
                />
                <span lang={tag}>{own}</span>
              </label>
            ))}
          </div>
        </fieldset>
      )}
      {problem !== undefined && (
        <p class="notice bad" role="alert" data-testid="problem">
          {problem}
        </p>
      )}
      <button class="button primary" type="submit" data-testid="sign-in" disabled={isBlank(name) || spoken.length === 0}>
        Sign in
      </button>
    </form>
  );
}
