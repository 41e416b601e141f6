import { type Clock, systemClock } from "../files/clock.js";
import { type StorePaths, storePaths } from "../files/store-paths.js";
import type { DeliveryProgress } from "./delivery-progress.js";
import type { Destination } from "./destinations/destination.js";
import { DEFAULT_TIMEOUT_MS, send } from "./http/send.js";
import { ENDLESS_ROOM, type OutboxRoom } from "./queue/outbox-room.js";
import type { RunContext, Sender } from "./run-context.js";

export interface DeliveryOptions {
  /** Default: the user's data folder. */
  readonly paths?: StorePaths;
  /** How long to try, in ms; what is left then stays in the outbox. Default 10 s, or more where the destination may take longer. */
  readonly budgetMs?: number;
  /** For one request, in ms. Default the destination's own, else 15 s; never more than is left of the budget. */
  readonly timeoutMs?: number;
  /** Requests under way at once to one destination. Default 4. */
  readonly concurrency?: number;
  /** Stops soon after it is aborted; what was not sent stays in the outbox. */
  readonly signal?: AbortSignal;
  /** Told what a delivery is at, for a person who waits; must not throw. */
  readonly onProgress?: (progress: DeliveryProgress) => void;
  readonly clock?: Clock;
  readonly send?: Sender;
}

const DEFAULT_BUDGET_MS = 10_000;
const DEFAULT_CONCURRENCY = 4;

/** Fills in what the caller left open. */
export function createRunContext(
  destination: Destination,
  options: DeliveryOptions,
  {
    force = false,
    hold = false,
    room = ENDLESS_ROOM,
  }: { readonly force?: boolean; readonly hold?: boolean; readonly room?: OutboxRoom } = {},
): RunContext {
  const clock = options.clock ?? systemClock;
  return {
    destination,
    paths: options.paths ?? storePaths(),
    clock,
    // Who says how long an answer may take means to wait so long.
    deadlineMs: clock.now() + (options.budgetMs ?? Math.max(DEFAULT_BUDGET_MS, destination.timeoutMs ?? 0)),
    timeoutMs: options.timeoutMs ?? destination.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    concurrency: Math.max(1, Math.floor(options.concurrency ?? DEFAULT_CONCURRENCY)),
    signal: options.signal,
    send: options.send ?? send,
    force,
    hold,
    room,
    onProgress: options.onProgress ?? (() => undefined),
    problems: new Set(),
  };
}
