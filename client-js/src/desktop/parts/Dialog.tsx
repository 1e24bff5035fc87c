import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { isText, useKeeper } from "./focus.ts";
import { IconButton } from "./Icon.tsx";

interface Props {
  title: string;
  close: () => void;
  children: ComponentChildren;
  testid?: string;
  wide?: boolean;
}

/**
 * A modal: it holds the focus and Escape closes it. The focus goes back where it
 * was when the dialog was closed by hand; one that goes by itself leaves the
 * focus where no key is a command.
 */
export function Dialog({ title, close, children, testid, wide }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  /** How a person closed it: put away, or sent. */
  const closedBy = useRef<"away" | "sent" | undefined>(undefined);
  const keeper = useKeeper();
  const id = useId();
  // Before the next key: what is typed after a shortcut belongs to the dialog.
  useLayoutEffect(() => {
    const { current } = dialog;
    const before = document.activeElement;
    current?.showModal();
    current?.querySelector<HTMLElement>("[data-focus]")?.focus();
    return () => {
      const writing = isText(document.activeElement);
      current?.close(); // nothing beside an open modal can take the focus
      if (closedBy.current !== undefined && before instanceof HTMLElement && before.isConnected) {
        before.focus();
      } else {
        keeper?.park();
      }
      if (writing && closedBy.current !== "away") {
        keeper?.hold(); // the hand may still be writing
      }
    };
  }, []);
  const put = () => {
    closedBy.current = "away";
    close();
  };
  return (
    <dialog
      ref={dialog}
      tabIndex={-1}
      class={wide === true ? "modal wide" : "modal"}
      aria-labelledby={id}
      data-testid={testid}
      onCancel={(event) => {
        event.preventDefault();
        put();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) {
          put(); // beside the box
        }
      }}
      onClickCapture={({ target }) => {
        if (target instanceof Element && target.closest("[type=submit]") !== null) {
          closedBy.current = "sent"; // by Enter in a field as well, which presses that button
        }
      }}
      onInputCapture={() => {
        closedBy.current = undefined; // the person writes on after sending it
      }}
    >
      <div class="modal-box">
        <header>
          <h2 id={id}>{title}</h2>
          <IconButton icon="cross" label="Close" testid="dialog-close" onClick={put} />
        </header>
        {children}
      </div>
    </dialog>
  );
}
