/**
 * What a form does when it is sent. It does not wait for its submission, which a
 * sandboxed frame forbids without a word: the press of its submit button counts,
 * and Enter in one of its fields is such a press.
 */
export function onSubmit(act: (form: Element) => void) {
  return {
    onClick: (event: Event) => {
      const { target, currentTarget } = event;
      if (target instanceof Element && currentTarget instanceof Element && target.closest("[type=submit]") !== null) {
        event.preventDefault();
        act(currentTarget);
      }
    },
    onSubmit: (event: Event) => event.preventDefault(),
  };
}
