const shapes = {
  chat: "M5 4h14a2 2 0 0 1 2 2v8a2 2 0 0 1-2 2h-8l-6 5v-5a2 2 0 0 1-2-2V6a2 2 0 0 1 2-2Z",
  down: "m6 9.5 6 6 6-6",
  send: "m4 4 17 8-17 8 2-8zm2 8h6",
  settings: "M4 7h9m5 0h2M4 17h2m5 0h9M15.5 4.5v5m-7 5v5",
} as const;

export function Icon(shape: keyof typeof shapes) {
  return drawing(shapes[shape], shape === "chat" ? "icon full" : "icon");
}

/** A drawing of 24 by 24 in the colour of the text. */
export function drawing(path: string, classes = "icon") {
  return (
    <svg class={classes} viewBox="0 0 24 24" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}
