import { bytesBelow } from "../../files/bytes-below.js";
import type { StorePaths } from "../../files/store-paths.js";

/** What an outbox may hold by default: a destination that is down for weeks must not fill the disk. */
export const DEFAULT_OUTBOX_LIMIT_BYTES = 2_000_000_000;

/** From this share of the limit on there is a warning with every delivery. */
const WARN_FROM = 0.5;

/** How much more the outbox may hold; shared by all that one delivery stores. */
export interface Quota {
  /** Takes room for a request. @returns false when there is none left */
  take(bytes: number): boolean;
  /** What a person should know by now, one line; undefined while there is room enough. */
  warning(): string | undefined;
}

/** Measures the outbox of all destinations. One that cannot be read counts as empty: writing will tell. */
export async function outboxQuota(paths: StorePaths, limitBytes: number): Promise<Quota> {
  let used = (await bytesBelow(paths.outbox)) ?? 0;
  let refused = 0;
  return {
    take(bytes) {
      if (used + bytes > limitBytes) {
        refused += 1;
        return false;
      }
      used += bytes;
      return true;
    },
    warning() {
      const fill = `the outbox ${paths.outbox} holds ${inMegabytes(used)} of at most ${inMegabytes(limitBytes)} MB`;
      if (refused > 0) {
        return `${fill}: there is no room for more, so what could not be sent now is not stored. looptrace push delivers what waits, looptrace push --discard throws it away, the setting outboxLimitMb allows more`;
      }
      if (used < limitBytes * WARN_FROM) return undefined;
      return `${fill}. looptrace push --status shows what waits and why`;
    },
  };
}

/** Without a limit, for what only becomes less. */
export const ENDLESS_QUOTA: Quota = { take: () => true, warning: () => undefined };

function inMegabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 10e6 ? 1 : 0);
}
