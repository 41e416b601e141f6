/**
 * Lets one through alone, and the others when it has begun: the first start of an opencode makes or changes
 * its database, and a second one beside it fails over that.
 */
export interface FirstStart {
  /**
   * Waits until one has begun, or until none is trying to.
   *
   * @returns false when the signal was aborted meanwhile
   */
  enter(signal: AbortSignal | undefined): Promise<boolean>;
  /** It has begun: all may. */
  begun(): void;
  /** The one that was let through is over; where it never began, the next one is let through alone. */
  over(): void;
}

export function firstStart(): FirstStart {
  let isOpen = false;
  let isTried = false;
  let waiting: (() => void)[] = [];
  const wake = (): void => {
    const all = waiting;
    waiting = [];
    for (const one of all) one();
  };
  return {
    async enter(signal) {
      while (!isOpen && isTried && !signal?.aborted) {
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
          signal?.addEventListener("abort", () => resolve(), { once: true });
        });
      }
      if (signal?.aborted) return false;
      isTried = true;
      return true;
    },
    begun() {
      if (isOpen) return;
      isOpen = true;
      wake();
    },
    over() {
      if (isOpen) return;
      isTried = false;
      wake();
    },
  };
}
