import type { DeliveryProgress } from "../deliver/delivery-progress.js";
import type { DestinationInfo } from "../deliver/destinations/destination.js";
import { itemCount } from "../deliver/items-text.js";
import { duration } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import { changingLine } from "./changing-line.js";
import type { Terminal } from "./terminal.js";

/** A delivery that takes longer is worth a line. */
const PATIENCE_MS = 700;

/**
 * Says on a terminal what a delivery is at when it takes its time, on one line that changes, and takes the
 * line away when it is over.
 *
 * @param destinations those that may be waited for; with none nothing is said
 * @param delivery what is waited for; as a function it can say how far it has come
 */
export async function whileWaiting<T>(
  terminal: Terminal,
  destinations: readonly DestinationInfo[],
  delivery: Promise<T> | ((onProgress: (progress: DeliveryProgress) => void) => Promise<T>),
): Promise<T> {
  const latest = new Map<string, Dated>();
  const onProgress = (progress: DeliveryProgress): void => {
    latest.set(progress.destination.id, { progress, atMs: Date.now() });
  };
  const waited = typeof delivery === "function" ? delivery(onProgress) : delivery;
  if (!terminal.errIsTty || destinations.length === 0) return waited;
  const startedAt = Date.now();
  const line = changingLine(terminal, () => {
    const now = Date.now();
    if (now - startedAt < PATIENCE_MS) return "";
    const parts = destinations.map((one) => deliveryState(one, latest.get(one.id), now));
    return `${duration(now - startedAt)}  ${parts.join("; ")}`;
  });
  try {
    return await waited;
  } finally {
    line.stop();
  }
}

/** What was told last of a destination, and when, in ms since the epoch. */
interface Dated {
  readonly progress: DeliveryProgress;
  readonly atMs: number;
}

/** @param now ms since the epoch */
function deliveryState(destination: DestinationInfo, last: Dated | undefined, now: number): string {
  const whom = oneLine(destination.label);
  if (last === undefined) return `delivering to ${whom}`;
  const { progress, atMs } = last;
  switch (progress.kind) {
    case "sending":
      return `delivering to ${whom}: ${itemCount(progress.items, progress.what, progress.done)}`;
    case "waiting": {
      const seconds = (ms: number): number => Math.max(0, Math.ceil((ms - (now - atMs)) / 1000));
      const next = `try ${progress.failures + 1} in ${seconds(progress.waitMs)}s`;
      // The reason names the host already, and it is what a narrow line must not lose.
      const last = Number.isFinite(progress.leftMs) ? `, the last within ${seconds(progress.leftMs)}s` : "";
      return `${next}${last}: ${oneLine(progress.reason)} (${whom})`;
    }
    case "queued":
      return `waiting for another looptrace that is delivering to ${whom}`;
    default:
      return progress satisfies never;
  }
}
