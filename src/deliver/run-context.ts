import type { Clock } from "./clock.js";
import type { DeliveryProgress } from "./delivery-progress.js";
import type { Destination } from "./destination.js";
import type { OutboxRoom } from "./outbox-room.js";
import type { SendOptions } from "./send.js";
import type { SendResult } from "./send-result.js";
import type { StorePaths } from "./store-paths.js";

/** Posts one request; `send` is the one that does. */
export type Sender = (
  destination: Destination,
  body: Uint8Array,
  options: SendOptions,
) => Promise<SendResult>;

/** What a delivery to one destination works with. */
export interface RunContext {
  readonly destination: Destination;
  readonly paths: StorePaths;
  readonly clock: Clock;
  /** ms since the epoch; nothing is sent from then on. */
  readonly deadlineMs: number;
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly signal: AbortSignal | undefined;
  readonly send: Sender;
  /** Send also what was acknowledged earlier. */
  readonly force: boolean;
  /** Send nothing: store what is given. */
  readonly hold: boolean;
  /** What may still be stored. */
  readonly room: OutboxRoom;
  readonly onProgress: (progress: DeliveryProgress) => void;
  /** What went wrong on this machine; one line for all failures of one kind. */
  readonly problems: Set<string>;
}
