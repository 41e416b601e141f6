/** Time and chance, given in so that tests need neither. */
export interface Clock {
  /** ms since the epoch. */
  now(): number;
  /** Resolves after so many ms, or at once when the signal is aborted. Never rejects. */
  sleep(ms: number, signal: AbortSignal | undefined): Promise<void>;
  /** 0 ≤ x < 1. */
  random(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal?.addEventListener("abort", done);
    }),
  random: () => Math.random(),
};

/** A clock that begins with the system's and is not set with it: setting it back must not lengthen a budget. */
export function steadyClock(): Clock {
  const from = Date.now() - performance.now();
  return { ...systemClock, now: () => Math.round(from + performance.now()) };
}
