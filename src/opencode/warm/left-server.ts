import { setTimeout as sleep } from "node:timers/promises";
import type { Generation } from "../program/generation.js";
import type { ProcessExit } from "../program/spawn-opencode.js";
import type { ServerConnection } from "../server/connection.js";
import type { RunningServer } from "../server/start-server.js";
import { isOwnProcess, type ProcessMark } from "./process-start.js";

export interface LeftServerFacts {
  readonly connection: ServerConnection;
  readonly generation: Generation;
  readonly version: Promise<string | null>;
  readonly logPath: string;
  readonly process: ProcessMark;
  /** Has it ended as soon as no other run uses it. */
  readonly stop: () => Promise<void>;
}

/** How it ended only its parent would know, and that is no more. */
const GONE: ProcessExit = { kind: "signalled", signal: "SIGKILL", by: "other" };
const POLL_MS = 100;

/** A server that is no child of this process, in the words of one that is. */
export function leftServer({ process, stop, ...facts }: LeftServerFacts): RunningServer {
  let exit: ProcessExit | null = null;
  let ended: Promise<ProcessExit> | undefined;
  const look = (): ProcessExit | null => {
    if (exit === null && !isOwnProcess(process)) exit = GONE;
    return exit;
  };
  const wait = async (): Promise<ProcessExit> => {
    for (;;) {
      const now = look();
      if (now !== null) return now;
      await sleep(POLL_MS, undefined, { ref: false });
    }
  };
  return {
    ...facts,
    get exit() {
      return look();
    },
    get ended() {
      ended ??= wait();
      return ended;
    },
    stop: async () => {
      await stop();
      // Others may use it still; for this run it is over.
      exit ??= GONE;
      return exit;
    },
  };
}
