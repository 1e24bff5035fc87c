import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { IconButton } from "./Icon.tsx";

interface Props {
  title: string;
  close: () => void;
  children: ComponentChildren;
  testid?: string;
  wide?: boolean;
}

/** A modal: it holds the focus, Escape closes it, and the focus goes back where it was. */
export function Dialog({ title, close, children, testid, wide }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  // Before the next key: what is typed after a shortcut belongs to the dialog.
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    dialog.current?.querySelector<HTMLElement>("[data-focus]")?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) {
        before.focus();
      }
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class={wide === true ? "modal wide" : "modal"}
      aria-labelledby={id}
      data-testid={testid}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) {
          close(); // beside the box
        }
      }}
    >
      <div class="modal-box">
        <header>
          <h2 id={id}>{title}</h2>
          <IconButton icon="cross" label="Close" testid="dialog-close" onClick={close} />
        </header>
        {children}
      </div>
    </dialog>
  );
}
