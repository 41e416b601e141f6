import type { ProcessExit } from "../program/spawn-opencode.js";
import { hasTransactionNow } from "./file-locks.js";
import type { StartedServer } from "./start-server.js";

/** A server that has no processor while it is asked nothing. */
export interface RestingServer {
  /** Asks it; several may at a time. */
  awake<T>(ask: () => Promise<T>): Promise<T>;
  /** As that of the server. */
  stop(): Promise<ProcessExit>;
}

export interface RestingOptions {
  /** Sends a signal to the server and all that it started. @throws where they are gone */
  readonly signal?: (name: "SIGSTOP" | "SIGCONT") => void;
  /** Whether it keeps others from the database; undefined where that cannot be told. */
  readonly isInTransaction?: () => boolean | undefined;
}

/** What came of a question is done by then, and the next one is not there at once. */
const AFTER_MS = 300;
/**
 * A process that is told to stand still does so by the first of these, after which it is looked at twice: locks are told
 * in pieces, and one may be missed when others end meanwhile.
 */
const LOOKS_AFTER_MS = [50, 200] as const;
/** So often it is found in a transaction before it is left alone until it was asked something again. */
const TRIES = 10;

/**
 * Has a server stand still (SIGSTOP) while it is asked nothing: an opencode that only waits takes 6 to 18 ms of a
 * processor each second. It never stands still in a transaction, which would keep others from the database: where it
 * cannot be seen that it has none, as on other systems than Linux, it goes on.
 */
export function restingServer(
  server: Pick<StartedServer, "pid" | "stop">,
  {
    signal = (name) => void process.kill(-server.pid, name),
    isInTransaction = () => hasTransactionNow(server.pid),
  }: RestingOptions = {},
): RestingServer {
  let users = 0;
  let isStill = false;
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;

  const wait = (ms: number, then: () => void): void => {
    clearTimeout(timer);
    timer = setTimeout(then, ms);
    timer.unref();
  };
  const tell = (name: "SIGSTOP" | "SIGCONT"): void => {
    try {
      signal(name);
      isStill = name === "SIGSTOP";
    } catch {
      // It has ended, or is another's.
      isOver = true;
    }
  };
  const wake = (): void => {
    clearTimeout(timer);
    if (isStill) tell("SIGCONT");
  };
  const rest = (tries: number): void => {
    if (isOver || isInTransaction() === undefined) return;
    tell("SIGSTOP");
    if (isStill) check(tries, LOOKS_AFTER_MS);
  };
  const check = (tries: number, [afterMs, ...more]: readonly number[]): void => {
    if (afterMs === undefined) return;
    wait(afterMs, () => {
      if (isInTransaction() === false) return check(tries, more);
      wake();
      if (tries < TRIES) wait(AFTER_MS, () => rest(tries + 1));
    });
  };

  return {
    awake: async (ask) => {
      users += 1;
      wake();
      try {
        return await ask();
      } finally {
        users -= 1;
        if (users === 0 && !isOver) wait(AFTER_MS, () => rest(1));
      }
    },
    stop: async () => {
      isOver = true;
      wake();
      return await server.stop();
    },
  };
}
