import { useState } from "preact/hooks";
import { MAX_TOPIC_BYTES, NextupError, type VisitorClient } from "../../core/index.ts";
import type { Locale, VisitorTexts } from "../shared/texts.ts";
import { useQueues } from "./queues.ts";
import { waitInWords } from "./wait.ts";

interface Props {
  client: VisitorClient;
  token: () => string | Promise<string>;
  locale: Locale;
  texts: VisitorTexts;
}

/** Where to join: a department, one of its languages, and what it is about. */
export function JoinForm({ client, token, locale, texts }: Props) {
  const departments = client.connection.welcome?.departments ?? [];
  const queues = useQueues(token);
  const [chosenDepartment, setDepartment] = useState<string>();
  const [chosenLanguage, setLanguage] = useState<string>();
  const [topic, setTopic] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const department = departments.find((d) => d.id === chosenDepartment) ?? departments[0];
  const languages = department?.languages ?? [];
  const language = [chosenLanguage, locale, languages[0]].find((l) => l !== undefined && languages.includes(l));
  const queue = queues.find((q) => q.department === department?.id && q.language === language);

  async function join() {
    if (department === undefined || language === undefined) {
      return;
    }
    setBusy(true);
    setProblem(undefined);
    try {
      await client.join({ department: department.id, languages: [language], topic: topic.trim() });
    } catch (error) {
      const known = error instanceof NextupError && error.code !== undefined && texts.refusals[error.code];
      setProblem(known || (error instanceof Error ? error.message : String(error)));
    } finally {
      setBusy(false);
    }
  }

  return (
    <form
      class="join"
      data-testid="join-form"
      onSubmit={(event) => {
        event.preventDefault();
        void join();
      }}
    >
      <div>
        <h1>{texts.title}</h1>
        <p class="soft">{texts.lead}</p>
      </div>
      <fieldset>
        <legend class="legend">{texts.department}</legend>
        <div class="choices">
          {departments.map(({ id, name }) => (
            <label class="choice" key={id}>
              <input
                type="radio"
                name="department"
                data-testid={`department-${id}`}
                checked={id === department?.id}
                onChange={() => setDepartment(id)}
              />
              <span>{texts.departments[id] ?? name ?? id}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <fieldset>
        <legend class="legend">{texts.language}</legend>
        <div class="choices">
          {languages.map((tag) => (
            <label class="choice" key={tag}>
              <input
                type="radio"
                name="language"
                data-testid={`language-${tag}`}
                checked={tag === language}
                onChange={() => setLanguage(tag)}
              />
              <span lang={tag}>{ownName(tag)}</span>
            </label>
          ))}
        </div>
      </fieldset>
      <div class="field">
        <label for="topic">{texts.topic}</label>
        <input
          id="topic"
          data-testid="topic"
          placeholder={texts.topicHint}
          autoComplete="off"
          dir="auto"
          value={topic}
          onInput={(event) => setTopic(withinTopic(event.currentTarget.value))}
        />
      </div>
      {problem !== undefined && (
        <p class="notice bad" role="alert" data-testid="problem">
          {problem}
        </p>
      )}
      <div class="join-go">
        <button class="button primary" type="submit" data-testid="join" disabled={busy || language === undefined}>
          {busy ? texts.joining : texts.join}
        </button>
        {queue !== undefined && (
          <p class="soft" data-testid="expected-wait">
            {texts.expected(waitInWords(queue.wait, texts))}
          </p>
        )}
      </div>
    </form>
  );
}

/** What a language calls itself. */
function ownName(tag: string): string {
  try {
    return new Intl.DisplayNames([tag], { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag; // no tag that this browser knows
  }
}

/** Cuts a topic to what the protocol takes, between characters. */
function withinTopic(topic: string): string {
  const characters = Array.from(topic);
  while (new TextEncoder().encode(characters.join("")).length > MAX_TOPIC_BYTES) {
    characters.pop();
  }
  return characters.join("");
}
