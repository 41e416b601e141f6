import type { StorePaths } from "../files/store-paths.js";
import { KINDS_BESIDE } from "./items-text.js";
import { type DiscardedItems, readDiscarded } from "./queue/discarded-items.js";

/** Tells what of the outbox is thrown away meanwhile: it leaves the outbox as what is sent does. */
export interface Discards {
  /** From now on it counts. */
  restart(): void;
  /** @returns how much was thrown away of what waited for a destination since the last restart */
  since(destinationId: string): DiscardedItems;
}

/** Watches some destinations, from now on. What was thrown away is noted by `discardOutbox`, of whatever process. */
export function watchDiscards(paths: StorePaths, destinations: readonly { readonly id: string }[]): Discards {
  const noted = new Map<string, DiscardedItems>();
  const restart = (): void => {
    for (const { id } of destinations) noted.set(id, readDiscarded(paths, id));
  };
  restart();
  return {
    restart,
    since(id) {
      const [before, now] = [noted.get(id), readDiscarded(paths, id)];
      // A note that was lost meanwhile says nothing.
      const more = (from = 0, to = 0): number => Math.max(0, to - from);
      return {
        spans: more(before?.spans, now.spans),
        beside: Object.fromEntries(KINDS_BESIDE.map((kind) => [kind, more(before?.beside[kind], now.beside[kind])])),
      };
    },
  };
}
