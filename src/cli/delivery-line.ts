import type { DeliveryProgress } from "../deliver/delivery-progress.js";
import type { DestinationInfo } from "../deliver/destinations/destination.js";
import { itemCount } from "../deliver/items-text.js";
import { duration } from "../text/format.js";
import { oneLine } from "../text/terminal-text.js";
import { changingLine } from "./changing-line.js";
import { LONG_MS } from "./patient-line.js";
import type { Terminal } from "./terminal.js";

/** A delivery that takes longer is worth a line. */
const PATIENCE_MS = 700;
/** Of many deliveries one after the other, one line that stays is enough. */
const told = new WeakSet<Terminal>();

/**
 * Says on a terminal what a delivery is at when it takes its time, on one line that changes, and takes the
 * line away when it is over. Elsewhere a line says it once, where it takes long.
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
  if (destinations.length === 0) return waited;
  const state = (now: number): string =>
    destinations.map((one) => deliveryState(one, latest.get(one.id), now)).join("; ");
  const stop = terminal.errIsTty ? changing(terminal, state) : late(terminal, state);
  try {
    return await waited;
  } finally {
    stop();
  }
}

/** @param state what a delivery is at, by now: ms since the epoch */
function changing(terminal: Terminal, state: (now: number) => string): () => void {
  const startedAt = Date.now();
  const line = changingLine(terminal, () => {
    const now = Date.now();
    return now - startedAt < PATIENCE_MS ? "" : `${duration(now - startedAt)}  ${state(now)}`;
  });
  return line.stop;
}

function late(terminal: Terminal, state: (now: number) => string): () => void {
  const telling = setTimeout(() => {
    if (!told.has(terminal)) terminal.err(`looptrace: a delivery takes long: ${state(Date.now())} …\n`);
    told.add(terminal);
  }, LONG_MS);
  telling.unref();
  return () => clearTimeout(telling);
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
