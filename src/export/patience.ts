import type { DestinationReport } from "../deliver/delivery-report.js";
import type { Clock } from "../files/clock.js";

/** A destination that has just kept a delivery waiting is left alone for so long. */
const LEFT_ALONE_MS = 30_000;

/** Which destinations are left alone for a while, so that one that is down does not keep every delivery waiting. */
export interface Patience {
  /** Ids of those that are left alone now. @param atWork also by what has time, since its turn is at work */
  leftAlone(atWork?: boolean): ReadonlySet<string>;
  /** Learns from deliveries. @param reports of destinations that were asked */
  learn(reports: readonly DestinationReport[], atWork?: boolean): void;
}

export function createPatience(clock: Pick<Clock, "now">): Patience {
  // By a destination's id, since when it is left alone, ms since the epoch.
  const all = new Map<string, number>();
  const byTurns = new Map<string, number>();
  return {
    leftAlone(atWork = false) {
      const now = clock.now();
      const times = [...all, ...(atWork ? byTurns : [])];
      // A clock may have been set back.
      return new Set(times.flatMap(([id, at]) => (now >= at && now < at + LEFT_ALONE_MS ? [id] : [])));
    },
    learn(reports, atWork = false) {
      for (const { destination, acknowledged, pending, rejected } of reports) {
        // One that takes spans is well, whatever becomes of files.
        if (pending.spans > 0) (atWork ? byTurns : all).set(destination.id, clock.now());
        // Where nothing was sent, nothing is known.
        else if (acknowledged + rejected > 0) for (const times of [all, byTurns]) times.delete(destination.id);
      }
    },
  };
}
