/** Ctrl-C and SIGTERM while a command works. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** From here on the signals mean what they always mean. */
  readonly done: () => void;
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * The first signal asks the work to end, so that what happened so far is still recorded; a second one ends
 * looptrace at once.
 *
 * @param onFirst called with the first one, to say so
 */
export function onInterrupt(onFirst: () => void = () => undefined): Interrupt {
  const controller = new AbortController();
  const handle = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      done();
      process.kill(process.pid, signal);
      return;
    }
    onFirst();
    controller.abort(new Error(`interrupted by ${signal}`));
  };
  const done = (): void => {
    for (const signal of SIGNALS) process.off(signal, handle);
  };
  for (const signal of SIGNALS) process.on(signal, handle);
  return { signal: controller.signal, done };
}
