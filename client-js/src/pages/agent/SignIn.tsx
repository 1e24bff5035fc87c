import { useState } from "preact/hooks";
import { demoToken, type Identity } from "../shared/identity.ts";

const languages = [
  { tag: "en", name: "English" },
  { tag: "zh", name: "中文" },
  { tag: "es", name: "Español" },
  { tag: "ja", name: "日本語" },
  { tag: "ko", name: "한국어" },
];

/** Signs in as a demo agent: a name and the languages they speak. */
export function SignIn({ done }: { done: (identity: Identity) => void }) {
  const [name, setName] = useState("");
  const [spoken, setSpoken] = useState(["en"]);
  const [problem, setProblem] = useState<string>();

  async function signIn() {
    const identity = { sub: subjectOf(name), name: name.trim(), languages: spoken };
    try {
      await demoToken("agent", identity);
      done(identity);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
  }

  return (
    <main class="sign-in">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void signIn();
        }}
      >
        <span class="brand">
          <img src={new URL("../icon.svg", import.meta.url).href} alt="" width="28" height="28" />
          Nextup
        </span>
        <h1>Agent desk</h1>
        <div class="field">
          <label for="name">Your name</label>
          <input
            id="name"
            data-testid="sign-in-name"
            autoComplete="off"
            maxLength={32}
            required
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </div>
        <fieldset>
          <legend class="legend">Languages you speak</legend>
          <div class="choices">
            {languages.map(({ tag, name: own }) => (
              <label class="choice" key={tag}>
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
        {problem !== undefined && (
          <p class="notice bad" role="alert" data-testid="problem">
            {problem}
          </p>
        )}
        <button
          class="button primary"
          type="submit"
          data-testid="sign-in"
          disabled={name.trim() === "" || spoken.length === 0}
        >
          Sign in
        </button>
      </form>
    </main>
  );
}

/**
 * The same name is the same agent, so that an agent of the site file can be
 * signed in as; a name without Latin letters becomes its code points.
 */
function subjectOf(name: string): string {
  const plain = name.trim().toLowerCase();
  if (/^[a-z0-9][a-z0-9 _-]*$/.test(plain)) {
    return plain.replaceAll(" ", "-");
  }
  return `agent-${Array.from(plain, (c) => c.codePointAt(0)?.toString(36)).join("-")}`.slice(0, 64);
}
