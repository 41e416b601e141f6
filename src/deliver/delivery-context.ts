import { type Clock, steadyClock } from "../files/clock.js";
import { type StorePaths, storePaths } from "../files/store-paths.js";
import type { DeliveryProgress } from "./delivery-progress.js";
import type { Destination } from "./destinations/destination.js";
import { DEFAULT_TIMEOUT_MS, type SendOptions, send } from "./http/send.js";
import type { SendResult } from "./http/send-result.js";
import { ENDLESS_QUOTA, type Quota } from "./queue/quota.js";

/** Posts one request; `send` is the one that does. */
export type Sender = (destination: Destination, body: Uint8Array, options: SendOptions) => Promise<SendResult>;

/** How long a delivery may take, and where its files are. */
export interface DeliveryOptions {
  /** Default: the user's data folder. */
  readonly paths?: StorePaths | undefined;
  /** How long to try, in ms; the rest stays in the outbox. Default 10 s, or more where the destination may take it. */
  readonly budgetMs?: number | undefined;
  /** For one request, in ms. Default the destination's own, else 15 s; never more than is left of the budget. */
  readonly timeoutMs?: number | undefined;
  /** Requests under way at once to one destination. Default 4. */
  readonly concurrency?: number | undefined;
  /** Stops soon after it is aborted; what was not sent stays in the outbox. */
  readonly signal?: AbortSignal | undefined;
  /** Told what a delivery is at, for a person who waits; must not throw. */
  readonly onProgress?: ((progress: DeliveryProgress) => void) | undefined;
  /** Time and chance, for tests. */
  readonly clock?: Clock | undefined;
  /** Posts a request, for tests. */
  readonly send?: Sender | undefined;
}

/** What a delivery to one destination works with. */
export interface DeliveryContext {
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
  readonly storeOnly: boolean;
  /** What may still be stored. */
  readonly quota: Quota;
  readonly onProgress: (progress: DeliveryProgress) => void;
  /** What went wrong on this machine; one line for all failures of one kind. */
  readonly problems: Set<string>;
}

const DEFAULT_BUDGET_MS = 10_000;
const DEFAULT_CONCURRENCY = 4;

/** Fills in what the caller left open. */
export function deliveryContext(
  destination: Destination,
  options: DeliveryOptions,
  {
    force = false,
    storeOnly = false,
    quota = ENDLESS_QUOTA,
  }: Partial<Pick<DeliveryContext, "force" | "storeOnly" | "quota">> = {},
): DeliveryContext {
  const clock = options.clock ?? steadyClock();
  return {
    destination,
    paths: options.paths ?? storePaths(),
    clock,
    // A destination that may take longer to answer is meant to be waited for.
    deadlineMs: clock.now() + (options.budgetMs ?? Math.max(DEFAULT_BUDGET_MS, destination.timeoutMs ?? 0)),
    timeoutMs: options.timeoutMs ?? destination.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    concurrency: Math.max(1, Math.floor(options.concurrency ?? DEFAULT_CONCURRENCY)),
    signal: options.signal,
    send: options.send ?? send,
    force,
    storeOnly,
    quota,
    onProgress: options.onProgress ?? (() => undefined),
    problems: new Set(),
  };
}
