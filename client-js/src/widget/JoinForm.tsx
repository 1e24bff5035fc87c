import { MAX_TOPIC_BYTES } from "../core/index.ts";
import { choice } from "./Choice.tsx";
import { missing } from "./config.ts";
import type { Texts } from "./texts.ts";
import type { Controller } from "./controller.ts";
import { languageName, formatWait, truncate } from "./format.ts";
import { onSubmit } from "../dom/submission.ts";

/** Where to join: a department, one of its languages, what it is about, and how long that would take. */
export function joinForm(controller: Controller, texts: Texts) {
  const { client, config, form } = controller.state;
  const welcome = client?.connection.welcome;
  const departments = welcome?.departments ?? [];
  const urgencies = welcome?.urgencies ?? [];
  const department = departments.find((d) => d.id === (form.department ?? config.department)) ?? departments[0];
  const languages = department?.languages ?? [];
  const wanted = [form.language ?? config.language ?? [], controller.state.locale, config.locales].flat();
  const language = spoken(wanted, languages) ?? languages[0];
  const topic = form.topic ?? config.topic ?? "";
  const urgency = form.urgency ?? config.urgency ?? "";
  const join = async () => {
    if (client !== undefined && department !== undefined && language !== undefined) {
      controller.attention?.unlock();
      await client.join({
        department: department.id,
        languages: [language],
        topic: topic.trim(),
        urgency,
        languageRequired: config.languageRequired,
      });
    }
  };

  return (
    <form
      class="join"
      data-testid="join-form"
      {...onSubmit(() => void controller.submit(form, texts, join))}
    >
      {missing(config, departments) && (
        <p class="notice" role="alert">
          {texts.unknownQueue}
        </p>
      )}
      {departments.length > 1 &&
        choice(
          "department",
          texts.department,
          departments.map(({ id, name }) => ({ id, label: name ?? id })),
          department?.id,
          (id) => controller.set(form, { department: id }),
        )}
      {languages.length > 1 &&
        choice(
          "language",
          texts.language,
          languages.map((id) => ({ id, label: languageName(id), lang: id })),
          language,
          (id) => controller.set(form, { language: id }),
        )}
      {department !== undefined && (
        <>
          <label class="field">
            <span>{texts.topic}</span>
            <input
              data-testid="topic"
              placeholder={texts.topicHint}
              autocomplete="off"
              list="topics"
              dir="auto"
              value={topic}
              onInput={(event) => controller.set(form, { topic: truncate(event.currentTarget.value, MAX_TOPIC_BYTES) })}
            />
            <datalist id="topics">
              {welcome?.topics?.map((known) => (
                <option key={known} value={known} />
              ))}
            </datalist>
          </label>
          {urgencies.length > 0 &&
            choice(
              "urgency",
              texts.urgency,
              [{ id: "", label: texts.notUrgent }, ...urgencies.map((id) => ({ id, label: id }))],
              urgency,
              (id) => controller.set(form, { urgency: id }),
            )}
          {form.problem && (
            <p class="notice bad" role="alert" data-testid="problem">
              {form.problem}
            </p>
          )}
          <div class="join-go">
            {estimate(controller, texts, department.id, language)}
            <button class="button primary" type="submit" data-testid="join">
              {form.busy ? texts.joining : texts.join}
            </button>
          </div>
        </>
      )}
    </form>
  );
}

/** What joining now would mean; nothing where that is not known. */
function estimate({ queues }: Controller, texts: Texts, department: string, language: string | undefined) {
  const queue = queues.find((q) => q.department === department && q.language === language);
  const free = queue !== undefined && queue.agents_with_room > 0 && queue.size === 0;
  return (
    <p class={free ? "estimate free" : "estimate"}>
      {queue && (
        <span data-testid="expected-wait">
          {queue.unattended === true ? texts.nobody : free ? texts.freeNow : texts.expected(formatWait(queue.wait, texts))}
        </span>
      )}
      {queue && !free && <span class="soft">{texts.inLine(queue.size)}</span>}
    </p>
  );
}

function languageOf(tag: string): string {
  return tag.toLowerCase().replace(/-.*/, "");
}

/** The first wanted tag that is spoken, as written or by its language alone. */
function spoken(wanted: readonly string[], known: readonly string[]): string | undefined {
  const matches = wanted.map((tag) => known.find((k) => k === tag) ?? known.find((k) => languageOf(k) === languageOf(tag)));
  return matches.find((match) => match !== undefined);
}
