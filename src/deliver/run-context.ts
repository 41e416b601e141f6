import type { Clock } from "../files/clock.js";
import type { StorePaths } from "../files/store-paths.js";
import type { DeliveryProgress } from "./delivery-progress.js";
import type { Destination } from "./destinations/destination.js";
import type { SendOptions } from "./http/send.js";
import type { SendResult } from "./http/send-result.js";
import type { OutboxRoom } from "./queue/outbox-room.js";

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
