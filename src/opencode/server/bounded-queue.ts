/** What waits to be taken, one after the other. */
export interface BoundedQueue<Item> {
  /** @returns settles when there is room for more; undefined where there is */
  readonly push: (item: Item) => void | Promise<void>;
  /** Waits for the next one. @returns undefined once the signal is aborted */
  readonly next: () => Promise<Item | undefined>;
}

/** @param most as many may wait before a producer has to, until half of them are taken */
export function boundedQueue<Item>(most: number, signal: AbortSignal): BoundedQueue<Item> {
  const items: Item[] = [];
  let wake = (): void => undefined;
  let drained = (): void => undefined;
  const letGo = (): void => {
    wake();
    drained();
  };
  signal.addEventListener("abort", letGo, { once: true });
  return {
    push: (item) => {
      items.push(item);
      wake();
      if (items.length < most) return undefined;
      return new Promise((resolve) => {
        drained = resolve;
      });
    },
    next: async () => {
      while (!signal.aborted) {
        const item = items.shift();
        if (items.length < most / 2) drained();
        if (item !== undefined) return item;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      return undefined;
    },
  };
}
