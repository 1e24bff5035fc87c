/** One of a few, as a row of pills. */
export function choice<ID extends string>(
  name: string,
  legend: string,
  options: readonly { id: ID; label: string; lang?: string }[],
  chosen: string | undefined,
  choose: (id: ID) => void,
) {
  return (
    <fieldset>
      <legend>{legend}</legend>
      <div class="choices">
        {options.map(({ id, label, lang }) => (
          <label class="choice" key={id}>
            <input
              type="radio"
              name={name}
              data-testid={`${name}-${id}`}
              checked={id === chosen}
              onChange={() => choose(id)}
            />
            <span lang={lang}>{label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}
