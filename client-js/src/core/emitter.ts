/** Emitter delivers typed events to listeners, in the order they were added. */
export class Emitter<Events extends object> {
  readonly #listeners = new Map<keyof Events, Set<(value: never) => void>>();

  /** Calls listener at every event of the kind until the returned function is called. */
  on<K extends keyof Events>(kind: K, listener: (value: Events[K]) => void): () => void {
    const listeners = this.#listeners.get(kind) ?? new Set();
    this.#listeners.set(kind, listeners);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  protected emit<K extends keyof Events>(kind: K, value: Events[K]): void {
    // A copy: a listener that is added meanwhile hears the next event first.
    for (const listener of Array.from(this.#listeners.get(kind) ?? [])) {
      try {
        (listener as (value: Events[K]) => void)(value);
      } catch (error) {
        // A listener's fault is its owner's: it must not stop the connection.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
