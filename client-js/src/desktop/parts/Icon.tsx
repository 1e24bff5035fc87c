const paths = {
  search: "M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14Zm5 12 4 4",
  keyboard: "M4 7h16a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V8a1 1 0 0 1 1-1Zm2.5 3.5h.01M10 10.5h.01M13.5 10.5h.01M17 10.5h.01M8 14h8",
  sound: "M5 10v4h3l4 3.5V6.5L8 10H5Zm10-1a4 4 0 0 1 0 6m2.5-8.5a7.5 7.5 0 0 1 0 11",
  mute: "M5 10v4h3l4 3.5V6.5L8 10H5Zm10.5 0 4 4m0-4-4 4",
  leave: "M14 5H6a1 1 0 0 0-1 1v12a1 1 0 0 0 1 1h8m-4-7h10m-3.5-3.5L20 12l-3.5 3.5",
  transfer: "M4 8h14m-4-4 4 4-4 4M20 16H6m4-4-4 4 4 4",
  invite: "M10 5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7ZM4 19c.6-3.200 3-5 6-5s5.400 1.800 6 5m1.5-8.5v6m-3-3h6",
  close: "m5 12.5 4.5 4.5L19 7.5",
  cross: "m6 6 12 12M18 6 6 18",
  beside: "M5 5h14a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1Zm7 0v14",
  facts: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16Zm0 7v5m0-8.200v.2",
  send: "M4 12 20 5l-5 15-3.5-6L4 12Zm7.5 2L20 5",
  note: "M6 4h12a1 1 0 0 1 1 1v9l-5 5H6a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1Zm8 15v-5h5",
  star: "m12 4.5 2.300 4.800 5.200.7-3.800 3.600.9 5.200-4.600-2.5-4.600 2.5.9-5.200L4.5 10l5.200-.7L12 4.5Z",
  pause: "M8.5 6v12m7-12v12",
  play: "M8 5.5v13l10.5-6.5L8 5.5Z",
  eye: "M3 12c2.5-4.5 5.5-6.5 9-6.5s6.5 2 9 6.5c-2.5 4.5-5.5 6.5-9 6.5S5.5 16.5 3 12Zm9-2.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5Z",
  replies: "m13 3-8 11h6l-1 7 8-11h-6l1-7Z",
  clock: "M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16Zm0 3.5V12l3 2",
  away: "M4 4l16 16M9 5.300A8 8 0 0 1 18.700 15M6.300 6.300a8 8 0 0 0 11.400 11.400",
} as const;

export type IconName = keyof typeof paths;

/** A drawing beside words or a label with the same meaning. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="18" height="18" aria-hidden="true">
      <path d={paths[name]} fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  );
}

interface ButtonProps {
  icon: IconName;
  label: string;
  onClick: () => void;
  testid?: string;
  pressed?: boolean;
  disabled?: boolean;
  shortcut?: string;
}

/** A button that is an icon; its label is spoken and stands in the tip. */
export function IconButton({ icon, label, onClick, testid, pressed, disabled, shortcut }: ButtonProps) {
  return (
    <button
      class="icon-button"
      type="button"
      aria-label={label}
      title={shortcut === undefined ? label : `${label} (${shortcut})`}
      aria-pressed={pressed}
      disabled={disabled}
      data-testid={testid}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}
