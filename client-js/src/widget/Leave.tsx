import type { Texts } from "./texts.ts";
import type { Controller } from "./controller.ts";

/** Leaving takes two presses: a place in line is worth an accident's guard. */
export function leave(controller: Controller, texts: Texts, label: string) {
  if (!controller.state.leaving) {
    return (
      <button type="button" class="on-hero" key="leave" data-testid="leave" onClick={() => controller.set(controller.state, { leaving: true })}>
        {label}
      </button>
    );
  }
  return (
    <span class="leave-asked" role="group" key="sure">
      <button
        type="button"
        class="on-hero strong"
        data-testid="leave-sure"
        ref={(button) => button?.focus()}
        onClick={() => {
          controller.set(controller.state, { leaving: false });
          void controller.state.client?.leave().catch(() => undefined); // refused, it changes nothing: the next view shows what is
        }}
      >
        {label}
      </button>
      <button type="button" class="on-hero" onClick={() => controller.set(controller.state, { leaving: false })}>
        {texts.stay}
      </button>
    </span>
  );
}
