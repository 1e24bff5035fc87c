import { isOn, setOn } from "./settings.ts";

const setting = "nextup.desk.sound";

/** Reports whether an offer makes a sound. */
export function soundOn(): boolean {
  return isOn(setting);
}

export function setSound(on: boolean): void {
  setOn(setting, on);
}

let context: AudioContext | undefined;

/** Two soft notes; nothing where the browser does not let a page sound yet. */
export function chime(): void {
  if (!soundOn() || typeof AudioContext === "undefined") {
    return;
  }
  context ??= new AudioContext();
  void context.resume().then(() => {
    note(784, 0);
    note(1_047, 0.14);
  });
}

function note(frequency: number, after: number): void {
  if (context === undefined) {
    return;
  }
  const begin = context.currentTime + after;
  const voice = context.createOscillator();
  const volume = context.createGain();
  voice.frequency.value = frequency;
  volume.gain.setValueAtTime(0, begin);
  volume.gain.linearRampToValueAtTime(0.16, begin + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.001, begin + 0.5);
  voice.connect(volume).connect(context.destination);
  voice.start(begin);
  voice.stop(begin + 0.55);
}
