import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";

/**
 * Where what is new stands: below the list, so that nothing that comes moves a
 * conversation. It grows upwards; while nothing may move it does not shrink.
 */
export function Dock({ still, children }: { still: boolean; children: ComponentChildren }) {
  const dock = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    dock.current?.style.setProperty("min-height", still ? `${dock.current.offsetHeight}px` : "0");
  });
  return (
    <div class="dock" ref={dock}>
      {children}
    </div>
  );
}
