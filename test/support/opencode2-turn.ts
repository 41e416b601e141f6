import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProcessExit } from "../../src/opencode/program/spawn-opencode.js";
import type { DriveHooks } from "../../src/opencode/request/drive-request.js";
import type { Progress } from "../../src/opencode/request/progress.js";
import { checkRequest, type RunRequest } from "../../src/opencode/request/run-request.js";
import type { RunEvent } from "../../src/opencode/schema/run-event.js";
import { runOnServer, type ServedRun } from "../../src/opencode/server/served-run.js";
import type { RunningServer } from "../../src/opencode/server/start-server.js";
import { stopRequest } from "../../src/opencode/server/stop-request.js";
import { adapterOf2 } from "../../src/opencode/v2/server/adapter-of-2.js";
import { type Opencode2Server, type Opencode2ServerOptions, startOpencode2Server } from "./opencode2-server.js";
import { onTestFinished } from "./side-by-side.js";

/** A stand-in for a server of opencode 2, and what runs turns on it. */
export interface StandIn {
  readonly server: Opencode2Server;
  /** An empty folder, the server's project. */
  readonly directory: string;
  readonly running: RunningServer;
  /** How often it was stopped. */
  readonly stops: () => number;
  readonly run: (request?: Partial<RunRequest>, hooks?: TurnHooks) => Promise<TurnOnStandIn>;
}

export interface TurnHooks extends Pick<DriveHooks, "onServed" | "onSession" | "signal"> {
  readonly onProgress?: (progress: Progress) => void;
  readonly onEvent?: (event: RunEvent) => void;
  /** The agent that the generated configuration made. */
  readonly agent?: string;
}

export interface TurnOnStandIn extends ServedRun {
  readonly events: readonly RunEvent[];
}

/** Ended with the test. */
export async function standIn(options: Omit<Opencode2ServerOptions, "password"> = {}): Promise<StandIn> {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "opencode2-project-")));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const server = await startOpencode2Server({ password: "secret", directory, ...options });
  onTestFinished(() => server.close());
  let exit: ProcessExit | null = null;
  let end = (_how: ProcessExit): void => undefined;
  const ended = new Promise<ProcessExit>((resolve) => {
    end = (how) => {
      exit ??= how;
      resolve(exit);
    };
  });
  let stops = 0;
  const running: RunningServer = {
    connection: server.connection,
    generation: 2,
    version: Promise.resolve("2.0.26"),
    logPath: join(directory, "none.log"),
    get exit() {
      return exit;
    },
    ended,
    stop: async () => {
      stops += 1;
      await server.close();
      end({ kind: "signalled", signal: "SIGINT", by: "caller" });
      return await ended;
    },
  };
  return {
    server: {
      ...server,
      close: async () => {
        await server.close();
        end({ kind: "signalled", signal: "SIGKILL", by: "other" });
      },
    },
    directory,
    running,
    stops: () => stops,
    run: async (request = {}, hooks = {}) => {
      const checked = checkRequest({ message: "Go.", directory, ...request });
      const stop = stopRequest(checked.deadlineMs, hooks.signal);
      const events: RunEvent[] = [];
      const { agent = checked.agent, onEvent, ...told } = hooks;
      try {
        const run = await runOnServer(adapterOf2, {
          ...told,
          server: running,
          request: checked,
          agent,
          environment: {},
          startedAt: Date.now(),
          usable: Promise.resolve(),
          isShared: false,
          enter: async () => true,
          stop,
          logFrom: 0,
          runId: "run",
          onEvent: (event) => {
            events.push(event);
            onEvent?.(event);
          },
        });
        return { ...run, events };
      } finally {
        stop.forget();
      }
    },
  };
}
