import type { StoppedBy } from "../program/spawn-opencode.js";

/** Tells a run on a server to stop: at its deadline, or when its caller asks. */
export interface StopRequest {
  readonly signal: AbortSignal;
  /** Who it was; undefined while the run may go on. */
  readonly by: Exclude<StoppedBy, "other"> | undefined;
  /** Stops waiting for it. */
  forget(): void;
}

/** Beyond this a timer of Node fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * The end of a run, from its first moment on: what a server needs to start, and to find a session, counts too.
 *
 * @param deadlineMs how long the run may take from now on, ms; `Infinity` for ever
 */
export function stopRequest(deadlineMs: number, caller: AbortSignal | undefined): StopRequest {
  const ending = new AbortController();
  let by: StopRequest["by"];
  const end = (who: NonNullable<StopRequest["by"]>): void => {
    by ??= who;
    ending.abort(new Error(by === "deadline" ? "the deadline of the run is over" : "the caller ended the run"));
  };
  const timer = deadlineMs <= LONGEST_TIMER_MS ? setTimeout(() => end("deadline"), Math.max(1, deadlineMs)) : undefined;
  const onAbort = (): void => end("caller");
  caller?.addEventListener("abort", onAbort, { once: true });
  if (caller?.aborted) onAbort();
  return {
    signal: ending.signal,
    get by() {
      return by;
    },
    forget: () => {
      clearTimeout(timer);
      caller?.removeEventListener("abort", onAbort);
    },
  };
}
