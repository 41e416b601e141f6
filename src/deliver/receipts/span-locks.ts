/**
 * Keeps two requests of a delivery that hold the same span from being under way at once: the second waits, and then
 * finds the span acknowledged. `TraceLocks` does so between deliveries.
 */
export interface SpanLocks {
  /** Waits until none of the keys is taken, and takes all. @returns gives them back */
  take(keys: readonly string[]): Promise<() => void>;
}

export function createSpanLocks(): SpanLocks {
  const taken = new Map<string, Promise<void>>();
  return {
    async take(keys) {
      for (;;) {
        const busy = keys.map((key) => taken.get(key)).find((held) => held !== undefined);
        if (busy === undefined) break;
        await busy;
      }
      let release = () => {};
      const held = new Promise<void>((resolve) => {
        release = resolve;
      });
      for (const key of keys) taken.set(key, held);
      return () => {
        for (const key of keys) taken.delete(key);
        release();
      };
    },
  };
}
