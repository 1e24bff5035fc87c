import { warn } from "./report.ts";

/**
 * Attention calls back a visitor that looks elsewhere: by two notes, the page's
 * title, and a notification where the visitor has allowed it.
 */
export class Attention {
  readonly #sounds: () => boolean;
  #audio: AudioContext | undefined;
  #title: string | undefined;
  #shown: Notification | undefined;
  #stop = new AbortController();

  /** sounds reports whether the visitor wants to hear anything. */
  constructor(sounds: () => boolean) {
    this.#sounds = sounds;
  }

  /** Call it while the visitor presses a button: browsers let only such pages sound later. */
  unlock(): void {
    try {
      this.#audio ??= new AudioContext();
      void this.#audio.resume().catch(() => undefined);
    } catch {
      // no audio on this machine
    }
  }

  /** Sounds, and while the page is hidden shows title in the page's title and a notification. */
  call(title: string, body: string): void {
    this.chime();
    if (document.visibilityState === "visible") {
      return;
    }
    this.#announce(title);
    if (typeof Notification !== "undefined" && Notification.permission === "granted") {
      try {
        this.#shown = new Notification(title, { body, tag: "nextup" });
        this.#shown.onclick = () => {
          window.focus();
          this.quiet();
        };
      } catch {
        warn("this browser shows notifications only from a service worker");
      }
    }
  }

  chime(): void {
    const audio = this.#audio;
    if (!this.#sounds() || audio?.state !== "running") {
      return;
    }
    for (const [i, hertz] of [659.3, 880].entries()) {
      const at = audio.currentTime + i * 0.16;
      const tone = new OscillatorNode(audio, { frequency: hertz });
      const volume = new GainNode(audio, { gain: 0 });
      volume.gain.setValueAtTime(0, at);
      volume.gain.linearRampToValueAtTime(0.12, at + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.5);
      tone.connect(volume).connect(audio.destination);
      tone.start(at);
      tone.stop(at + 0.55);
    }
  }

  #announce(text: string): void {
    this.#title ??= document.title;
    document.title = `● ${text} · ${this.#title}`;
    this.#stop.abort();
    this.#stop = new AbortController();
    document.addEventListener("visibilitychange", () => this.quiet(), { signal: this.#stop.signal });
  }

  /** Gives the page its title back, and takes the notification away. */
  quiet(): void {
    this.#stop.abort();
    this.#shown?.close();
    if (this.#title !== undefined) {
      document.title = this.#title;
      this.#title = undefined;
    }
  }

  close(): void {
    this.quiet();
    void this.#audio?.close().catch(() => undefined);
    this.#audio = undefined;
  }
}
